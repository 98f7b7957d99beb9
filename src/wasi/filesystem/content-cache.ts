/** Contents of files that were read, so that reading in small pieces does not open the file for each. */
export class ContentCache {
  readonly #contents = new Map<object, Uint8Array>();
  readonly #capacity: number;
  #used = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: object): Uint8Array | undefined {
    const found = this.#contents.get(key);
    if (found !== undefined) {
      // A map iterates in insertion order: what was used last goes to the end, what is evicted is at the front.
      this.#contents.delete(key);
      this.#contents.set(key, found);
    }
    return found;
  }

  set(key: object, content: Uint8Array): void {
    this.#remove(key);
    this.#contents.set(key, content);
    this.#used += content.length;
    for (const oldest of this.#contents.keys()) {
      if (this.#used <= this.#capacity) break;
      this.#remove(oldest);
    }
  }

  #remove(key: object): void {
    this.#used -= this.#contents.get(key)?.length ?? 0;
    this.#contents.delete(key);
  }
}
