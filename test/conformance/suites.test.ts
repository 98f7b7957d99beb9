import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { type Failure, type Outcome, runWast } from "./runner.js";

/** Files of the project's own, and those in folders that are named: public suites, which are not kept here. */
const named = process.env.COMPONENT_INIT_WAST;
const folders = [join(import.meta.dirname, "cases"), ...(named === undefined ? [] : named.split(":"))];

function wastFiles(path: string): string[] {
  if (!statSync(path).isDirectory()) return path.endsWith(".wast") ? [path] : [];
  return readdirSync(path).flatMap((name) => wastFiles(join(path, name)));
}

/** Instantiated while the output was made: what instances do after that is to be the same. */
async function outputOf(input: Uint8Array): Promise<Uint8Array> {
  return (await preinitialize(input, { initFunc: "none" })).component;
}

const unchanged = async (input: Uint8Array) => input;

/** Outputs are validated, and wasm-tools as jco builds it does not know all of the specification yet. */
const UNVALIDATED = join("cases", "unvalidated");

const forms = [
  { of: "components", transform: unchanged, isRun: () => true },
  { of: "their outputs", transform: outputOf, isRun: (file: string) => !file.includes(UNVALIDATED) },
];

/** For whoever measures against a suite: each file's counts, and what was not as wanted. */
function tell(file: string, { passed, failures, refused, otherMessages }: Outcome): void {
  if (process.env.COMPONENT_INIT_WAST_VERBOSE === undefined) return;
  const line = (label: string) => (failure: Failure) =>
    `  ${label} ${failure.line} ${failure.directive}: ${failure.reason}`;
  console.log(
    [
      `${file}: ${passed} passed, ${failures.length} failed, ${otherMessages.length} other messages, ${refused} refused`,
      ...failures.map(line("FAIL")),
      ...otherMessages.map(line("MSG")),
    ].join("\n"),
  );
}

describe.each(folders)("in %s", (folder) => {
  describe.each(forms)("$of", ({ transform, isRun }) => {
    test.each(wastFiles(folder).filter(isRun))(
      "%s",
      async (file) => {
        const outcome = await runWast(readFileSync(file, "utf8"), transform);
        tell(file, outcome);
        expect(outcome.failures).toEqual([]);
        expect(outcome.passed + outcome.refused).toBeGreaterThan(0);
      },
      120_000,
    );
  });
});
