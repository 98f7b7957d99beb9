import { describe, expect, test } from "vitest";
import { checkOriginal, checkOutput, type DifferentialCase, ENGINES, outputOf } from "../support/differential.js";
import { validate } from "../support/wat.js";
import { CASES } from "./cases/index.js";

const cases = <T extends DifferentialCase>(list: readonly T[]) =>
  list.map((one) => [`${one.fixture}: ${one.title}`, one] as const);

// What the cases expect is what the inputs do: otherwise the tests of the outputs would test nothing.
describe("the original, initialized at run time", () => {
  describe.each(ENGINES)("in $name", (engine) => {
    test.runIf(engine.available).each(cases(CASES))("%s", async (_title, one) => {
      await checkOriginal(engine, one);
    });
  });
});

describe.each([
  ["the output", false],
  ["the output with garbage collected", true],
])("%s", (_, gc) => {
  test.each(cases(CASES))("is valid: %s", async (_title, one) => {
    await expect(outputOf(one, gc).then(validate)).resolves.toBeUndefined();
  });

  describe.each(ENGINES)("in $name", (engine) => {
    test.runIf(engine.available).each(cases(CASES))("%s", async (_title, one) => {
      await checkOutput(engine, one, await outputOf(one, gc));
    });
  });
});
