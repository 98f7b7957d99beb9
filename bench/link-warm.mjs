// @ts-check
// What linking takes in a process that has linked before, as in a tool that calls the library:
//   node link-warm.mjs RUNS ADAPTER LIBRARY... [--dl-openable LIBRARY...]
// It prints the milliseconds of each run, in JSON.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { "dl-openable": { type: "string", multiple: true, default: [] } },
});
const [runs = "", adapterPath = "", ...linked] = positionals;
// Built by `npm run build`.
const { link } = await import(new URL("../dist/index.js", import.meta.url).href);
const adapter = new Uint8Array(await readFile(adapterPath));
/** @param {string} path @param {boolean} dlOpenable */
const read = async (path, dlOpenable) => ({
  name: basename(path),
  bytes: new Uint8Array(await readFile(path)),
  dlOpenable,
});

const times = [];
for (let run = -1; run < Number(runs); run++) {
  const libraries = await Promise.all([
    ...linked.map((path) => read(path, false)),
    ...values["dl-openable"].map((path) => read(path, true)),
  ]);
  const start = performance.now();
  await link(libraries, { adapters: { wasi_snapshot_preview1: adapter } });
  if (run >= 0) times.push(performance.now() - start);
}
console.log(JSON.stringify(times));
