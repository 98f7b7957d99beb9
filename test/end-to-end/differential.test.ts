import { describe, expect, test } from "vitest";
import { decodeComponent } from "../../src/component/decode.js";
import { nestedCallWarnings } from "../../src/rewrite/nested-calls.js";
import {
  checkOriginal,
  checkOutput,
  type DifferentialCase,
  ENGINES,
  OLDER_ENGINES,
  OLDER_ENGINES_WITH_ALL,
  obstacleTo,
  outputOf,
} from "../support/differential.js";
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

/** What older versions do not have, or have turned off, and what their C library does not have. */
const OBSTACLES =
  /function.references (proposal|support)|function references required|gc feature|`gc` proposal|exception handling feature|cannot enter component instance|the C library has no/;

/** Wasmtime 36 puts a trap in the place of a call of the component around the caller. */
const obstaclesOf = ({ fixture }: DifferentialCase) =>
  fixture === "nested-calls-back" ? /unreachable|cannot enter component instance/ : OBSTACLES;

describe.each([...OLDER_ENGINES, ...OLDER_ENGINES_WITH_ALL])("in $name, if it runs the original", (engine) => {
  let compared = 0;

  test.runIf(engine.available).each(cases(CASES))("so it does the output: %s", async (_title, one) => {
    const obstacle = await obstacleTo(engine, one);
    if (obstacle !== undefined) return expect(obstacle).toMatch(obstaclesOf(one));
    await checkOutput(engine, one, await outputOf(one));
    await checkOutput(engine, one, await outputOf(one, true));
    compared++;
  });

  test.runIf(engine.available)("and it runs most of them", () => {
    expect(compared).toBeGreaterThan(CASES.length * 0.8);
  });
});

/** It lets no component call another that is inside of it. */
const WASMTIME_48 = OLDER_ENGINES.find(({ name }) => name === "Wasmtime 48") as (typeof OLDER_ENGINES)[number];

test.runIf(WASMTIME_48.available)("what only some versions trap on is said when the output is made", async () => {
  for (const one of CASES) {
    const output = await outputOf(one);
    const running = WASMTIME_48.session(output, { wasi: one.later ?? {}, calls: one.calls });
    const traps = /cannot enter component instance/.test(await running.then(JSON.stringify, String));
    const isSaid = nestedCallWarnings(decodeComponent(output)).length > 0;
    expect({ fixture: one.fixture, isSaid }).toEqual({ fixture: one.fixture, isSaid: traps });
  }
});
