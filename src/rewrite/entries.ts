import { NULL_ENTRY } from "../snapshot/model.js";

/** By entry of a table what is to be put in: a number of a function, or {@link NULL_ENTRY} for nothing. */
export type Entries = Int32Array;

/** Where entries stand without a gap between them: the first, and the one behind the last. */
export type Run = readonly [start: number, end: number];

export function* runsOf(entries: Entries): Generator<Run> {
  let start = 0;
  while (start < entries.length) {
    if (entries[start] === NULL_ENTRY) {
      start++;
      continue;
    }
    const gap = entries.indexOf(NULL_ENTRY, start);
    const end = gap < 0 ? entries.length : gap;
    yield [start, end];
    start = end;
  }
}

export function countRuns(entries: Entries): number {
  let count = 0;
  for (let i = 0; i < entries.length; i++) {
    if (entries[i] !== NULL_ENTRY && (i === 0 || entries[i - 1] === NULL_ENTRY)) count++;
  }
  return count;
}

export function countEntries(entries: Entries): number {
  let count = 0;
  for (let i = 0; i < entries.length; i++) if (entries[i] !== NULL_ENTRY) count++;
  return count;
}

/** Where one function is among 64 entries of a table. */
export interface Placement {
  readonly func: number;
  /** The first of the entries. */
  readonly start: number;
  /** A bit for each entry, the lowest for the first. */
  readonly mask: bigint;
}

const WORD = 64;

/** All entries, in order: what is the same function in 64 entries together. */
export function* placementsOf(entries: Entries): Generator<Placement> {
  for (let start = 0; start < entries.length; start += WORD) {
    const masks = new Map<number, [low: number, high: number]>();
    const end = Math.min(start + WORD, entries.length);
    for (let i = start; i < end; i++) {
      const func = entries[i] as number;
      if (func !== NULL_ENTRY) setBit(masks, func, i - start);
    }
    for (const [func, [low, high]] of masks) {
      yield { func, start, mask: (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0) };
    }
  }
}

function setBit(masks: Map<number, [low: number, high: number]>, func: number, bit: number): void {
  let mask = masks.get(func);
  if (mask === undefined) masks.set(func, (mask = [0, 0]));
  if (bit < 32) mask[0] |= 1 << bit;
  else mask[1] |= 1 << (bit - 32);
}
