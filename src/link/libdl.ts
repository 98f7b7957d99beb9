import { readFile } from "node:fs/promises";
import { scanFunctionBody } from "../binary/instructions.js";
import { Opcode } from "../binary/opcodes.js";
import { ByteReader } from "../binary/reader.js";
import { importedCount } from "../module/index-spaces.js";
import { type DefinedFunction, type Library, readLibrary } from "./library.js";

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

const OPEN = "dlopen";
const FUNCTIONS = [OPEN, "dlsym", "dlclose", "dlerror"];

const LOOKING: ReadonlySet<number> = new Set([
  Opcode.loop,
  Opcode.callIndirect,
  Opcode.returnCallIndirect,
  Opcode.callRef,
  Opcode.returnCallRef,
]);

/**
 * Adds our libdl where someone opens libraries and nobody can: wasi-libc's says of every library that it cannot be opened, and gives way.
 */
export async function withLibdl(libraries: readonly Library[], dlopen: Dlopen): Promise<Library[]> {
  const isWanted = libraries.some(
    ({ functions, dylink, functionAddresses }) =>
      dylink.needed.includes(NAME) || [...functions, ...functionAddresses].some(({ name }) => FUNCTIONS.includes(name)),
  );
  const isThere = libraries.some((library) => library.definedFunctions.has(OPEN) && !opensNothing(library));
  if (!isWanted || isThere) return [...libraries];
  const ours = readLibrary({ name: NAME, bytes: await readFile(LIBDL[dlopen]) });
  return [...libraries.filter((library) => !isPlaceholder(library)), ours];
}

/** Whether a library has nothing but functions that open nothing. */
function isPlaceholder(library: Library): boolean {
  const names = [...library.definedFunctions.keys(), ...library.definedData.keys(), ...library.definedTags.keys()];
  return names.includes(OPEN) && names.every((name) => FUNCTIONS.includes(name)) && opensNothing(library);
}

/** Whether its `dlopen`, and what that calls, looks nothing up: it asks no other library, and goes through no list. */
function opensNothing({ module, definedFunctions }: Library): boolean {
  const imported = importedCount(module, "func");
  const called = new Set([(definedFunctions.get(OPEN) as DefinedFunction).index]);
  let looksUp = false;
  for (const func of called) {
    const body = module.code[func - imported];
    if (body === undefined) return false;
    scanFunctionBody(new ByteReader(body), ({ opcode, index }) => {
      if (opcode === Opcode.call || opcode === Opcode.returnCall) called.add(index);
      else if (LOOKING.has(opcode)) looksUp = true;
    });
  }
  return !looksUp;
}
