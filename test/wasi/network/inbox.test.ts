import { expect, test } from "vitest";
import { Inbox } from "../../../src/wasi/network/inbox.js";
import { MESSAGE_COST } from "../../../src/wasi/network/message-cost.js";

function inbox() {
  let taken = 0;
  const outside = { wait: () => {} };
  const made = new Inbox(
    outside,
    () => {},
    (count) => (taken += count),
  );
  return { made, taken: () => taken };
}

test("a message costs more than its bytes, until the last of them is read", () => {
  const { made, taken } = inbox();
  made.put(new Uint8Array(10));
  made.take(4);
  expect(taken()).toBe(4);
  made.take(100);
  expect(taken()).toBe(10 + MESSAGE_COST);
});

test("what is dropped is given back, too", () => {
  const { made, taken } = inbox();
  for (let i = 0; i < 3; i++) made.put(new Uint8Array(1));
  made.discard();
  expect(taken()).toBe(3 * (1 + MESSAGE_COST));
  made.put(new Uint8Array(5));
  expect(taken()).toBe(3 * (1 + MESSAGE_COST) + 5 + MESSAGE_COST);
});
