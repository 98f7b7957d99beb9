import { describe, expect, it } from "vitest";
import { createWasiWith } from "../../src/wasi/index.js";
import { makeHost, U64_MAX } from "./support.js";

const START = 1_735_689_600n; // 2025-01-01T00:00:00Z

function clocks() {
  const { imports } = makeHost();
  return { monotonic: imports["wasi:clocks/monotonic-clock"], wall: imports["wasi:clocks/wall-clock"], imports };
}

describe("the clocks", () => {
  it("start at a fixed instant and pass one step per look", () => {
    const { wall } = clocks();
    expect(wall.now()).toEqual({ seconds: START, nanoseconds: 0 });
    expect(wall.now()).toEqual({ seconds: START, nanoseconds: 1_000_000 });
    const { monotonic } = clocks();
    expect(monotonic.now()).toBe(0n);
    expect(monotonic.now()).toBe(1_000_000n);
  });

  it("share one time", () => {
    const { monotonic, wall } = clocks();
    for (let i = 0; i < 1500; i++) monotonic.now();
    expect(wall.now()).toEqual({ seconds: START + 1n, nanoseconds: 500_000_000 });
    expect(monotonic.now()).toBe(1_501_000_000n);
  });

  it("have a constant resolution, which is no look", () => {
    const { monotonic, wall } = clocks();
    expect([monotonic.resolution(), monotonic.resolution()]).toEqual([1_000_000n, 1_000_000n]);
    expect(wall.resolution()).toEqual({ seconds: 0n, nanoseconds: 1_000_000 });
    expect(monotonic.now()).toBe(0n);
  });

  it("take start and step from the settings", () => {
    const options = { args: [], env: {}, stdin: new Uint8Array(), preopens: [], onOutput: () => {} };
    const time = { wallStart: 5_000_000_007n, monotonicStart: 40n, step: 3n };
    const { imports } = createWasiWith(options, { time, seed: 1n });
    const { now } = imports["wasi:clocks/wall-clock"] as { now: () => unknown };
    const monotonic = imports["wasi:clocks/monotonic-clock"] as { now: () => bigint };
    expect(now()).toEqual({ seconds: 5n, nanoseconds: 7 });
    expect(now()).toEqual({ seconds: 5n, nanoseconds: 10 });
    expect(monotonic.now()).toBe(46n);
  });

  it("count how often they are asked, and not how often they are waited for", () => {
    const { imports, activity } = makeHost();
    imports["wasi:clocks/monotonic-clock"].now();
    imports["wasi:clocks/wall-clock"].now();
    imports["wasi:clocks/monotonic-clock"].subscribeDuration(5n).block();
    imports["wasi:clocks/wall-clock"].resolution();
    expect(activity.clockQueries).toBe(2);
  });

  it("do not tell the time zone of the host", () => {
    const timezone = clocks().imports["wasi:clocks/timezone"];
    expect(timezone.utcOffset()).toBe(0);
    expect(timezone.display()).toEqual({ utcOffset: 0, name: "UTC", inDaylightSavingTime: false });
  });
});

describe("timers", () => {
  it("do not sleep: blocking moves both clocks to the deadline", () => {
    const { monotonic, wall } = clocks();
    const started = performance.now();
    monotonic.subscribeDuration(3_600_000_000_000n).block();
    expect(performance.now() - started).toBeLessThan(600_000);
    expect(monotonic.now()).toBe(3_600_001_000_000n);
    expect(wall.now().seconds).toBe(START + 3600n);
  });

  it("are ready when their instant is past", () => {
    const { monotonic } = clocks();
    monotonic.now();
    expect(monotonic.subscribeInstant(0n).ready()).toBe(true);
    expect(monotonic.subscribeInstant(1_000_000_000n).ready()).toBe(false);
  });

  it("become due for a guest that spins, without it looking at a clock", () => {
    const { monotonic } = clocks();
    const timer = monotonic.subscribeDuration(10_000_000n);
    let looks = 0;
    while (!timer.ready() && looks < 100) looks++;
    expect(looks).toBe(10);
  });

  it("take durations beyond the end of time", () => {
    const { monotonic, wall } = clocks();
    monotonic.now();
    monotonic.subscribeDuration(U64_MAX).block();
    expect(monotonic.now()).toBe(U64_MAX);
    expect(wall.now().nanoseconds).toBeLessThan(1_000_000_000);
    expect(monotonic.now()).toBe(U64_MAX);
  });
});
