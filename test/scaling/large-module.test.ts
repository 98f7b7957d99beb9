import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { decodeModule } from "../../src/module/decode.js";
import { instrumentDrops } from "../../src/module/drops.js";
import { countSteps, total } from "./steps.js";

/** A module of 10 MB, most of which is code. */
function largeModule(): Uint8Array {
  return new Uint8Array(
    readFileSync("node_modules/@bytecodealliance/componentize-js/lib/starlingmonkey_embedding.wasm"),
  );
}

test("10 MB are decoded without a look at the code", () => {
  const bytes = largeModule();
  const { result: module, steps } = countSteps(() => decodeModule(bytes));
  expect(module.count("code")).toBeGreaterThan(10_000);
  expect(total(steps)).toBeLessThan(10_000);
});

test("drops are looked for in a small part of 10 MB of code", () => {
  const module = decodeModule(largeModule());
  const { result, steps } = countSteps(() => instrumentDrops(module));
  expect(result.flags).toEqual([]);
  expect(total(steps)).toBeLessThan(2_000_000);
});
