import { trap, trapIf } from "./trap.js";

/** CanonicalABI.md, `Table`: numbers are given out from 1 on, and the one that was freed last is the next. */
export class Table<T extends object> {
  static readonly MAX_LENGTH = 2 ** 28 - 1;

  readonly #array: (T | undefined)[] = [undefined];
  readonly #free: number[] = [];

  get(index: number): T {
    return this.#array[index] ?? trap(`unknown handle index ${index}`);
  }

  add(element: T): number {
    const freed = this.#free.pop();
    if (freed !== undefined) {
      this.#array[freed] = element;
      return freed;
    }
    trapIf(this.#array.length > Table.MAX_LENGTH, "table size exceeded");
    return this.#array.push(element) - 1;
  }

  remove(index: number): T {
    const element = this.get(index);
    this.#array[index] = undefined;
    this.#free.push(index);
    return element;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const element of this.#array) if (element !== undefined) yield element;
  }
}
