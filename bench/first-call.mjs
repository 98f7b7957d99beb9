// @ts-check
// The first call of the bound component in a process of its own.
//
//   node first-call.mjs DIRECTORY [--init]   < the engine's command line
//
//   DIRECTORY  what transpile (examples/starlingmonkey/lib.mjs) wrote
//   --init     the component is not initialized: do it in every instance, with the environment, the preopen `/`
//              and the contents of stdin in the JSON file given by the variable BENCH_INIT
//
// Prints { firstMs, nextMs }: compile, instantiate, (initialize,) call; and the same again with a fresh instance
// when the modules are compiled.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { boundInit, instantiator, shim } from "../examples/starlingmonkey/lib.mjs";

const [directory = "", init] = process.argv.slice(2);

const [{ _setEnv, _setStdin }, { _setPreopens }, { streams }] = await Promise.all([
  shim("cli"),
  shim("filesystem"),
  shim("io"),
]);
/** @type {{ env: Record<string, string>, sources: string, stdin: string } | undefined} */
const setup = init ? JSON.parse(process.env.BENCH_INIT ?? "") : undefined;
_setEnv(setup?.env ?? {});
_setPreopens(setup ? { "/": setup.sources } : {});

/** A stdin that holds the engine's command line. @param {string} text */
function stdinOf(text) {
  let rest = new TextEncoder().encode(text);
  const take = (/** @type {bigint} */ limit) => {
    if (rest.length === 0) throw { tag: "closed" };
    const part = rest.subarray(0, Number(limit));
    rest = rest.subarray(part.length);
    return part;
  };
  return Object.assign(Object.create(streams.InputStream.prototype), { read: take, blockingRead: take });
}

const audit = { recordEvent() {} };

async function call() {
  if (setup) _setStdin(stdinOf(readFileSync(setup.stdin, "utf8")));
  const start = performance.now();
  /** @type {(() => void) | undefined} */
  let initialize;
  const { catalog } = await instantiate((module, imports) => {
    const instance = new WebAssembly.Instance(module, imports);
    const f = instance.exports[boundInit];
    if (typeof f === "function") initialize = /** @type {() => void} */ (f);
    return instance;
  });
  if (setup) {
    assert.ok(initialize, `no core module exports ${boundInit}`);
    initialize();
  }
  const item = catalog.find("S04999");
  const took = performance.now() - start;
  assert.equal(item.price, 114);
  return took;
}

const instantiate = await instantiator(directory, { "example:shop/audit": audit });
const firstMs = await call();
const rest = [];
for (let i = 0; i < 5; i++) rest.push(await call());
const nextMs = rest.sort((a, b) => a - b)[2];
console.log(JSON.stringify({ firstMs, nextMs }));
// preview2-shim's worker would keep the process.
process.exit(0);
