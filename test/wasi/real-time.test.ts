import { describe, expect, test } from "vitest";
import { RealTime } from "../../src/wasi/real-time.js";

/** An operation that ends when the test says so. */
function operation() {
  let end = () => {};
  const promise = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { promise, end };
}

const call = () => ({ isCancelled: false });

/** In milliseconds: no test lasts so long. */
const LONG = 3_600_000;

/** How long it takes, in milliseconds. */
async function duration(work: Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work;
  return performance.now() - start;
}

describe("real time", () => {
  test("passes while something is under way, and says when that changes", async () => {
    const time = new RealTime();
    expect(time.isPassing).toBe(false);
    const { promise, end } = operation();
    const under = time.during(promise);
    expect(time.isPassing).toBe(true);
    const change = time.change();
    end();
    await Promise.all([under, change]);
    expect(time.isPassing).toBe(false);
  });

  test("passes no longer for what fails", async () => {
    const time = new RealTime();
    await expect(time.during(Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(time.isPassing).toBe(false);
  });

  test("is given to what is under way, as long as a wait says", async () => {
    const time = new RealTime();
    const { promise, end } = operation();
    void time.during(promise);
    expect(await duration(time.pass(100, call()))).toBeGreaterThan(90);
    end();
  });

  test("is given to what starts after a wait, too", async () => {
    const time = new RealTime();
    const wait = duration(time.pass(100, call()));
    const { promise, end } = operation();
    void time.during(promise);
    expect(await wait).toBeGreaterThan(90);
    end();
  });

  test("is not needed where nothing is under way, or not any more", async () => {
    const time = new RealTime();
    await time.pass(LONG, call());
    const { promise, end } = operation();
    void time.during(promise);
    const wait = time.pass(LONG, call());
    expect(time.isPassing).toBe(true);
    setTimeout(end, 20);
    await wait;
    expect(time.isPassing).toBe(false);
  });

  test("can be waited for longer than timers can", async () => {
    const time = new RealTime();
    const { promise, end } = operation();
    void time.during(promise);
    setTimeout(end, 20);
    expect(await duration(time.pass(1e12, call()))).toBeGreaterThan(10);
  });

  test("passes for many waits at once, of which one that ends wakes no other", async () => {
    const time = new RealTime();
    const { promise, end } = operation();
    void time.during(promise);
    let looks = 0;
    const counting = {
      get isCancelled() {
        looks++;
        return false;
      },
    };
    const waits = Array.from({ length: 200 }, (_, i) => time.pass(i / 4, i === 199 ? counting : call()));
    await Promise.all(waits);
    end();
    expect(looks).toBeLessThan(10);
  });

  test("is of no interest to a wait that is cancelled, and to none at the end", async () => {
    const time = new RealTime();
    void time.during(operation().promise);
    const cancelled = { isCancelled: false };
    const waits = [time.pass(LONG, cancelled), time.pass(LONG, call())] as const;
    cancelled.isCancelled = true;
    time.wake(cancelled);
    await waits[0];
    time.end();
    await waits[1];
  });
});
