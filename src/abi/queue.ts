/** First in, first out. An array would move all that is in it whenever something is taken. */
export class Queue<T> {
  #items: T[] = [];
  #taken = 0;

  get isEmpty(): boolean {
    return this.#taken === this.#items.length;
  }

  add(item: T): void {
    this.#items.push(item);
  }

  take(): T | undefined {
    if (this.isEmpty) return undefined;
    const item = this.#items[this.#taken] as T;
    (this.#items as (T | undefined)[])[this.#taken++] = undefined;
    // Half of it is gone, so that each is moved once.
    if (this.#taken * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#taken);
      this.#taken = 0;
    }
    return item;
  }
}
