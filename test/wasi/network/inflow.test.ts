import { PassThrough } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { Ahead, Inflow, WINDOW } from "../../../src/wasi/network/remote/remote.js";

/** A peer that sends without end, and what has come of it to the host. */
function peer(all: Ahead) {
  const stream = new PassThrough();
  const arrived = { bytes: 0 };
  const inflow = new Inflow(
    stream,
    (event) => void (event.event === "data" && (arrived.bytes += event.bytes.length)),
    all,
  );
  const chunk = Buffer.alloc(64 * 1024);
  const send = async (count: number) => {
    for (let i = 0; i < count; i++) {
      stream.write(chunk);
      await setImmediate();
    }
  };
  return { inflow, arrived, send };
}

test("a peer is so far ahead of the guest, and no farther", async () => {
  const { inflow, arrived, send } = peer(new Ahead());
  await send(40);
  expect(arrived.bytes).toBeGreaterThan(WINDOW - 128 * 1024);
  expect(arrived.bytes).toBeLessThanOrEqual(WINDOW + 64 * 1024);
  const before = arrived.bytes;
  inflow.taken(512 * 1024);
  await send(2);
  expect(arrived.bytes).toBeGreaterThan(before);
});

test("many peers are no farther ahead together, and each can still be waited for", async () => {
  const all = new Ahead();
  all.add(256 * 1024 * 1024);
  const [one, other] = [peer(all), peer(all)];
  await Promise.all([one.send(10), other.send(10)]);
  for (const { arrived } of [one, other]) expect(arrived.bytes).toBe(64 * 1024);
  // What it wants is what it gets, although others have more than enough.
  one.inflow.taken(64 * 1024 + 256);
  await one.send(2);
  expect(one.arrived.bytes).toBe(128 * 1024);
  expect(other.arrived.bytes).toBe(64 * 1024);
  // There is room again.
  all.take(128 * 1024 * 1024);
  await Promise.all([one.send(2), other.send(2)]);
  expect(one.arrived.bytes).toBeGreaterThan(512 * 1024);
  expect(other.arrived.bytes).toBeGreaterThan(512 * 1024);
});

test("what the guest does not want any more takes no room", async () => {
  const all = new Ahead();
  const { inflow, arrived, send } = peer(all);
  all.add(256 * 1024 * 1024 - 1);
  await send(1);
  expect(all.isFull).toBe(true);
  inflow.end();
  expect(all.isFull).toBe(false);
  await send(10);
  expect([arrived.bytes, all.isFull]).toEqual([64 * 1024, false]);
});
