import { expect, test } from "vitest";
import { makeHost } from "./support.js";

const real = () => makeHost({ clock: "real" }).imports;
const MS = 1_000_000n;

test("the wall clock shows the time of the host", () => {
  const before = BigInt(Date.now());
  const { seconds, nanoseconds } = real()["wasi:clocks/wall-clock"].now();
  const shown = seconds * 1000n + BigInt(Math.floor(nanoseconds / 1e6));
  expect(shown >= before && shown <= BigInt(Date.now()) + 1n).toBe(true);
});

test("the monotonic clock starts at 0 and goes on by itself", () => {
  const { now, resolution } = real()["wasi:clocks/monotonic-clock"];
  const first = now();
  expect(first < 1000n * MS).toBe(true);
  const started = performance.now();
  while (performance.now() - started < 5);
  expect(now() - first >= 5n * MS).toBe(true);
  expect(resolution()).toBe(1n);
});

test("the wall clock goes with the monotonic one", () => {
  const clocks = real();
  const wall = () => {
    const { seconds, nanoseconds } = clocks["wasi:clocks/wall-clock"].now();
    return seconds * 1000n * MS + BigInt(nanoseconds);
  };
  const first = wall();
  clocks["wasi:clocks/monotonic-clock"].subscribeDuration(5n * MS).block();
  expect(wall() - first >= 5n * MS).toBe(true);
});

test("waiting takes its time", () => {
  const { now, subscribeDuration } = real()["wasi:clocks/monotonic-clock"];
  const first = now();
  const timer = subscribeDuration(30n * MS);
  expect(timer.ready()).toBe(false);
  timer.block();
  expect(now() - first >= 30n * MS).toBe(true);
  expect(timer.ready()).toBe(true);
});

test("what is past is not waited for", () => {
  const { subscribeInstant } = real()["wasi:clocks/monotonic-clock"];
  const past = subscribeInstant(0n);
  expect(past.ready()).toBe(true);
  past.block();
});
