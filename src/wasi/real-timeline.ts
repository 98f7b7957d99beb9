import { Timeline } from "./timeline.js";

const now = (): bigint => process.hrtime.bigint();

/** `Atomics.wait` takes milliseconds, and none of its waits has to be the last. */
const LONGEST_WAIT = 60_000;

/**
 * Real time, for who asks for it. The monotonic clock starts at 0 here as well. The wall clock is set once and then goes
 * with the monotonic one: a clock that someone sets meanwhile would move the guest's files and timers apart.
 */
export class RealTimeline extends Timeline {
  readonly #start = now();

  constructor() {
    super({ wallStart: BigInt(Date.now()) * 1_000_000n, monotonicStart: 0n, step: 1n });
  }

  override get monotonic(): bigint {
    return now() - this.#start;
  }

  /** Passes by itself. */
  override tick(): void {}

  override advanceTo(instant: bigint): void {
    const never = new Int32Array(new SharedArrayBuffer(4));
    for (let left: bigint; (left = instant - this.monotonic) > 0n; ) {
      // Rounded up, or the last fraction of a millisecond would be spent spinning.
      Atomics.wait(never, 0, 0, Math.min(LONGEST_WAIT, Number(left / 1_000_000n) + 1));
    }
  }
}
