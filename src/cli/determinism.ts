import type { PreinitializeOptions } from "../preinitialize.js";
import { UsageError } from "./failure.js";

type Determinism = Pick<PreinitializeOptions, "clock" | "seed" | "random">;

/** `--clock`, `--seed` and `--random`. */
export function parseDeterminism(
  clock: string | undefined,
  seed: string | undefined,
  random: string | undefined,
): Determinism {
  if (random !== undefined && random !== "real") throw new UsageError(`--random ${random}: the only value is real`);
  if (seed !== undefined && random !== undefined) {
    throw new UsageError("--seed and --random real exclude each other: real random numbers have no seed");
  }
  return {
    ...(clock !== undefined && { clock: parseClock("--clock", clock) }),
    ...(seed !== undefined && { seed: parseSeed("--seed", seed) }),
    ...(random !== undefined && { random }),
  };
}

/** RFC 3339, section 5.6, with what a `Date` can hold: milliseconds, and no leap seconds. */
const INSTANT =
  /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(\.\d{1,3}0*)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** @param label - what stands for the option in messages */
export function parseClock(label: string, text: string): Date | "real" {
  if (text === "real") return text;

  const match = INSTANT.exec(text.toUpperCase());
  const [, year, month, day] = match ?? [];
  // V8 takes the 31st of February for a day in March.
  const last = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  const instant = new Date(match?.[0] ?? Number.NaN);
  if (Number.isNaN(instant.getTime()) || Number(day) > last) {
    throw new UsageError(
      `${label} ${text}: an instant in UTC or with an offset is expected, such as 2025-01-01T00:00:00Z, or real`,
    );
  }
  if (instant.getTime() < 0) throw new UsageError(`${label} ${text}: the clock of WASI starts in 1970`);
  return instant;
}

export function parseSeed(label: string, text: string): bigint {
  const seed = /^(\d+|0x[\da-f]+)$/i.test(text) ? BigInt(text) : -1n;
  if (BigInt.asUintN(64, seed) !== seed) {
    throw new UsageError(`${label} ${text}: a number from 0 to 18446744073709551615 (2^64 - 1) is expected`);
  }
  return seed;
}
