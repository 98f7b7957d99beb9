// @ts-check
// Writes dist/starling.wasm, the uninitialized generic runtime.
import { fileURLToPath } from "node:url";
import { buildRuntime } from "../lib.mjs";

console.log(await buildRuntime(fileURLToPath(new URL("dist/starling.wasm", import.meta.url))));
