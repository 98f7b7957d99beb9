import { fail } from "./error-code.js";

/** What an entry counts, whatever it is: its node, its name, the target of a link. */
const ENTRY_COST = 4096;

/** What the guest may have written into memory by default. */
export const DEFAULT_WRITE_LIMIT = 1024 ** 3;

/** The memory for what the guest writes, in all mounts together. */
export class Space {
  readonly #limit: number;
  #used = 0;
  /** Whether more was wanted than there is. */
  wasExceeded = false;

  constructor(limit: number = DEFAULT_WRITE_LIMIT) {
    this.#limit = limit;
  }

  take(bytes: number): void {
    if (this.#used + bytes > this.#limit) {
      this.wasExceeded = true;
      fail("insufficient-space");
    }
    this.#used += bytes;
  }

  giveBack(bytes: number): void {
    this.#used -= bytes;
  }

  takeEntry(): void {
    this.take(ENTRY_COST);
  }

  giveBackEntry(): void {
    this.giveBack(ENTRY_COST);
  }
}
