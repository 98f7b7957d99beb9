import { beforeAll, expect, test } from "vitest";
import { TableSlots } from "../../src/loader/slots.js";
import { wat } from "../support/wat.js";

let functions: WebAssembly.ExportValue[];

beforeAll(async () => {
  const bytes = await wat(`(module ${["a", "b", "c"].map((name) => `(func (export "${name}"))`).join("")})`);
  functions = Object.values((await WebAssembly.instantiate(bytes as Uint8Array<ArrayBuffer>)).instance.exports);
});

const tableOf = (initial: number, maximum = 100) => new WebAssembly.Table({ element: "anyfunc", initial, maximum });

test("a function has one entry, which it may have already", () => {
  const [a, b] = functions;
  const table = tableOf(3);
  table.set(2, a);
  const slots = new TableSlots(table);
  expect([slots.of(a), slots.of(b), slots.of(a), slots.of(b)]).toEqual([2, 3, 2, 3]);
  expect([slots.find(a), slots.find(functions[2])]).toEqual([2, undefined]);
});

test("the program changes its table meanwhile", () => {
  const [a, b] = functions;
  const table = tableOf(3);
  table.set(1, a);
  const slots = new TableSlots(table);
  slots.of(a);
  table.set(1, b);
  table.set(2, a);
  table.grow(1, functions[2]);
  expect([slots.of(a), slots.of(b), slots.of(functions[2])]).toEqual([2, 1, 3]);
});

test("what a library has in its entries is no one else's, before and after it goes", () => {
  const [a, b] = functions;
  const table = tableOf(2);
  table.set(1, b);
  const slots = new TableSlots(table);
  const start = slots.reserve(2, 1);
  table.set(start, a);
  table.set(start + 1, b);
  expect([start, slots.of(a), slots.of(b)]).toEqual([2, 4, 1]);
  slots.release(start, 2);
  expect([table.get(2), table.get(3), slots.of(a), slots.of(b)]).toEqual([null, null, 4, 1]);
});

test("entries that are given back come first, where they fit", () => {
  const slots = new TableSlots(tableOf(1));
  const first = slots.reserve(3, 1);
  expect([first, slots.reserve(1, 4), slots.reserve(0, 1)]).toEqual([1, 4, 0]);
  slots.release(first, 3);
  expect([slots.reserve(4, 1), slots.reserve(2, 1), slots.of(functions[0]), slots.reserve(1, 1)]).toEqual([5, 1, 3, 9]);
});

test("a table at its maximum is an error for the guest", () => {
  const table = tableOf(1, 2);
  const slots = new TableSlots(table);
  expect(() => slots.reserve(2, 1)).toThrow("the table cannot have 2 more entries");
  expect(() => slots.reserve(1, 2 ** 31)).toThrow("the table cannot have 1 more entries");
  expect([slots.reserve(1, 1), table.length]).toEqual([1, 2]);
  expect(() => slots.of(functions[0])).toThrow("the table cannot have 1 more entries");
});
