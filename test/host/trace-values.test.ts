import { expect, test } from "vitest";
import { shortenValue } from "../../src/host/trace-values.js";

const NONE = () => undefined;

test.each<[string, unknown, unknown]>([
  ["a number", 7, 7],
  ["NaN", Number.NaN, "NaN"],
  ["a small u64", 12n, 12],
  ["a negative s64", -5n, -5],
  ["a large u64", 2n ** 64n - 1n, "18446744073709551615"],
  ["an absent option", undefined, null],
  ["a short text", "ü".repeat(200), "ü".repeat(200)],
  ["a long text", "x".repeat(1000), `${"x".repeat(200)}… (800 more characters)`],
  ["bytes", Uint8Array.from({ length: 100 }, (_, i) => i), { bytes: 100, start: "000102030405060708090a0b0c0d0e0f" }],
  ["no bytes", new Uint8Array(), { bytes: 0, start: "" }],
  ["a list of u32", Uint32Array.of(1, 2), [1, 2]],
  ["a long list", Array.from({ length: 20 }, () => 1), [...Array.from({ length: 16 }, () => 1), { more: 4 }]],
  ["a record", { a: 1n, b: ["c"] }, { a: 1, b: ["c"] }],
  ["a stream", [1].values(), { handle: "stream" }],
  ["a future", Promise.resolve(1), { handle: "future" }],
  ["a deep value", [[[[[[[1]]]]]]], [[[[[["…"]]]]]]],
])("%s", (_, value, expected) => {
  expect(shortenValue(value, NONE)).toEqual(expected);
});

test("shows no more of a value than can be read, however it is nested", () => {
  const nest = (depth: number): unknown => (depth === 0 ? "x".repeat(1000) : new Array(1000).fill(nest(depth - 1)));
  expect(JSON.stringify(shortenValue(nest(6), NONE)).length).toBeLessThan(200_000);
  const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`f${i}${"x".repeat(1000)}`, i]));
  expect(JSON.stringify(shortenValue(wide, NONE)).length).toBeLessThan(200_000);
});

test("resources are what the caller says they are", () => {
  const resource = { secret: 1 };
  const describe = (object: object) => (object === resource ? { handle: "r" } : undefined);
  expect(shortenValue([resource, { tag: "x", val: resource }], describe)).toEqual([
    { handle: "r" },
    { tag: "x", val: { handle: "r" } },
  ]);
});
