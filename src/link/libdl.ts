import { readFile } from "node:fs/promises";
import { type Library, readLibrary } from "./library.js";

/** Its source is `shared-libs/libdl/libdl.c`. */
const LIBDL = new URL("../../shared-libs/libdl/libdl.so", import.meta.url);
const NAME = "libdl.so";

const FUNCTIONS = ["dlopen", "dlsym", "dlclose", "dlerror"];

/**
 * Adds our libdl where someone opens libraries. One that is given stays if it knows a table to look names up in; wasi-libc's own
 * says of every library that it cannot be opened.
 */
export async function withLibdl(libraries: readonly Library[]): Promise<Library[]> {
  const isWanted = libraries.some(
    ({ functions, dylink, functionAddresses }) =>
      dylink.needed.includes(NAME) || [...functions, ...functionAddresses].some(({ name }) => FUNCTIONS.includes(name)),
  );
  const isThere = libraries.some((library) => library.definedFunctions.has("dlopen") && knowsTable(library));
  if (!isWanted || isThere) return [...libraries];
  const ours = readLibrary({ name: NAME, bytes: await readFile(LIBDL) });
  return [...libraries.filter(({ name }) => name !== NAME), ours];
}

function knowsTable({ linkerGlobals, definedFunctions }: Library): boolean {
  return definedFunctions.has("__wasm_set_libraries") || linkerGlobals.some(({ name }) => /_libraries$/.test(name));
}
