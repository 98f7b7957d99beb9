import { DlError } from "../dlopen/interface.js";

/** The table entries of functions: one function has one address, whoever asks for it. */
export class TableSlots {
  readonly #slots = new Map<unknown, number>();
  #scanned = 0;
  /** Entries that belong to libraries, by the first of them: what others have there goes with the library. */
  readonly #reserved = new Map<number, number>();
  /** Entries of libraries that are gone. */
  #free: { readonly start: number; readonly count: number }[] = [];

  constructor(private readonly table: WebAssembly.Table) {}

  /**
   * The entry that a function has; a new one where it has none.
   *
   * @throws DlError
   */
  of(func: unknown): number {
    const known = this.find(func);
    if (known !== undefined) return known;
    const slot = this.#take(1, 1);
    this.set(slot, func);
    return slot;
  }

  /** The program may have put functions into its table since, and others into the place of known ones. */
  find(func: unknown): number | undefined {
    this.#scan();
    const known = this.#slots.get(func);
    if (known === undefined || this.table.get(known) === func) return known;
    this.#slots.clear();
    this.#scanned = 0;
    this.#scan();
    return this.#slots.get(func);
  }

  set(slot: number, func: unknown): void {
    this.table.set(slot, func);
    this.#slots.set(func, slot);
  }

  /**
   * Room for the entries of a library.
   *
   * @returns the first of them
   * @throws DlError when the table cannot grow so much
   */
  reserve(count: number, alignment: number): number {
    if (count === 0) return 0;
    const start = this.#take(count, alignment);
    this.#reserved.set(start, count);
    return start;
  }

  release(start: number, count: number): void {
    if (count === 0) return;
    this.#reserved.delete(start);
    for (let slot = start; slot < start + count; slot++) {
      const func = this.table.get(slot);
      if (this.#slots.get(func) === slot) this.#slots.delete(func);
      this.table.set(slot, null);
    }
    this.#free.push({ start, count });
  }

  #take(count: number, alignment: number): number {
    const fitting = this.#free.find(({ start, count: free }) => free >= count && start % alignment === 0);
    if (fitting === undefined) return this.#grow(count, alignment);
    const { start } = fitting;
    const rest = { start: start + count, count: fitting.count - count };
    this.#free = this.#free.flatMap((one) => (one !== fitting ? [one] : rest.count > 0 ? [rest] : []));
    return start;
  }

  #grow(count: number, alignment: number): number {
    const start = Math.ceil(this.table.length / alignment) * alignment;
    try {
      this.table.grow(start + count - this.table.length);
    } catch (cause) {
      throw new DlError(`the table cannot have ${count} more entries`, { cause });
    }
    return start;
  }

  #scan(): void {
    for (; this.#scanned < this.table.length; this.#scanned++) {
      const reserved = this.#reserved.get(this.#scanned);
      if (reserved === undefined) this.#note(this.#scanned);
      else this.#scanned += reserved - 1;
    }
  }

  #note(slot: number): void {
    const func = this.table.get(slot);
    if (func !== null && !this.#slots.has(func)) this.#slots.set(func, slot);
  }
}
