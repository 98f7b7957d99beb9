import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Deadline } from "../../src/isolate/deadline.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function started() {
  const signals: NodeJS.Signals[] = [];
  const deadline = new Deadline((signal) => signals.push(signal));
  return { deadline, signals };
}

describe("a deadline", () => {
  test("counts from when the process was started", () => {
    const { deadline, signals } = started();
    vi.advanceTimersByTime(300);
    deadline.set(1000);
    vi.advanceTimersByTime(600);
    expect(signals).toEqual([]);
    vi.advanceTimersByTime(200);
    expect(signals).toEqual(["SIGKILL"]);
  });

  test("says what was done", () => {
    const { deadline } = started();
    deadline.set(1500);
    deadline.begin("decode");
    deadline.end("decode");
    deadline.begin("rewrite");
    deadline.check();
    vi.advanceTimersByTime(2000);
    expect(() => deadline.check()).toThrow(/^timed out after 1\.5 s while rewriting: allow more with --timeout$/);
  });

  test.each(["commit", "write"] as const)("lets files be put in order: %s", (activity) => {
    const { deadline, signals } = started();
    deadline.set(1000);
    deadline.begin(activity);
    vi.advanceTimersByTime(1100);
    expect(signals).toEqual(["SIGTERM"]);
    vi.advanceTimersByTime(20_000);
    expect(signals).toEqual(["SIGTERM", "SIGKILL"]);
  });

  test("is no more for a process that has ended", () => {
    const { deadline, signals } = started();
    deadline.set(1000);
    deadline.stop();
    vi.advanceTimersByTime(20_000);
    expect(signals).toEqual([]);
    expect(() => deadline.check()).not.toThrow();
  });
});
