import { expect, test } from "vitest";
import { parseDeterminism } from "../../src/cli/determinism.js";

const clock = (text: string) => parseDeterminism(text, undefined, undefined).clock;
const seed = (text: string) => parseDeterminism(undefined, text, undefined).seed;

test.each([
  ["2025-01-01T00:00:00Z", "2025-01-01T00:00:00.000Z"],
  ["2025-01-01t02:30:00+02:00", "2025-01-01T00:30:00.000Z"],
  ["2024-02-29T23:59:59.5-00:30", "2024-03-01T00:29:59.500Z"],
  ["2025-12-31T00:00:00.123000z", "2025-12-31T00:00:00.123Z"],
  ["1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"],
])("--clock %s", (text, instant) => {
  expect(clock(text)).toEqual(new Date(instant));
});

test("--clock real", () => {
  expect(clock("real")).toBe("real");
});

test.each([
  "2025-01-01",
  "2025-01-01T00:00:00",
  "2025-01-01 00:00:00Z",
  "2025-02-29T00:00:00Z",
  "2025-04-31T00:00:00Z",
  "2025-13-01T00:00:00Z",
  "2025-00-01T00:00:00Z",
  "2025-01-00T00:00:00Z",
  "2025-01-01T24:00:00Z",
  "2025-06-30T23:59:60Z",
  "2025-01-01T00:00:00.1234Z",
  "1735689600",
  "now",
])("--clock %s is refused", (text) => {
  expect(() => clock(text)).toThrow(/^--clock .*: an instant in UTC or with an offset is expected, such as /);
});

test("--clock before WASI's first instant is refused", () => {
  expect(() => clock("1969-12-31T23:59:59Z")).toThrow("the clock of WASI starts in 1970");
  expect(() => clock("1970-01-01T00:00:00+01:00")).toThrow("the clock of WASI starts in 1970");
});

test.each([
  ["0", 0n],
  ["007", 7n],
  ["0xFF", 255n],
  ["18446744073709551615", 2n ** 64n - 1n],
])("--seed %s", (text, value) => {
  expect(seed(text)).toBe(value);
});

test.each(["-1", "1.5", "1e3", "18446744073709551616", "x", "0x", " 1"])("--seed %s is refused", (text) => {
  expect(() => seed(text)).toThrow(`--seed ${text}: a number from 0 to 18446744073709551615`);
});

test("--random", () => {
  expect(parseDeterminism(undefined, undefined, undefined)).toEqual({});
  expect(parseDeterminism(undefined, undefined, "real")).toEqual({ random: "real" });
  expect(() => parseDeterminism(undefined, undefined, "yes")).toThrow("the only value is real");
  expect(() => parseDeterminism(undefined, "1", "real")).toThrow("--seed and --random real exclude each other");
});
