import { describe, expect, test } from "vitest";
import { MERGE_GAP, nonZeroRanges } from "../../src/snapshot/memory.js";
import { applied, Random, randomMemory } from "./random-memory.js";

describe("what is not zero", () => {
  test.each<[string, number, readonly number[], readonly (readonly [number, number])[]]>([
    ["nothing", 65536, [], []],
    ["no memory at all", 0, [], []],
    [
      "the first and the last byte",
      65536,
      [0, 65535],
      [
        [0, 1],
        [65535, 1],
      ],
    ],
    ["each byte of a word", 8, [1, 6], [[1, 6]]],
    [
      "neighbours over a word, a block and a page",
      3 * 65536,
      [4095, 4096, 65535, 65536],
      [
        [4095, 2],
        [65535, 2],
      ],
    ],
    ["a gap one smaller than merged", 65536, [100, 100 + MERGE_GAP], [[100, MERGE_GAP + 1]]],
    [
      "a gap as large as merged at least",
      65536,
      [100, 101 + MERGE_GAP],
      [
        [100, 1],
        [101 + MERGE_GAP, 1],
      ],
    ],
    ["a memory of one-byte pages that ends inside of a word", 4099, [4096, 4098], [[4096, 3]]],
    ["a memory of three bytes", 3, [2], [[2, 1]]],
  ])("%s", (_, size, positions, expected) => {
    const memory = new Uint8Array(size);
    for (const at of positions) memory[at] = 1;
    expect(nonZeroRanges(memory).map(({ offset, bytes }) => [offset, bytes.length])).toEqual(expected);
  });

  test("in the middle of a buffer", () => {
    const buffer = new Uint8Array(8192).fill(0xff);
    const memory = buffer.subarray(4, 4100).fill(0);
    memory[4095] = 7;
    expect(nonZeroRanges(memory)).toEqual([{ offset: 4095, bytes: new Uint8Array([7]) }]);
  });

  test("is given as views, not as copies", () => {
    const memory = new Uint8Array(65536).fill(1, 10, 20);
    expect(nonZeroRanges(memory)[0]?.bytes.buffer).toBe(memory.buffer);
  });
});

describe("any memory", () => {
  const sizes = [0, 1, 3, 4, 5, 4095, 4096, 4097, 4099, 65535, 65536, 65537, 131_072, 200_003];
  const densities = [0.00001, 0.001, 0.05, 0.5, 1];
  const cases = sizes.flatMap((size) => densities.map((density) => [size, density] as const));

  test.each(cases)("of %d bytes and density %d is what its ranges make of zeros", (size, density) => {
    const random = new Random(size * 31 + density * 1000);
    const memory = randomMemory(size, density, random);
    const ranges = nonZeroRanges(memory);
    expect(Buffer.compare(applied(ranges, size), memory)).toBe(0);
    for (const { bytes } of ranges) expect(bytes[0] !== 0 && bytes.at(-1) !== 0).toBe(true);
    for (const [i, { offset }] of ranges.entries()) {
      const before = ranges[i - 1];
      if (before !== undefined) expect(offset - before.offset - before.bytes.length).toBeGreaterThanOrEqual(MERGE_GAP);
    }
  });
});
