/** Where virtual time starts and how it passes, in nanoseconds. */
export interface TimeSettings {
  /** The wall clock's first answer, since 1970-01-01T00:00:00Z. */
  readonly wallStart: bigint;
  /** The monotonic clock's first answer. */
  readonly monotonicStart: bigint;
  /** How far each look at a clock moves both. */
  readonly step: bigint;
}

/**
 * The monotonic clock starts at 0: hosts that run the initialized component start theirs there or later, and an
 * instant that initialization kept should not lie in the future by then.
 */
export const DEFAULT_TIME: TimeSettings = {
  wallStart: BigInt(Date.UTC(2025, 0, 1)) * 1_000_000n,
  monotonicStart: 0n,
  step: 1_000_000n,
};

const MAX_INSTANT = 2n ** 64n - 1n;

/**
 * The one virtual time behind both clocks. It passes only when the guest looks: a guest that spins until a deadline
 * gets there, and one that sleeps wakes at once. So nothing that the guest can see depends on real time.
 */
export class Timeline {
  readonly step: bigint;
  readonly #wallOffset: bigint;
  #monotonic: bigint;

  constructor(settings: TimeSettings) {
    this.step = settings.step;
    this.#monotonic = settings.monotonicStart;
    this.#wallOffset = settings.wallStart - settings.monotonicStart;
  }

  /** The current instant of the monotonic clock. Does not count as a look. */
  get monotonic(): bigint {
    return this.#monotonic;
  }

  /** The current instant of the wall clock. Does not count as a look. */
  get wall(): bigint {
    return this.monotonic + this.#wallOffset;
  }

  /** Passes one step, after a look. */
  tick(): void {
    this.advanceTo(this.after(this.step));
  }

  /** The instant a duration from now. An `instant` is a u64, and the guest may ask for a longer wait than fits. */
  after(duration: bigint): bigint {
    const instant = this.monotonic + duration;
    return instant > MAX_INSTANT ? MAX_INSTANT : instant;
  }

  advanceTo(instant: bigint): void {
    if (instant > this.#monotonic) this.#monotonic = instant;
  }
}
