import { expect, test } from "vitest";
import { LoadBudget } from "../../src/loader/budget.js";

test("so many bytes, in all libraries together", () => {
  const budget = new LoadBudget();
  budget.take(2 ** 30 - 5, "a.so");
  expect(() => budget.take(6, "b.so")).toThrow("Error loading shared library b.so: its 6 bytes are too many");
  budget.take(5, "b.so");
});

test("so many libraries", () => {
  const budget = new LoadBudget();
  for (let i = 0; i < 10_000; i++) budget.take(1, "a.so");
  expect(() => budget.take(0, "b.so")).toThrow("Error loading shared library b.so: 10000 libraries have been opened");
});

test("what came to nothing is given back", () => {
  const budget = new LoadBudget();
  const giveBack = budget.mark();
  budget.take(2 ** 30, "a.so");
  giveBack();
  budget.take(2 ** 30, "a.so");
});
