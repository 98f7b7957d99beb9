import { describe, expect, test } from "vitest";
import { limitRanges } from "../../src/rewrite/segments.js";
import { nonZeroRanges } from "../../src/snapshot/memory.js";
import type { MemoryRange } from "../../src/snapshot/model.js";
import { applied, Random, randomMemory } from "../snapshot/random-memory.js";

const range = (offset: number, ...bytes: number[]): MemoryRange => ({ offset, bytes: new Uint8Array(bytes) });

describe("rule 1: no more segments than a limit", () => {
  test("which no ranges reach", () => {
    const ranges = [range(0, 1), range(50, 2)];
    expect(limitRanges(ranges, 2)).toEqual(ranges);
    expect(limitRanges([], 2)).toEqual([]);
  });

  test("are joined where the gap is smallest, and gaps are zeros", () => {
    const ranges = [range(0, 1), range(30, 2), range(41, 3), range(100, 4)];
    expect(limitRanges(ranges, 3)).toEqual([range(0, 1), range(30, 2, ...Array(10).fill(0), 3), range(100, 4)]);
  });

  test("of equal gaps the first are closed", () => {
    const ranges = [range(0, 1), range(11, 2), range(22, 3)];
    expect(limitRanges(ranges, 2)).toEqual([range(0, 1, ...Array(10).fill(0), 2), range(22, 3)]);
  });

  test("one segment remains", () => {
    const [only, ...others] = limitRanges([range(5, 1), range(20, 2), range(40, 3)], 1);
    expect([only?.offset, only?.bytes.length, others.length]).toEqual([5, 36, 0]);
  });

  test.each(Array.from({ length: 24 }, (_, i) => [i + 1]))(
    "random memory %d is what the segments make of zeros",
    (seed) => {
      const random = new Random(seed);
      const size = 65536 * (1 + random.below(4));
      const memory = randomMemory(size, [0.0005, 0.01, 0.1][seed % 3] as number, random);
      const ranges = nonZeroRanges(memory);
      for (const limit of [1, 2, Math.ceil(ranges.length / 2), ranges.length - 1, ranges.length, ranges.length + 1]) {
        if (limit < 1) continue;
        const limited = limitRanges(ranges, limit);
        expect(limited).toHaveLength(Math.min(limit, ranges.length));
        expect(Buffer.compare(applied(limited, size), memory)).toBe(0);
        expect(limited.every(({ offset }, i) => i === 0 || offset > (limited[i - 1] as MemoryRange).offset)).toBe(true);
      }
    },
  );

  test("closes the least zeros possible", () => {
    const memory = randomMemory(65536, 0.01, new Random(99));
    const ranges = nonZeroRanges(memory);
    const sizeOf = (list: readonly MemoryRange[]) => list.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const gaps = ranges
      .slice(1)
      .map(({ offset }, i) => offset - (ranges[i]?.offset ?? 0) - (ranges[i]?.bytes.length ?? 0));
    const smallest = gaps.sort((a, b) => a - b).slice(0, 5);
    const limited = limitRanges(ranges, ranges.length - 5);
    expect(sizeOf(limited) - sizeOf(ranges)).toBe(smallest.reduce((a, b) => a + b, 0));
  });
});
