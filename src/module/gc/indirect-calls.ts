import { mapSubType } from "../map-types.js";
import type { SubType } from "../types.js";

interface ClosedTable {
  /** Types that live code calls the table's functions as. */
  readonly called: Set<string>;
  /** Functions that no such call can reach, by a type of theirs. */
  readonly waiting: Map<string, Set<number>>;
}

/**
 * Which functions in tables may be called. Of a table that nothing but calls of the module itself look into, those that
 * no call's type fits: such a call traps (core specification 4.6.13), whatever their bodies are.
 */
export class IndirectCalls {
  private readonly closed = new Map<number, ClosedTable>();
  private readonly opened = new Set<number>();
  /** Each type and its supertypes, as texts that are equal if the types are. */
  private readonly chains: (readonly string[])[] = [];

  constructor(private readonly types: readonly SubType[]) {}

  /**
   * @param type - of the function
   * @returns whether the function may be called already
   */
  addEntry(table: number, func: number, type: number): boolean {
    if (this.opened.has(table)) return true;
    const { called, waiting } = this.closedTable(table);
    const chain = this.chainOf(type);
    if (chain.some((key) => called.has(key))) return true;
    for (const key of chain) addTo(waiting, key, func);
    return false;
  }

  /** @returns functions that may be called from now on */
  addCall(table: number, type: number): Iterable<number> {
    if (this.opened.has(table)) return NONE;
    const { called, waiting } = this.closedTable(table);
    const key = this.chainOf(type)[0] as string;
    const found = waiting.get(key) ?? NONE;
    called.add(key);
    waiting.delete(key);
    return found;
  }

  /**
   * Something else than a call looks into the table.
   *
   * @returns functions that may be called from now on
   */
  open(table: number): Iterable<number> {
    if (this.opened.has(table)) return NONE;
    this.opened.add(table);
    const { waiting } = this.closedTable(table);
    this.closed.delete(table);
    return [...waiting.values()].flatMap((functions) => [...functions]);
  }

  private closedTable(index: number): ClosedTable {
    let table = this.closed.get(index);
    if (table === undefined) {
      table = { called: new Set(), waiting: new Map() };
      this.closed.set(index, table);
    }
    return table;
  }

  private chainOf(index: number): readonly string[] {
    const known = this.chains[index];
    if (known !== undefined) return known;
    const chain: string[] = [];
    // A supertype has a smaller index.
    for (let type = this.types[index]; type !== undefined; type = this.types[type.supertypes[0] ?? Infinity]) {
      chain.push(textOf(type));
    }
    this.chains[index] = chain;
    return chain;
  }
}

const NONE: ReadonlySet<number> = new Set();

/** Types may be equal under different indices, so a reference to a type passes for one to any other. */
function textOf(type: SubType): string {
  const { composite } = mapSubType(type, () => 0);
  return JSON.stringify(composite);
}

function addTo(sets: Map<string, Set<number>>, key: string, value: number): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([value]));
  else set.add(value);
}
