/** A place among others, which can be given up. */
export interface Place {
  leave(): void;
}

interface Entry<T> extends Place {
  readonly order: number;
  readonly item: T;
  at: number;
}

/** Things that wait, by the order that each was given: a binary heap. */
export class Ordered<T> {
  readonly #heap: Entry<T>[] = [];

  get first(): T | undefined {
    return this.#heap[0]?.item;
  }

  add(order: number, item: T): Place {
    const entry: Entry<T> = { order, item, at: this.#heap.length, leave: () => this.#remove(entry) };
    this.#heap.push(entry);
    this.#up(entry);
    return entry;
  }

  #remove(entry: Entry<T>): void {
    if (entry.at < 0) return;
    const last = this.#heap.pop() as Entry<T>;
    if (last !== entry) {
      this.#put(last, entry.at);
      this.#up(last);
      this.#down(last);
    }
    entry.at = -1;
  }

  #put(entry: Entry<T>, at: number): void {
    this.#heap[at] = entry;
    entry.at = at;
  }

  #swap(entry: Entry<T>, other: Entry<T>): void {
    const { at } = other;
    this.#put(other, entry.at);
    this.#put(entry, at);
  }

  #up(entry: Entry<T>): void {
    while (entry.at > 0) {
      const parent = this.#heap[(entry.at - 1) >> 1] as Entry<T>;
      if (parent.order <= entry.order) return;
      this.#swap(entry, parent);
    }
  }

  #down(entry: Entry<T>): void {
    for (;;) {
      const left = this.#heap[2 * entry.at + 1];
      const right = this.#heap[2 * entry.at + 2];
      const smaller = right !== undefined && left !== undefined && right.order < left.order ? right : left;
      if (smaller === undefined || smaller.order >= entry.order) return;
      this.#swap(entry, smaller);
    }
  }
}
