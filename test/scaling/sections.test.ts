import { describe, test } from "vitest";
import { wat } from "../support/wat.js";
import { expectLinear, growthOn } from "./growth.js";
import { COMPONENT_INPUTS, CORE_INPUTS, type Input } from "./inputs.js";
import { runPipeline } from "./pipeline.js";

describe.each([
  ["a core module", CORE_INPUTS],
  ["a component", COMPONENT_INPUTS],
] as const)("of %s, all work is linear in", (_, inputs) => {
  test.each<[string, Input]>(Object.entries(inputs))("%s", async (what, { text, from = 130 }) => {
    const growth = await growthOn(
      from,
      (n) => wat(text(n)),
      (bytes) => runPipeline(bytes, "init"),
    );
    expectLinear(what, growth);
  });
});
