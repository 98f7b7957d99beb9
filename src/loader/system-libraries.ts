import { ComponentInitError } from "../errors.js";
import { inspectLibrary } from "../link/library.js";
import type { FoundFile } from "./source.js";

/** Libraries of wasi-libc: what they are called, and what one that is so called defines if it is one. */
const SYSTEM_LIBRARIES: readonly (readonly [name: RegExp, symbol: RegExp])[] = [
  [/^libc\./, /^malloc$/],
  [/^libdl\./, /^dlopen$/],
  [/^libsetjmp\./, /^__wasm_(set|long)jmp$/],
  [/^libwasi-emulated-[a-z-]+\./, /^(getpid|mmap|clock|times|signal|raise|__wasi_.*)$/],
];

export function isSystemName(name: string): boolean {
  return symbolOf(name) !== undefined;
}

function symbolOf(name: string): RegExp | undefined {
  return SYSTEM_LIBRARIES.find(([pattern]) => pattern.test(name))?.[1];
}

/** Larger ones are none, and would be read beside what may be opened. */
const MAX_SIZE = 2 ** 26;

/** Tells the libraries that a program of one core module has in itself, as musl's loader takes them for itself. */
export class SystemLibraries {
  /** By name: every library needs the first of them. */
  readonly #known = new Map<string, boolean>();

  has(name: string, { read, size }: FoundFile): boolean {
    if (size > MAX_SIZE) return false;
    const symbol = symbolOf(name);
    if (symbol === undefined) return false;
    const known = this.#known.get(name) ?? defines(read(), symbol);
    this.#known.set(name, known);
    return known;
  }
}

/** What is no library is told when it is opened. */
function defines(bytes: Uint8Array, symbol: RegExp): boolean {
  try {
    return [...inspectLibrary({ name: "", bytes }).library.definedFunctions.keys()].some((name) => symbol.test(name));
  } catch (error) {
    if (error instanceof ComponentInitError) return false;
    throw error;
  }
}
