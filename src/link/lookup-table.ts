import { alignUp, type MemoryLayout, type Placement, type Slots } from "./layout.js";
import type { DefinedFunction, Library } from "./library.js";

const utf8 = new TextEncoder();

/** Sizes of the records, in bytes. */
const SYMBOL_SIZE = 12;
const ROOT_SIZE = 8;

interface Entry {
  readonly library: Library;
  readonly name: Uint8Array;
  readonly symbolNames: readonly Uint8Array[];
}

/** Which form a table has, and which libraries are in it. */
interface Form {
  readonly wanted: (library: Library) => boolean;
  /** The libraries' order in the table. */
  readonly order: (a: Entry, b: Entry) => number;
  /** Words behind a library's name and symbols. */
  readonly rest: (library: Library) => readonly number[];
}

const byName = (a: Entry, b: Entry) => Buffer.compare(a.name, b.name);

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
    const records = this.#entries.map(({ library, name }) => {
      const placement = placements.get(library) as Placement;
      const symbols = symbolsOf(library, placement, (func) => slots.of({ library, func }));
      const texts = symbols.map((symbol) => writer.text(symbol.name));
      const namePointer = writer.text(name);
      const symbolsPointer = writer.address;
      symbols.forEach((symbol, i) => {
        writer.words(symbol.name.length, texts[i] as number, symbol.address);
      });
      return [name.length, namePointer, symbols.length, symbolsPointer, ...this.#form.rest(library)];
    });
    const librariesPointer = writer.address;
    for (const record of records) writer.words(...record);
    const root = writer.address;
    writer.words(records.length, librariesPointer);
    return { bytes: writer.bytes, root };
  }
}

function entryOf(library: Library): Entry {
  const names = [...library.definedFunctions.keys(), ...library.definedData.keys()];
  return { library, name: utf8.encode(library.name), symbolNames: names.map((name) => utf8.encode(name)) };
}

function sizeOf({ library, name, symbolNames }: Entry, { rest }: Form): number {
  const record = 4 * (4 + rest(library).length);
  const texts = [name, ...symbolNames].reduce((sum, text) => sum + alignUp(text.length, 4), 0);
  return record + texts + symbolNames.length * SYMBOL_SIZE;
}

interface Symbol {
  readonly name: Uint8Array;
  readonly address: number;
}

function symbolsOf(
  { definedFunctions, definedData }: Library,
  { memoryBase }: Placement,
  slotOf: (func: DefinedFunction) => number,
): Symbol[] {
  const functions = [...definedFunctions.values()].map((func) => ({ name: func.name, address: slotOf(func) }));
  const data = [...definedData].map(([name, offset]) => ({ name, address: memoryBase + offset }));
  return [...functions, ...data]
    .map(({ name, address }) => ({ name: utf8.encode(name), address }))
    .sort((a, b) => Buffer.compare(a.name, b.name));
}

class TableWriter {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #start: number;
  #position = 0;

  constructor(size: number, start: number) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
    this.#start = start;
  }

  get address(): number {
    return this.#start + this.#position;
  }

  /** @returns its address */
  text(text: Uint8Array): number {
    const { address } = this;
    this.bytes.set(text, this.#position);
    this.#position += alignUp(text.length, 4);
    return address;
  }

  words(...values: readonly number[]): void {
    for (const value of values) {
      this.#view.setUint32(this.#position, value, true);
      this.#position += 4;
    }
  }
}
