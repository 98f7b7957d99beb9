import { ComponentInitError } from "../errors.js";

/** What Node's timers can wait, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** Counts while the guest runs in another process: from within its own it cannot be interrupted. */
export class GuestTimer {
  readonly #onExpiry: () => void;
  #timer: NodeJS.Timeout | undefined;
  #last: NodeJS.Immediate | undefined;
  /** The limit that was exceeded, in milliseconds. */
  #expired: number | undefined;

  constructor(onExpiry: () => void) {
    this.#onExpiry = onExpiry;
  }

  start(milliseconds: number): void {
    this.stop();
    this.#timer = setTimeout(() => {
      // This process may have been stopped, and what came meanwhile is read first.
      this.#last = setImmediate(() => {
        this.#expired = milliseconds;
        this.#onExpiry();
      });
    }, milliseconds);
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#last);
  }

  /** @throws ComponentInitError `timeout` */
  check(): void {
    if (this.#expired === undefined) return;
    throw new ComponentInitError(
      "timeout",
      `initialization did not end within ${this.#expired / 1000} s: allow more with --timeout, or see with --trace ` +
        "FILE what it called last",
    );
  }
}

/** @throws ComponentInitError `invalid-option` */
export function checkTimeout(milliseconds: number): void {
  if (milliseconds > 0 && milliseconds <= LONGEST) return;
  const message = `timeout: ${milliseconds} is not a number of milliseconds up to ${LONGEST}`;
  throw new ComponentInitError("invalid-option", message);
}
