import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";

// A build script without types.
const { BUILT, build } = (await import("../shared-libs/build.mjs" as string)) as {
  BUILT: readonly string[];
  build(path: string): Promise<Uint8Array>;
};

test.each(BUILT)("%s is what its source builds to", async (path) => {
  const checkedIn = await readFile(new URL(`../shared-libs/${path}`, import.meta.url));
  expect(Buffer.compare(await build(path), checkedIn)).toBe(0);
});
