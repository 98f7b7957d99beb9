import { setImmediate } from "node:timers/promises";
import type { Call } from "./call03.js";

/** What Node's timers can wait. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/**
 * What the host waits for without blocking the guest's thread: operations that take real time. While there are any, a
 * guest that waits is not stuck, and its waits for the clock take their time as well.
 */
export class RealTime {
  #operations = 0;
  #waits = 0;
  #isOver = false;
  /** Those who give others time, by their calls: one that ends says nothing to the others. */
  readonly #passing = new Map<Call, () => void>();
  #change: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  /** Whether something may still happen by itself. */
  get isPassing(): boolean {
    return this.#operations + this.#waits > 0;
  }

  async during<T>(operation: Promise<T>): Promise<T> {
    this.#operations++;
    try {
      return await operation;
    } finally {
      this.#operations--;
      if (this.#operations === 0) this.#wakeAll();
      this.#tell();
    }
  }

  /** Waits until one of the operations or waits has ended. */
  change(): Promise<void> {
    if (this.#change === undefined) {
      let resolve = () => {};
      const promise = new Promise<void>((onChange) => {
        resolve = onChange;
      });
      this.#change = { promise, resolve };
    }
    return this.#change.promise;
  }

  /** Gives what is under way so much time, and no more when nothing is. */
  async pass(milliseconds: number, call: Call): Promise<void> {
    this.#waits++;
    const end = performance.now() + milliseconds;
    try {
      for (;;) {
        // The guest may start something else before it waits for this.
        await setImmediate();
        const left = end - performance.now();
        if (this.#isOver || call.isCancelled || this.#operations === 0 || left <= 0) return;
        await this.#sleep(Math.min(left, LONGEST_WAIT_MS), call);
      }
    } finally {
      this.#waits--;
      this.#tell();
    }
  }

  /** For who has cancelled a wait. */
  wake(call: Call): void {
    this.#passing.get(call)?.();
  }

  /** The guest has ended, and waits for nothing. */
  end(): void {
    this.#isOver = true;
    this.#wakeAll();
    this.#tell();
  }

  async #sleep(milliseconds: number, call: Call): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      // Rounded up, or the last fraction of a millisecond would be spent spinning.
      timer = setTimeout(resolve, Math.ceil(milliseconds));
      this.#passing.set(call, resolve);
    });
    clearTimeout(timer);
    this.#passing.delete(call);
  }

  #wakeAll(): void {
    for (const wake of this.#passing.values()) wake();
  }

  #tell(): void {
    this.#change?.resolve();
    this.#change = undefined;
  }
}
