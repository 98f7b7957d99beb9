import type { Prng } from "../prng.js";

/** What can be wrong with a case: each must end in a trap, in every engine. */
export const FAULTS = [
  "pointer out of bounds",
  "length too large",
  "misaligned pointer",
  "return pointer out of bounds",
  "misaligned return pointer",
  "discriminant",
  "encoding",
  "char",
  "lent handle given away",
  "handle of another type",
  "unknown handle",
  "handle given away twice",
  "borrow kept",
  "borrow as own",
  "realloc misaligned",
  "realloc out of bounds",
  "left in realloc",
  "left in post-return",
  "unreachable",
] as const;

export type Fault = (typeof FAULTS)[number];

/** Puts one fault of a kind into a case, at a place that chance decides on. */
export class FaultSource {
  /** Whether it is in there, whether that place is ever reached or not. */
  isPlaced = false;

  constructor(
    readonly fault: Fault | undefined,
    private readonly random: Prng,
  ) {}

  /** How likely a fault is where it can be: more so where code certainly runs. */
  likelihood = 0.3;

  /** Whether something is to be wrong here. */
  here(fault: Fault, likelihood = this.likelihood): boolean {
    if (fault !== this.fault || this.isPlaced || !this.random.chance(likelihood)) return false;
    this.isPlaced = true;
    return true;
  }
}
