import { expect, test } from "vitest";
import { Outside } from "../../src/host/outside.js";

test("without anything else nothing happens that the guest does not do", async () => {
  expect(await new Outside(true, undefined).wait()).toBe(false);
  const realTime = { isPassing: false, change: () => new Promise<void>(() => {}) };
  expect(await new Outside(true, realTime).wait()).toBe(false);
});

test("what takes real time may wake a guest", async () => {
  let end = () => {};
  const change = new Promise<void>((resolve) => {
    end = resolve;
  });
  const realTime = { isPassing: true, change: () => change };
  const waiting = new Outside(true, realTime).wait();
  end();
  expect(await waiting).toBe(true);
});

test("imports of the caller's may always, as long as there is something that Node waits for", async () => {
  const outside = new Outside(false, undefined);
  const waiting = outside.wait();
  expect(await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 20, "waits"))])).toBe("waits");
  process.emit("beforeExit", 0);
  expect(await waiting).toBe(false);
  outside.close();
});
