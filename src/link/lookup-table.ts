import { alignUp, type MemoryLayout, type Placement, type Slots } from "./layout.js";
import type { Library } from "./library.js";

/** Sizes of the records, in bytes. */
const SYMBOL_SIZE = 12;
const ROOT_SIZE = 8;

/** A library with its symbols as they are sorted in the table. */
interface Entry {
  readonly library: Library;
  readonly symbols: readonly string[];
}

/** Which form a table has, and which libraries are in it. */
interface Form {
  readonly wanted: (library: Library) => boolean;
  /** The libraries' order in the table. */
  readonly order: (a: Entry, b: Entry) => number;
  /** Words behind a library's name and symbols. */
  readonly rest: (library: Library) => readonly number[];
}

const byName = (a: Entry, b: Entry) => compareBytes(a.library.name, b.library.name);

export const FORMS = {
  /** That of the libdl which wit-component has (`crates/wit-component/dl`): libraries that can be opened, by name. */
  __wasm_libdl_libraries: { wanted: ({ dlOpenable }) => dlOpenable, order: byName, rest: () => [] },
  /** Ours: all libraries in the order in which symbols are searched, and room for what libdl notes of each. */
  __component_init_libraries: {
    wanted: () => true,
    order: () => 0,
    rest: ({ dlOpenable }) => [dlOpenable ? 1 : 0, 0, 0],
  },
} satisfies Readonly<Record<string, Form>>;

export type TableName = keyof typeof FORMS;

/**
 * What libdl looks names up in, all little-endian words, the symbols of a library sorted by the bytes of their names:
 *
 *     Name { length, pointer }   Symbol { Name, address }   Library { Name, count, symbols, ... }   Libraries { count, libraries }
 */
export class LookupTable {
  readonly size: number;
  readonly #form: Form;
  readonly #entries: readonly Entry[];

  constructor(name: TableName, libraries: readonly Library[]) {
    this.#form = FORMS[name];
    const entries = libraries.filter((library) => this.#form.wanted(library)).map(entryOf);
    this.#entries = entries.toSorted(this.#form.order);
    this.size = this.#entries.reduce((sum, entry) => sum + sizeOf(entry, this.#form), ROOT_SIZE);
  }

  /** The bytes for an address, and the address of the root, which comes last. */
  encode(start: number, { placements }: MemoryLayout, slots: Slots): { bytes: Uint8Array; root: number } {
    const writer = new TableWriter(this.size, start);
    const records = this.#entries.map(({ library, symbols }) => {
      const addressOf = addresses(library, placements.get(library) as Placement, slots);
      const texts = symbols.map((symbol) => writer.text(symbol));
      const name = writer.text(library.name);
      const symbolsPointer = writer.address;
      symbols.forEach((symbol, i) => {
        const { length, pointer } = texts[i] as Text;
        writer.words(length, pointer, addressOf(symbol));
      });
      return [name.length, name.pointer, symbols.length, symbolsPointer, ...this.#form.rest(library)];
    });
    const librariesPointer = writer.address;
    for (const record of records) writer.words(...record);
    const root = writer.address;
    writer.words(records.length, librariesPointer);
    return { bytes: writer.bytes, root };
  }
}

function entryOf(library: Library): Entry {
  return { library, symbols: sortByBytes([...library.definedFunctions.keys(), ...library.definedData.keys()]) };
}

function sizeOf({ library, symbols }: Entry, { rest }: Form): number {
  const record = 4 * (4 + rest(library).length);
  const texts = symbols.reduce((sum, name) => sum + textSize(name), textSize(library.name));
  return record + texts + symbols.length * SYMBOL_SIZE;
}

function textSize(text: string): number {
  return alignUp(Buffer.byteLength(text), 4);
}

/** By the bytes of UTF-8: JavaScript's own order, which is much faster, but for halves of surrogate pairs. */
function sortByBytes(names: string[]): string[] {
  return names.some((name) => SURROGATE.test(name)) ? names.sort(compareBytes) : names.sort();
}

const SURROGATE = /[\ud800-\udfff]/;

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function addresses(library: Library, { memoryBase }: Placement, slots: Slots): (symbol: string) => number {
  return (symbol) => {
    const func = library.definedFunctions.get(symbol);
    return func === undefined ? memoryBase + (library.definedData.get(symbol) as number) : slots.of({ library, func });
  };
}

interface Text {
  /** In bytes. */
  readonly length: number;
  readonly pointer: number;
}

class TableWriter {
  readonly #bytes: Buffer;
  readonly #start: number;
  #position = 0;

  constructor(size: number, start: number) {
    this.#bytes = Buffer.alloc(size);
    this.#start = start;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get address(): number {
    return this.#start + this.#position;
  }

  text(text: string): Text {
    const pointer = this.address;
    const length = this.#bytes.write(text, this.#position);
    this.#position += alignUp(length, 4);
    return { length, pointer };
  }

  words(...values: readonly number[]): void {
    for (const value of values) {
      this.#position = this.#bytes.writeUInt32LE(value, this.#position);
    }
  }
}
