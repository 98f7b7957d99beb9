import { describe, expect, it } from "vitest";
import { HandleTracker } from "../../src/wasi/handles.js";
import { createPoll, Pollable, type Readiness } from "../../src/wasi/poll.js";
import { DEFAULT_TIME, Timeline } from "../../src/wasi/timeline.js";
import { bytes, makeHost, thrown } from "./support.js";

function setUp() {
  const { imports } = makeHost({ stdin: bytes("x") });
  const clock = imports["wasi:clocks/monotonic-clock"];
  return { clock, poll: imports["wasi:io/poll"].poll, stdin: imports["wasi:cli/stdin"].getStdin() };
}

describe("poll", () => {
  it("gives the indices of all that is ready, and lets no time jump then", () => {
    const { clock, poll, stdin } = setUp();
    const list = [clock.subscribeDuration(10n ** 12n), stdin.subscribe(), clock.subscribeDuration(0n)];
    expect([...poll(list)]).toEqual([1, 2]);
    expect(clock.now()).toBe(1_000_000n);
  });

  it("jumps to the earliest timer", () => {
    const { clock, poll } = setUp();
    const list = [300n, 100n, 200n, 100n].map((when) => clock.subscribeInstant(when * 1_000_000n));
    expect([...poll(list)]).toEqual([1, 3]);
    expect(clock.now()).toBe(101_000_000n);
  });

  it("lets a timer become due next to a stream that is always ready", () => {
    const { clock, poll, stdin } = setUp();
    const list = [stdin.subscribe(), clock.subscribeDuration(5_000_000n)];
    const results = Array.from({ length: 6 }, () => [...poll(list)]);
    expect(results).toEqual([[0], [0], [0], [0], [0], [0, 1]]);
  });

  it("traps on an empty list", () => {
    const error = thrown(() => setUp().poll([]));
    expect(error).toBeInstanceOf(WebAssembly.RuntimeError);
    expect(String(error)).toContain("empty list");
  });
});

describe("pollables that can never be ready", () => {
  const context = { handles: new HandleTracker(), timeline: new Timeline(DEFAULT_TIME) };
  const never = (readiness: Readiness = { isReady: () => false }) =>
    new Pollable(context, readiness, { createdBy: "test" });

  it("are an error that says so, instead of a hang", () => {
    const error = thrown(() => createPoll(context).poll([never(), never()]));
    expect(error).toMatchObject({ code: "init-trapped" });
    expect(String(error)).toContain("waits for an event that cannot happen");
    expect(thrown(() => never().block())).toMatchObject({ code: "init-trapped" });
  });

  it("do not keep a timer next to them from becoming due", () => {
    const timer = never({ isReady: () => context.timeline.monotonic >= 7n, deadline: 7n });
    expect([...createPoll(context).poll([never(), timer])]).toEqual([1]);
  });
});
