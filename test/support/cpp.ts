import { readFile } from "node:fs/promises";
import type { LibraryInput } from "../../src/link/library.js";
import { cLibrary, type World } from "./libraries.js";

const FLAGS = ["-nostdlib++", "-fwasm-exceptions", "-mllvm", "-wasm-use-legacy-eh=false", "-fexceptions"];

export const cppWorld = (more = ""): World => ({
  wit: `package test:cpp; world w {
    export init: func(); export run: func(how: s32) -> s32; export kept: func() -> s32;
    export destroyed: func() -> s32; export constructed: func() -> s32; ${more}
  }`,
  world: "w",
});

/** A library in C++, with exceptions, which the sysroot's own runtime is built without. */
export async function cppLibrary(name: string, file: string, world: Partial<World> = {}): Promise<LibraryInput> {
  const source = (path: string) => readFile(new URL(`cpp/${path}`, import.meta.url), "utf8");
  const files = { [file]: await source(file), "error.h": await source("error.h") };
  return cLibrary(name, files, { flags: FLAGS, ...world });
}
