import { ComponentInitError } from "../errors.js";
import { DEFAULT_SEED } from "./random.js";
import { DEFAULT_TIME, type TimeSettings } from "./timeline.js";

export interface DeterminismOptions {
  /** Where the virtual clock and the times of files start (default 2025-01-01T00:00:00Z), or the real clock. */
  readonly clock?: Date | "real";
  /** Of `wasi:random`: a u64. */
  readonly seed?: bigint;
  /** Real random numbers. Whatever initialization draws of them is shared by every instance of the output. */
  readonly random?: "real";
}

/** What the guest sees in the place of real time and real randomness. */
export interface DeterminismSettings {
  readonly time: TimeSettings | "real";
  /** A u64. */
  readonly seed: bigint | "real";
}

/** @throws {@link ComponentInitError} `invalid-option` */
export function determinismOf({ clock, seed, random }: DeterminismOptions): DeterminismSettings {
  return { time: timeOf(clock), seed: seedOf(seed, random) };
}

function timeOf(clock: Date | "real" | undefined): TimeSettings | "real" {
  if (clock === undefined) return DEFAULT_TIME;
  if (clock === "real") return clock;
  const milliseconds = clock instanceof Date ? clock.getTime() : Number.NaN;
  // `datetime.seconds` of wasi:clocks/wall-clock is a u64.
  if (!(milliseconds >= 0)) refuse('clock must be "real" or a valid Date that is not before 1970');
  return { ...DEFAULT_TIME, wallStart: BigInt(milliseconds) * 1_000_000n };
}

function seedOf(seed: bigint | undefined, random: "real" | undefined): bigint | "real" {
  if (random !== undefined && random !== "real") refuse('random must be "real" or left out');
  if (seed === undefined) return random ?? DEFAULT_SEED;
  if (random !== undefined) refuse("seed has no meaning together with random: real random numbers have no seed");
  if (typeof seed !== "bigint" || BigInt.asUintN(64, seed) !== seed) refuse("seed must be a bigint from 0 to 2^64 - 1");
  return seed;
}

function refuse(message: string): never {
  throw new ComponentInitError("invalid-option", message);
}
