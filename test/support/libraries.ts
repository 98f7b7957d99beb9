import { readFile } from "node:fs/promises";
import { componentEmbed } from "@bytecodealliance/jco-transpile/wasm-tools";
import * as tar from "tar";
import type { LibraryInput } from "../../src/link/library.js";
import { type LinkOptions, link } from "../../src/link/link.js";
import { compileC } from "./clang.js";
import { wat } from "./wat.js";

/** What wasm-ld needs to make dynamic libraries (tool-conventions, DynamicLinking.md). */
export const LIBRARY_FLAGS = [
  "--target=wasm32-wasip1",
  "-O2",
  "-g0",
  "-fPIC",
  "-shared",
  "-fvisibility=default",
  "-Wl,--allow-undefined",
] as const;

export interface World {
  readonly wit: string;
  readonly world: string;
}

/** A library in WAT, with the world that it is for. */
export async function watLibrary(
  name: string,
  text: string,
  { wit, world }: Partial<World> = {},
): Promise<LibraryInput> {
  const bytes = await wat(text);
  return { name, bytes: wit === undefined ? bytes : await embed(bytes, { wit, world: world as string }) };
}

/** A library in C. */
export async function cLibrary(
  name: string,
  source: string | Readonly<Record<string, string>>,
  { flags = [], ...world }: Partial<World> & { flags?: readonly string[] } = {},
): Promise<LibraryInput> {
  const files = typeof source === "string" ? { "library.c": source } : source;
  const bytes = await compileC(files, [...LIBRARY_FLAGS, ...flags]);
  return { name, bytes: world.wit === undefined ? bytes : await embed(bytes, world as World) };
}

async function embed(binary: Uint8Array, { wit: witSource, world }: World): Promise<Uint8Array> {
  return componentEmbed({ binary, witSource, world });
}

const RESOURCES = new URL("../../node_modules/@yowasp/clang/gen/llvm-resources.tar", import.meta.url);

/** A dynamic library of the compiler's sysroot: `libc.so`. */
export async function systemLibrary(name: string): Promise<LibraryInput> {
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    const parser = new tar.Parser();
    parser.on("entry", (entry) => {
      if (entry.path.endsWith(`/wasm32-wasip1/${name}`)) entry.on("data", (chunk: Buffer) => chunks.push(chunk));
      else entry.resume();
    });
    parser.on("end", () => resolve());
    parser.on("error", reject);
    readFile(RESOURCES).then((bytes) => parser.end(bytes), reject);
  });
  if (chunks.length === 0) throw new Error(`the compiler's sysroot has no ${name}`);
  return { name, bytes: new Uint8Array(Buffer.concat(chunks)) };
}

/** The adapter from WASI preview 1 that jco comes with. */
export async function preview1Adapter(): Promise<Uint8Array> {
  const path = "../../node_modules/@bytecodealliance/jco/lib/wasi_snapshot_preview1.reactor.wasm";
  return new Uint8Array(await readFile(new URL(path, import.meta.url)));
}

export async function linked(libraries: readonly LibraryInput[], options: LinkOptions = {}): Promise<Uint8Array> {
  const { chunks } = await link(libraries, options);
  return new Uint8Array(Buffer.concat(chunks));
}
