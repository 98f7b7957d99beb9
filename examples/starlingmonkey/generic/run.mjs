// @ts-check
// Builds the runtime, pre-initializes it with the application in app/, serves the result, asks it once.
//
//   node run.mjs [--serve] [--uninitialized] [path]
//
//   --serve          stay up afterwards
//   --uninitialized  serve the runtime as it is: every request reads and evaluates the application first
//   path             what to ask for (/api/places/49999)
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildRuntime, runComponentInit, serve } from "../lib.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { serve: { type: "boolean" }, uninitialized: { type: "boolean" } },
});
/** @param {string} path */
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const runtime = await buildRuntime(here("dist/starling.wasm"));
let component = runtime;
/** @type {string[]} */
let options = [];
if (values.uninitialized) {
  // A handler without an engine makes one and evaluates ./index.js.
  options = ["--jco-import", here("preopen.mjs")];
} else {
  component = here("dist/app.wasm");
  const args = ["run", runtime, "-o", component, "--dir", `${here("app")}::/`, "-f", "wasi:cli/run"];
  await runComponentInit([...args, "--", "starling", "index.js"]);
}

const server = await serve(component, options);
try {
  const asked = performance.now();
  const response = await fetch(server.url + (positionals[0] ?? "/api/places/49999"));
  const text = await response.text();
  const took = performance.now() - asked;
  console.log(`${response.status} ${response.headers.get("content-type")}, ${took.toFixed(0)} ms\n${text.trimEnd()}`);
  if (positionals.length === 0) check(response.status, text);
  if (values.serve) {
    console.log(`${server.url}/ (Ctrl-C ends it)`);
    await server.closed;
  }
} finally {
  await server.close();
}

/**
 * The last entry of the table that the application built at its initialization.
 * @param {number} status
 * @param {string} text
 */
function check(status, text) {
  const { id, name, region } = JSON.parse(text);
  const right = status === 200 && id === 49_999 && name === "Garfenost" && region === "East";
  if (right) return;
  console.error("This is not the answer that was expected.");
  process.exitCode = 1;
}
