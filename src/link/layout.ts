import { ComponentInitError } from "../errors.js";
import type { DefinedFunction, Library } from "./library.js";

export const PAGE_SIZE = 65536;

/** What the stack is aligned to (tool-conventions, BasicCABI.md). */
const STACK_ALIGNMENT = 16;

/** Where each library's data and table entries are. */
export interface Placement {
  readonly memoryBase: number;
  readonly tableBase: number;
}

/** The addresses that all libraries share: the stack comes first, so that it overflows into a trap. */
export interface MemoryLayout {
  /** It starts at 0, and the linker's own data is right behind it. */
  readonly stackSize: number;
  readonly placements: ReadonlyMap<Library, Placement>;
  readonly heapBase: number;
  readonly heapEnd: number;
  /** Right after the libraries' entries: from here on they are the linker's. */
  readonly tableEnd: number;
}

/**
 * @param linkerDataSize - bytes
 * @throws ComponentInitError `link-failed` when it is more than 4 GiB
 */
export function layOut(libraries: readonly Library[], stackSize: number, linkerDataSize: number): MemoryLayout {
  const placements = new Map<Library, Placement>();
  const stackEnd = alignUp(stackSize, STACK_ALIGNMENT);
  let memory = stackEnd + linkerDataSize;
  // Entry 0 is the null pointer.
  let table = 1;
  for (const library of libraries) {
    const { dylink } = library;
    memory = alignUp(memory, dylink.memory.alignment);
    table = alignUp(table, dylink.table.alignment);
    placements.set(library, { memoryBase: memory, tableBase: table });
    memory += dylink.memory.size;
    table += dylink.table.size;
    if (memory > 2 ** 32 - PAGE_SIZE || table >= 2 ** 32) failTooLarge(library);
  }
  const heapBase = alignUp(memory, STACK_ALIGNMENT);
  return {
    stackSize: stackEnd,
    placements,
    heapBase,
    heapEnd: alignUp(heapBase, PAGE_SIZE),
    tableEnd: table,
  };
}

function failTooLarge({ name }: Library): never {
  throw new ComponentInitError(
    "link-failed",
    `the libraries' data and the stack do not fit 4 GiB: ${name} is the first beyond`,
  );
}

export function alignUp(address: number, alignment: number): number {
  return Math.ceil(address / alignment) * alignment;
}

/** What has an entry in the table: a function whose address is wanted, or that is called before it is there. */
export type Slot = { readonly library: Library; readonly func: DefinedFunction } | { readonly stub: string };

/** One entry for one function, so that its address is the same for everyone. */
export class Slots {
  readonly list: Slot[] = [];
  readonly #functions = new Map<Library, Map<number, number>>();
  readonly #stubs = new Map<string, number>();

  /** @param start - the first free entry of the table */
  constructor(readonly start: number) {}

  /** The table index of a function, whichever of its names it is asked for. */
  of({ library, func }: { readonly library: Library; readonly func: DefinedFunction }): number {
    let known = this.#functions.get(library);
    if (known === undefined) this.#functions.set(library, (known = new Map()));
    return this.#find(known, func.index, () => ({ library, func }));
  }

  /** Of a function that nobody has: it traps. */
  ofStub(name: string): number {
    return this.#find(this.#stubs, name, () => ({ stub: name }));
  }

  get stubs(): string[] {
    return this.list.flatMap((slot) => ("stub" in slot ? [slot.stub] : []));
  }

  /** Those of a library's functions, as pairs of slot and function index. */
  entriesOf(library: Library): [slot: number, func: number][] {
    return [...(this.#functions.get(library) ?? [])].map(([func, slot]) => [slot, func]);
  }

  /** The first index after them. */
  get end(): number {
    return this.start + this.list.length;
  }

  #find<K>(known: Map<K, number>, key: K, make: () => Slot): number {
    let index = known.get(key);
    if (index === undefined) {
      index = this.start + this.list.push(make()) - 1;
      known.set(key, index);
    }
    return index;
  }
}
