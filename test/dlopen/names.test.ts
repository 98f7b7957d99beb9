import { linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { instrument, invoke, preinitialize, prepare } from "../../src/index.js";
import { ALL_ENGINES } from "../support/differential.js";
import { directoryOf, dlProgram, scriptedProgram } from "../support/dlopen.js";
import { cLibrary, watLibrary } from "../support/libraries.js";

const COUNTER = "int counter; int count(int n) { return n + counter++; }";
const runOf = (lines: readonly string[]) => `run(${JSON.stringify(lines.join("\n"))})`;
const linesOf = (text: unknown) => String(text).split("\n").slice(0, -1);

/** What a script is answered after another one, in the same life and in the output, in each engine. */
async function answersAfter(directory: string, init: readonly string[], after: readonly string[]) {
  const component = await scriptedProgram();
  const preopens = [{ host: directory, guest: "/lib" }];
  const prepared = await prepare(instrument(component));
  const { results } = await invoke(prepared, [runOf(init), runOf(after)], { preopens });
  const options = { initFunc: runOf(init), keepInitFunc: true, preopens, verify: true };
  const { component: output } = await preinitialize(component, options);
  const answers: Record<string, unknown> = { host: linesOf(results[1]) };
  for (const { name, available, session } of ALL_ENGINES) {
    if (!available) continue;
    const { outcomes } = await session(output, { calls: [{ export: "run", args: [after.join("\n")] }] });
    answers[name] = outcomes.map((outcome) => ("ok" in outcome ? linesOf(outcome.ok) : outcome))[0];
  }
  return { init: linesOf(results[0]), answers };
}

const everywhere = (answers: Record<string, unknown>, expected: readonly string[]) =>
  expect(answers).toEqual(Object.fromEntries(Object.keys(answers).map((name) => [name, expected])));

const { bytes: counter } = await cLibrary("a.so", COUNTER);

describe("names of one file are names of one library", () => {
  test("symbolic links", async () => {
    const directory = directoryOf({ "a.so": counter });
    symlinkSync("a.so", join(directory, "link.so"));
    const { init, answers } = await answersAfter(
      directory,
      ["open /lib/link.so 2", "open /lib/a.so 2", "open /lib/link.so 6", "call 0 count 1"],
      ["open /lib/a.so 2", "open /lib/link.so 2", "open link.so 2", "open a.so 2", "call 0 count 1"],
    );
    expect(init).toEqual(["0", "0", "0", "1"]);
    everywhere(answers, ["0", "0", "0", "0", "2"]);
  });

  test("links that others need", async () => {
    const needs = await watLibrary(
      "needs.so",
      `(module (@dylink.0 (needed "link.so") (runtime-path "$ORIGIN"))
        (import "env" "count" (func $count (param i32) (result i32)))
        (func (export "more") (param i32) (result i32) (i32.add (call $count (local.get 0)) (i32.const 100))))`,
    );
    const directory = directoryOf({ "a.so": counter, "needs.so": needs.bytes });
    symlinkSync("a.so", join(directory, "link.so"));
    const { init, answers } = await answersAfter(
      directory,
      ["open /lib/a.so 2", "open /lib/needs.so 2", "call 1 more 1", "open /lib/link.so 2", "call 0 count 1"],
      ["call 1 more 1", "call 0 count 1"],
    );
    expect(init).toEqual(["0", "1", "101", "0", "2"]);
    everywhere(answers, ["103", "4"]);
  });

  test("another file of the same contents is another library, also of the same name", async () => {
    const directory = directoryOf({ "a.so": counter });
    mkdirSync(join(directory, "deep"));
    writeFileSync(join(directory, "deep", "a.so"), counter);
    linkSync(join(directory, "a.so"), join(directory, "hard.so"));
    const { init, answers } = await answersAfter(
      directory,
      ["open /lib/a.so 2", "open /lib/deep/a.so 2", "call 0 count 1", "call 0 count 1", "call 1 count 1"],
      ["open /lib/a.so 2", "open /lib/deep/a.so 2", "open a.so 2", "call 0 count 1", "call 1 count 1"],
    );
    expect(init).toEqual(["0", "1", "1", "2", "1"]);
    everywhere(answers, ["0", "1", "0", "3", "2"]);
  });
});

test("names that only directories can have", async () => {
  const names = ["/lib/a.so/", "/lib/a.so/.", "/lib/a.so/x/..", "/lib/./a.so/"];
  const directory = directoryOf({ "a.so": counter });
  const { init, answers } = await answersAfter(
    directory,
    [...names.map((name) => `open ${name} 2`), "open /lib/a.so 2", ...names.map((name) => `open ${name} 2`)],
    ["open /lib/x/../a.so 2"],
  );
  const errors = names.map((name) => `Error loading shared library ${name}: No such file or directory`);
  expect(init).toEqual([...errors, "0", ...errors]);
  everywhere(answers, ["0"]);
});

test("names that are not in UTF-8 are errors", async () => {
  const program = await dlProgram(
    `#include <dlfcn.h>
    #include <string.h>
    static const char *const names[] = {
      "\\xff.so", "a\\x80", "\\xc1\\x81", "\\xed\\xa0\\x80", "\\xf4\\x90\\x80\\x80", "\\xe6\\x97", "\\xf8\\x88\\x80\\x80\\x80"};
    #define COUNT (sizeof names / sizeof *names)
    __attribute__((export_name("check"))) int check(void) {
      int good = 0;
      for (unsigned i = 0; i < COUNT; i++) {
        good += dlopen(names[i], RTLD_NOW) == NULL && strcmp(dlerror(), "The name is not in UTF-8") == 0;
        good += dlsym(RTLD_DEFAULT, names[i]) == NULL && strcmp(dlerror(), "The name is not in UTF-8") == 0;
      }
      /* The longest of each length, and the shortest. */
      good += dlsym(RTLD_DEFAULT, "\\x7f\\xc2\\x80\\xdf\\xbf\\xe0\\xa0\\x80\\xef\\xbf\\xbf\\xf0\\x90\\x80\\x80\\xf4\\x8f\\xbf\\xbf") == NULL
        && strncmp(dlerror(), "Symbol not found", 16) == 0;
      return good == 2 * COUNT + 1;
    }`,
    "export check: func() -> s32;",
  );
  const { results } = await invoke(await prepare(instrument(program)), ["check()"]);
  expect(results).toEqual([1]);
  const { component } = await preinitialize(program, { initFunc: "check", keepInitFunc: true, verify: true });
  for (const { available, session } of ALL_ENGINES) {
    if (available) expect((await session(component, { calls: [{ export: "check" }] })).outcomes).toEqual([{ ok: 1 }]);
  }
});
