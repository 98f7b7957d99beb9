import { expect, test } from "vitest";
import { isOn, splitArguments } from "../../src/cli/arguments.js";

test("what follows the first -- is the guest's", () => {
  expect(splitArguments(["run", "a"])).toEqual({ own: ["run", "a"], guest: undefined });
  expect(splitArguments(["run", "--"])).toEqual({ own: ["run"], guest: [] });
  expect(splitArguments(["run", "--", "p", "--", "-v"])).toEqual({ own: ["run"], guest: ["p", "--", "-v"] });
});

test.each([
  [[], false],
  [["--json"], true],
  [["--json=true"], true],
  [["--json=false"], false],
  [["--json", "--json=false"], false],
  [["--json=false", "--json"], true],
  [["--jsonx", "--json-y"], false],
])("of a switch the last word counts: %j", (own, on) => {
  expect(isOn(own, "--json")).toBe(on);
});
