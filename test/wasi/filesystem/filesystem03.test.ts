import { expect, test } from "vitest";
import { makeHost } from "../support.js";

test("a look at the preopens is noted, as in 0.2", () => {
  const { imports, activity } = makeHost();
  const { getDirectories } = (imports as unknown as Record<string, { getDirectories(): unknown[] }>)[
    "wasi:filesystem/preopens@0.3"
  ] as { getDirectories(): unknown[] };
  expect(activity.preopensListed).toBe(false);
  expect(getDirectories()).toEqual([]);
  expect(activity.preopensListed).toBe(true);
});
