import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runWast } from "./runner.js";

/** Files of the project's own, and those in folders that are named: public suites, which are not kept here. */
const folders = [join(import.meta.dirname, "cases"), ...(process.env.COMPONENT_INIT_WAST?.split(":") ?? [])];

function wastFiles(path: string): string[] {
  if (!statSync(path).isDirectory()) return path.endsWith(".wast") ? [path] : [];
  return readdirSync(path).flatMap((name) => wastFiles(join(path, name)));
}

describe.each(folders)("%s", (folder) => {
  test.each(wastFiles(folder))(
    "%s",
    async (file) => {
      const { passed, failures, otherMessages } = await runWast(readFileSync(file, "utf8"));
      if (process.env.COMPONENT_INIT_WAST_VERBOSE) {
        console.log(`${file}: ${passed} passed, ${failures.length} failed, ${otherMessages.length} other messages`);
        for (const { line, directive, reason } of failures) console.log(`  FAIL ${line} ${directive}: ${reason}`);
        for (const { line, directive, reason } of otherMessages) console.log(`  MSG ${line} ${directive}: ${reason}`);
      }
      expect(failures).toEqual([]);
      expect(passed).toBeGreaterThan(0);
    },
    120_000,
  );
});
