import { readFile } from "node:fs/promises";
import { type Library, readLibrary } from "./library.js";

/**
 * What opens libraries: those that were linked, or any, while the component is initialized. Their sources are in
 * `shared-libs/libdl` and `shared-libs/dlopen`.
 */
export type Dlopen = "linked" | "init";

const LIBDL: Readonly<Record<Dlopen, URL>> = {
  linked: new URL("../../shared-libs/libdl/libdl.so", import.meta.url),
  init: new URL("../../shared-libs/dlopen/libdl.so", import.meta.url),
};
const NAME = "libdl.so";

const FUNCTIONS = ["dlopen", "dlsym", "dlclose", "dlerror"];

/**
 * Adds our libdl where someone opens libraries. One that is given stays if it knows a table to look names up in, or an interface to
 * ask; wasi-libc's own says of every library that it cannot be opened.
 */
export async function withLibdl(libraries: readonly Library[], dlopen: Dlopen): Promise<Library[]> {
  const isWanted = libraries.some(
    ({ functions, dylink, functionAddresses }) =>
      dylink.needed.includes(NAME) || [...functions, ...functionAddresses].some(({ name }) => FUNCTIONS.includes(name)),
  );
  const isThere = libraries.some((library) => library.definedFunctions.has("dlopen") && canOpen(library));
  if (!isWanted || isThere) return [...libraries];
  const ours = readLibrary({ name: NAME, bytes: await readFile(LIBDL[dlopen]) });
  return [...libraries.filter(({ name }) => name !== NAME), ours];
}

function canOpen({ linkerGlobals, definedFunctions, outside }: Library): boolean {
  return (
    definedFunctions.has("__wasm_set_libraries") ||
    linkerGlobals.some(({ name }) => /_libraries$/.test(name)) ||
    outside.some(({ module }) => module.startsWith("component-init:dlopen/"))
  );
}
