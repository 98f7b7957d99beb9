/** The table entries of functions: one function has one address, whoever asks for it. */
export class TableSlots {
  readonly #slots = new Map<unknown, number>();
  #scanned = 0;
  /** Entries of libraries that are gone. */
  readonly #free: { start: number; count: number }[] = [];

  constructor(private readonly table: WebAssembly.Table) {}

  /** The entry that a function has; a new one where it has none. */
  of(func: unknown): number {
    const known = this.#find(func);
    if (known !== undefined) return known;
    const slot = this.reserve(1, 1);
    this.set(slot, func);
    return slot;
  }

  set(slot: number, func: unknown): void {
    this.table.set(slot, func);
    this.#slots.set(func, slot);
  }

  /**
   * Room for new entries.
   *
   * @returns the first of them
   * @throws RangeError when the table cannot grow so much
   */
  reserve(count: number, alignment: number): number {
    if (count === 0) return 0;
    const fitting = this.#free.find(({ start, count: free }) => free >= count && start % alignment === 0);
    if (fitting !== undefined) {
      const { start } = fitting;
      fitting.start += count;
      fitting.count -= count;
      return start;
    }
    const start = Math.ceil(this.table.length / alignment) * alignment;
    this.table.grow(start + count - this.table.length);
    return start;
  }

  release(start: number, count: number): void {
    if (count === 0) return;
    for (let i = start; i < start + count; i++) {
      this.#slots.delete(this.table.get(i));
      this.table.set(i, null);
    }
    this.#free.push({ start, count });
  }

  /** The program may have put functions into its table since, and others into the place of known ones. */
  #find(func: unknown): number | undefined {
    for (; this.#scanned < this.table.length; this.#scanned++) this.#note(this.#scanned);
    const known = this.#slots.get(func);
    if (known === undefined || this.table.get(known) === func) return known;
    this.#slots.clear();
    for (let i = 0; i < this.#scanned; i++) this.#note(i);
    return this.#slots.get(func);
  }

  #note(slot: number): void {
    const func = this.table.get(slot);
    if (func !== null && !this.#slots.has(func)) this.#slots.set(func, slot);
  }
}
