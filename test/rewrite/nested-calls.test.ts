import { expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { loadFixture } from "../support/fixtures.js";

const WARNING =
  "components in it call others that are inside or around them: Wasmtime 42 to 48 trap on that, as for the input";

// That it is so, for all fixtures, is in test/end-to-end/differential.test.ts.
test.each([
  ["that goes on", "nested-deep", [WARNING]],
  ["that only initialization made", "nested-twice", []],
])("a call between components of which one is in the other, %s", async (_, fixture, warnings) => {
  const { report } = await preinitialize(await loadFixture(fixture), { initFunc: "init" });
  expect(report.warnings).toEqual(warnings);
});
