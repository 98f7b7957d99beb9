import { readFile } from "node:fs/promises";
import { evaluateConstExpr, i32ConstExpr } from "../binary/const-expr.js";
import { alignUp, PAGE_SIZE } from "../link/layout.js";
import { sortByBytes, TableWriter, type Text, textSize } from "../link/table-writer.js";
import { decodeModule } from "../module/decode.js";
import type { CoreModule } from "../module/model.js";
import type { DataSegment } from "../module/segments.js";

/** A library as initialization left it, for who opens it and looks up its symbols afterwards. */
export interface LookupLibrary {
  readonly handle: number;
  /** What it can be opened by; the program is called "". */
  readonly names: readonly string[];
  /** Addresses. */
  readonly symbols: ReadonlyMap<string, number>;
  /** Where its symbols are looked for, as positions in the list: itself, and then what it needs. */
  readonly scope: readonly number[];
  readonly openCount: number;
  /** Its place in the order of what is global; 0 for none. */
  readonly globalSince: number;
  /** Whether it is there from the start. */
  readonly isProgram: boolean;
  /** Whether it stays when it is closed. */
  readonly isHeld: boolean;
}

/** All that initialization has left open. */
export interface LookupState {
  readonly libraries: readonly LookupLibrary[];
  /** The highest handle that was given out, of libraries that are gone, too. */
  readonly lastHandle: number;
}

const TEMPLATE = new URL("../../shared-libs/dlopen/lookup.wasm", import.meta.url);

/** The variable that leads to the table, and where the template's own memory ends. */
const ROOT = "component_init_root";
const HEAP_BASE = "__heap_base";

/** Sizes of the records of `lookup.c`, in bytes. */
const LIBRARY_SIZE = 44;
const NAME_SIZE = 8;
const SYMBOL_SIZE = 12;
const POINTER_SIZE = 4;
const ROOT_SIZE = 24;

/**
 * The core module that answers in the place of the host that opened the libraries.
 *
 * @param hasHost - whether there is one to ask for what is not in the table
 */
export async function lookupModule(state: LookupState, hasHost: boolean): Promise<CoreModule> {
  const module = decodeModule(await readFile(TEMPLATE)).copy();
  fill(module, state, hasHost);
  return module;
}

function fill(module: CoreModule, state: LookupState, hasHost: boolean): void {
  const start = alignUp(addressOf(module, HEAP_BASE), 16);
  const { bytes, root } = encodeTable(state, hasHost, start);
  const pointer = Buffer.alloc(POINTER_SIZE);
  pointer.writeUInt32LE(root);
  module.data = [...module.data, segment(start, bytes), segment(addressOf(module, ROOT), pointer)];
  const pages = BigInt(Math.ceil((start + bytes.length) / PAGE_SIZE));
  module.memories = module.memories.map((type) => ({ ...type, minimum: pages > type.minimum ? pages : type.minimum }));
}

function segment(address: number, bytes: Uint8Array): DataSegment {
  return { mode: { kind: "active", memory: 0, offset: i32ConstExpr(address) }, bytes };
}

function addressOf(module: CoreModule, name: string): number {
  const index = module.exports.find((one) => one.name === name)?.index;
  const global = index === undefined ? undefined : module.globals[index];
  const value = global && evaluateConstExpr(global.init);
  if (typeof value !== "number") throw new Error(`lookup.wasm does not export ${name}`);
  return value;
}

/** @returns the root's address, too: it comes last */
function encodeTable(
  { libraries, lastHandle }: LookupState,
  hasHost: boolean,
  start: number,
): { bytes: Uint8Array; root: number } {
  const sorted = libraries.map((library) => ({ ...library, sorted: sortByBytes([...library.symbols.keys()]) }));
  const sizes = sorted.map(
    ({ names, sorted: symbols, scope }) =>
      LIBRARY_SIZE +
      [...names, ...symbols].reduce((sum, text) => sum + textSize(text), 0) +
      names.length * NAME_SIZE +
      symbols.length * SYMBOL_SIZE +
      scope.length * POINTER_SIZE,
  );
  const size = sizes.reduce((sum, one) => sum + one, ROOT_SIZE);
  const writer = new TableWriter(size, start);
  const end = start + size;
  const records = end - ROOT_SIZE - libraries.length * LIBRARY_SIZE;
  const written = sorted.map(
    ({ handle, names, symbols, sorted: order, scope, openCount, globalSince, isProgram, isHeld }) => {
      const namesPointer = writeRecords(writer, names, ({ length, pointer }) => [length, pointer]);
      const symbolsPointer = writeRecords(writer, order, ({ length, pointer }, name) => [
        length,
        pointer,
        symbols.get(name) as number,
      ]);
      const scopePointer = writer.address;
      for (const position of scope) writer.words(records + position * LIBRARY_SIZE);
      const known = [handle, names.length, namesPointer, order.length, symbolsPointer, scope.length, scopePointer];
      return [...known, openCount, globalSince, isProgram ? 1 : 0, isHeld ? 1 : 0];
    },
  );
  for (const record of written) writer.words(...record);
  const root = writer.address;
  const lastGlobal = Math.max(0, ...libraries.map(({ globalSince }) => globalSince));
  writer.words(libraries.length, records, lastGlobal, end, lastHandle, hasHost ? 1 : 0);
  return { bytes: writer.bytes, root };
}

/** The texts, and then a record for each. @returns where the records are */
function writeRecords(
  writer: TableWriter,
  texts: readonly string[],
  record: (text: Text, name: string) => number[],
): number {
  const written = texts.map((text) => writer.text(text));
  const { address } = writer;
  texts.forEach((name, i) => {
    writer.words(...record(written[i] as Text, name));
  });
  return address;
}
