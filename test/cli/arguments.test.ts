import { expect, test } from "vitest";
import { splitArguments } from "../../src/cli/arguments.js";

test("what follows the first -- is the guest's", () => {
  expect(splitArguments(["run", "a"])).toEqual({ own: ["run", "a"], guest: undefined });
  expect(splitArguments(["run", "--"])).toEqual({ own: ["run"], guest: [] });
  expect(splitArguments(["run", "--", "p", "--", "-v"])).toEqual({ own: ["run"], guest: ["p", "--", "-v"] });
});
