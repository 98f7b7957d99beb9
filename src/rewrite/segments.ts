import type { MemoryRange } from "../snapshot/model.js";

/**
 * Joins neighbouring ranges, the nearest first, until at most `limit` are left. Engines limit the data segments of a
 * module (V8 to 100,000, and wizer stays below 10,000 for others), and each costs time at instantiation.
 */
export function limitRanges(ranges: readonly MemoryRange[], limit: number): MemoryRange[] {
  if (ranges.length <= limit) return [...ranges];
  const gaps = ranges.slice(1).map((range, i) => ({ size: range.offset - endOf(ranges[i] as MemoryRange), at: i + 1 }));
  const smallest = gaps.toSorted((a, b) => a.size - b.size || a.at - b.at).slice(0, ranges.length - limit);
  const closed = new Set(smallest.map(({ at }) => at));
  const joined: MemoryRange[][] = [];
  ranges.forEach((range, i) => {
    if (closed.has(i)) (joined.at(-1) as MemoryRange[]).push(range);
    else joined.push([range]);
  });
  return joined.map(join);
}

function endOf(range: MemoryRange): number {
  return range.offset + range.bytes.length;
}

function join(ranges: readonly MemoryRange[]): MemoryRange {
  const [first] = ranges;
  if (first === undefined || ranges.length === 1) return first as MemoryRange;
  const bytes = new Uint8Array(endOf(ranges.at(-1) as MemoryRange) - first.offset);
  for (const range of ranges) bytes.set(range.bytes, range.offset - first.offset);
  return { offset: first.offset, bytes };
}
