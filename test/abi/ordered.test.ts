import { expect, test } from "vitest";
import { Ordered, type Place } from "../../src/abi/ordered.js";
import { Queue } from "../../src/abi/queue.js";
import { Prng } from "../random/prng.js";

test("the first of what waits is that of the lowest order, whatever has come and gone", () => {
  const random = new Prng(7);
  const ordered = new Ordered<number>();
  const places = new Map<number, Place>();
  for (let i = 0; i < 5000; i++) {
    const order = random.below(1_000_000);
    if (random.below(3) > 0 && !places.has(order)) places.set(order, ordered.add(order, order));
    else {
      const gone = [...places.keys()][random.below(Math.max(1, places.size))];
      if (gone !== undefined) {
        places.get(gone)?.leave();
        places.delete(gone);
      }
    }
    expect(ordered.first).toBe(places.size === 0 ? undefined : Math.min(...places.keys()));
  }
});

test("who has left a place can leave it again", () => {
  const ordered = new Ordered<string>();
  const place = ordered.add(1, "a");
  ordered.add(2, "b");
  place.leave();
  place.leave();
  expect(ordered.first).toBe("b");
});

test("a queue gives what came first, and keeps nothing of it", () => {
  const queue = new Queue<number>();
  const taken: (number | undefined)[] = [];
  for (let i = 0; i < 100; i++) {
    queue.add(2 * i);
    queue.add(2 * i + 1);
    taken.push(queue.take());
  }
  while (!queue.isEmpty) taken.push(queue.take());
  expect(taken).toEqual(Array.from({ length: 200 }, (_, i) => i));
  expect(queue.take()).toBeUndefined();
});
