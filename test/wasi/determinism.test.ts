import { describe, expect, test } from "vitest";
import { type DeterminismOptions, determinismOf } from "../../src/wasi/determinism.js";
import { DEFAULT_SEED } from "../../src/wasi/random.js";
import { DEFAULT_TIME } from "../../src/wasi/timeline.js";
import { makeHost, scratch } from "./support.js";

test("without options, time and randomness are the same for everyone", () => {
  expect(determinismOf({})).toEqual({ time: DEFAULT_TIME, seed: DEFAULT_SEED });
});

test("the wall clock starts where it is told to, the monotonic one at 0", () => {
  const { imports } = makeHost({ clock: new Date("2030-02-03T04:05:06.789Z") });
  expect(imports["wasi:clocks/wall-clock"].now()).toEqual({ seconds: 1_896_321_906n, nanoseconds: 789_000_000 });
  expect(imports["wasi:clocks/monotonic-clock"].now()).toBe(1_000_000n);
});

test.each([
  ["the start of the clock", { clock: new Date("2030-01-01T00:00:00Z") }, 1_893_456_000n],
  ["a fixed instant with the real clock", { clock: "real" }, 1_735_689_600n],
] as const)("files have the time of %s", (_, options, seconds) => {
  const { imports } = makeHost({ ...options, preopens: [{ host: scratch(), guest: "/" }] });
  const [[root] = []] = imports["wasi:filesystem/preopens"].getDirectories();
  expect(root?.stat().dataModificationTimestamp).toEqual({ seconds, nanoseconds: 0 });
});

describe("the seed", () => {
  const draw = (options: DeterminismOptions) => makeHost(options).imports["wasi:random/random"].getRandomU64();

  test("makes the numbers", () => {
    expect(draw({ seed: 1n })).toBe(draw({ seed: 1n }));
    expect(draw({ seed: 1n })).not.toBe(draw({ seed: 2n ** 64n - 1n }));
    expect(draw({ seed: DEFAULT_SEED })).toBe(draw({}));
  });
});

test.each<[string, DeterminismOptions, string]>([
  ["no date", { clock: new Date(Number.NaN) }, "clock must be"],
  ["a date before 1970", { clock: new Date(-1) }, "clock must be"],
  ["a text", { clock: "2025-01-01" as "real" }, "clock must be"],
  ["a negative seed", { seed: -1n }, "from 0 to 2^64 - 1"],
  ["a seed of 65 bits", { seed: 2n ** 64n }, "from 0 to 2^64 - 1"],
  ["a number for a seed", { seed: 1 as unknown as bigint }, "bigint"],
  ["another kind of randomness", { random: "true" as "real" }, 'random must be "real"'],
  ["a seed of real randomness", { seed: 1n, random: "real" }, "no seed"],
])("%s is refused", (_, options, message) => {
  expect(() => determinismOf(options)).toThrow(
    expect.objectContaining({ code: "invalid-option", message: expect.stringContaining(message) }),
  );
});
