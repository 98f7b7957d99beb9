import type { MemoryLayout, Placement, Slots } from "./layout.js";
import type { Library } from "./library.js";
import { namesOf } from "./order.js";
import { compareBytes, sortByBytes, TableWriter, type Text, textSize } from "./table-writer.js";

/** Sizes of the records, in bytes. */
const SYMBOL_SIZE = 12;
const ROOT_SIZE = 8;

/** A library with its symbols as they are sorted in the table. */
interface Entry {
  readonly library: Library;
  readonly symbols: readonly string[];
  /** Positions in the table. */
  readonly needed: readonly number[];
}

/** Which form a table has, and which libraries are in it. */
interface Form {
  readonly wanted: (library: Library) => boolean;
  /** The libraries' order in the table. */
  readonly order: (a: Entry, b: Entry) => number;
  /** Whether a library's record ends with what it needs, and words that libdl notes things in. */
  readonly isLong: boolean;
}

const byName = (a: Entry, b: Entry) => compareBytes(a.library.name, b.library.name);

export const FORMS = {
  /** That of the libdl which wit-component has (`crates/wit-component/dl`): libraries that can be opened, by name. */
  __wasm_libdl_libraries: { wanted: ({ dlOpenable }) => dlOpenable, order: byName, isLong: false },
  /** Ours: all libraries in the order in which symbols are searched. */
  __component_init_libraries: { wanted: () => true, order: () => 0, isLong: true },
} satisfies Readonly<Record<string, Form>>;

export type TableName = keyof typeof FORMS;

/**
 * What libdl looks names up in, all little-endian words, the symbols of a library sorted by the bytes of their names:
 *
 *     Name { length, pointer }   Symbol { Name, address }   Library { Name, count, symbols, ... }   Libraries { count, libraries }
 *
 * A library of ours goes on with `count, needed`, which are numbers of libraries.
 */
export class LookupTable {
  readonly size: number;
  readonly #form: Form;
  readonly #entries: readonly Entry[];

  constructor(name: TableName, libraries: readonly Library[]) {
    this.#form = FORMS[name];
    const wanted = libraries.filter((library) => this.#form.wanted(library));
    const neededBy = this.#form.isLong ? neededIn(wanted) : () => [];
    const entries = wanted.map((library) => entryOf(library, neededBy(library)));
    this.#entries = entries.toSorted(this.#form.order);
    this.size = this.#entries.reduce((sum, entry) => sum + sizeOf(entry, this.#form), ROOT_SIZE);
  }

  /** The bytes for an address, and the address of the root, which comes last. */
  encode(start: number, { placements }: MemoryLayout, slots: Slots): { bytes: Uint8Array; root: number } {
    const writer = new TableWriter(this.size, start);
    const records = this.#entries.map(({ library, symbols, needed }) => {
      const addressOf = addresses(library, placements.get(library) as Placement, slots);
      const texts = symbols.map((symbol) => writer.text(symbol));
      const name = writer.text(library.name);
      const symbolsPointer = writer.address;
      symbols.forEach((symbol, i) => {
        const { length, pointer } = texts[i] as Text;
        writer.words(length, pointer, addressOf(symbol));
      });
      const neededPointer = writer.address;
      writer.words(...needed);
      const rest = [needed.length, neededPointer, library.dlOpenable ? 1 : 0, 0, 0];
      return [name.length, name.pointer, symbols.length, symbolsPointer, ...(this.#form.isLong ? rest : [])];
    });
    const librariesPointer = writer.address;
    for (const record of records) writer.words(...record);
    const root = writer.address;
    writer.words(records.length, librariesPointer);
    return { bytes: writer.bytes, root };
  }
}

/** For `dlsym`, which searches a library and what it needs breadth-first, as POSIX says. */
function neededIn(libraries: readonly Library[]): (library: Library) => number[] {
  const names = namesOf(libraries);
  const positions = new Map(libraries.map((library, i) => [library, i]));
  return (library) => {
    const found = new Set([library]);
    for (const one of found) for (const name of one.dylink.needed) found.add(names.get(name) as Library);
    return [...found].slice(1).map((one) => positions.get(one) as number);
  };
}

function entryOf(library: Library, needed: readonly number[]): Entry {
  return { library, symbols: sortByBytes([...library.definedFunctions.keys(), ...library.definedData.keys()]), needed };
}

function sizeOf({ library, symbols, needed }: Entry, { isLong }: Form): number {
  const record = 4 * ((isLong ? 9 : 4) + needed.length);
  const texts = symbols.reduce((sum, name) => sum + textSize(name), textSize(library.name));
  return record + texts + symbols.length * SYMBOL_SIZE;
}

function addresses(library: Library, { memoryBase }: Placement, slots: Slots): (symbol: string) => number {
  return (symbol) => {
    const func = library.definedFunctions.get(symbol);
    return func === undefined ? memoryBase + (library.definedData.get(symbol) as number) : slots.of({ library, func });
  };
}
