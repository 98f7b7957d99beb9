import { describe, expect, test } from "vitest";
import { type PreinitializeOptions, preinitialize } from "../../src/index.js";
import { checkOriginal, checkOutput, type DifferentialCase, enginesWith, outputOf } from "../support/differential.js";
import { fixturePreopen, loadProgram } from "../support/fixtures.js";
import type { Call, Outcome, WasiSettings } from "../support/session.js";

const DATA = fixturePreopen("c-libc", "/data");
const OTHER = fixturePreopen("c-libc", "/other", "other");
const NOT_FOUND = "No such file or directory";
const RESET = "-Wl,--export=__wasilibc_reset_preopens";

const bytes = (text: string) => new TextEncoder().encode(text);
const call = (name: string, ...args: string[]): Call => ({ export: name, args });
const ok = (...values: (string | number | null)[]): Outcome[] => values.map((value) => ({ ok: value }));

async function outputWith(flags: readonly string[], options: PreinitializeOptions) {
  return preinitialize(await loadProgram("c-libc", flags), options);
}

/** Where the program finds which directories, and what it then reads by the four paths. */
const LATER: readonly [string, WasiSettings["preopens"] & object, readonly string[]][] = [
  ["none", [], [NOT_FOUND, NOT_FOUND, NOT_FOUND, NOT_FOUND]],
  ["the same", [DATA], ["data one", NOT_FOUND, "name.txt ", NOT_FOUND]],
  ["another", [OTHER], [NOT_FOUND, "other one", NOT_FOUND, "name.txt "]],
  ["more, in another order", [OTHER, DATA], ["data one", "other one", "name.txt ", "name.txt "]],
];
const PATHS = [call("read", "/data/name.txt"), call("read", "/other/name.txt"), call("names", "/data")];
const ALL_PATHS = [...PATHS, call("names", "/other")];

const BUILDS: readonly [string, readonly string[]][] = [
  ["with names", []],
  ["stripped", ["-Wl,--strip-all"]],
  ["that exports __wasilibc_reset_preopens", ["-Wl,--strip-all", RESET]],
];

describe.each(BUILDS)("paths in a program %s", (_build, flags) => {
  describe.each([
    ["no directory is given to init", []],
    ["init has one", [DATA]],
  ])("%s", (_given, preopens) => {
    test.each(["nothing", "look", "look-for-none"])("and calls %s", async (initFunc) => {
      const { component, report } = await outputWith(flags, { initFunc, preopens });
      expect(report).toMatchObject({ warnings: [], handles: [] });
      for (const { session, name } of enginesWith("directories").filter(({ available }) => available)) {
        for (const [what, later, expected] of LATER) {
          const { outcomes } = await session(component, { calls: ALL_PATHS, wasi: { preopens: later } });
          expect(outcomes, `${what} in ${name}`).toEqual(ok(...expected));
        }
      }
    });
  });
});

describe.each(BUILDS)("a program %s that remembers directories", (_build, flags) => {
  const keep = { initFunc: "look", preopens: [DATA], keepInitFunc: true, forget: ["adapter"], verify: true } as const;
  const warned = [expect.stringContaining("keeps the numbers that directories had")];

  test("forgets them when its output is initialized again, although that asks for none", async () => {
    const first = await outputWith(flags, keep);
    expect(first.report.warnings).toEqual(warned);
    const second = await preinitialize(first.component, { initFunc: "nothing" });
    expect(second.report.warnings).toEqual([]);
    for (const { session, name } of enginesWith("directories").filter(({ available }) => available)) {
      for (const [what, later, expected] of LATER) {
        const { outcomes } = await session(second.component, { calls: ALL_PATHS, wasi: { preopens: later } });
        expect(outcomes, `${what} in ${name}`).toEqual(ok(...expected));
      }
    }
  });

  test("gets the warning again where it shall not", async () => {
    const first = await outputWith(flags, keep);
    const second = await preinitialize(first.component, { initFunc: "nothing", forget: [], handles: "allow" });
    expect(second.report.warnings).toEqual(warned);
  });
});

interface LibcCase {
  readonly title: string;
  readonly flags?: readonly string[];
  readonly options: PreinitializeOptions;
  readonly calls: readonly Call[];
  readonly later: WasiSettings;
  readonly outcomes: readonly Outcome[];
  readonly stdout?: string;
}

const VARIABLES = [call("variable", "MODE"), call("variable", "NEW")];
const AT_RUN_TIME = { env: { MODE: "run", NEW: "1" } };
const LINES = [call("next-line"), call("next-line"), call("next-line")];
const INPUT = { stdin: bytes("run 1\nrun 2\n") };

const cases: LibcCase[] = [
  {
    title: "the environment is read at run time where init did not read it",
    options: { initFunc: "nothing", env: { MODE: "init" } },
    calls: VARIABLES,
    later: AT_RUN_TIME,
    outcomes: ok("run", "1"),
  },
  {
    title: "the environment stays what it was when init read a variable",
    options: { initFunc: "read-environment", env: { MODE: "init" } },
    calls: VARIABLES,
    later: AT_RUN_TIME,
    outcomes: ok("init", "not set"),
  },
  {
    title: "so it does when there was none",
    options: { initFunc: "read-environment" },
    calls: VARIABLES,
    later: AT_RUN_TIME,
    outcomes: ok("not set", "not set"),
  },
  {
    title: "the environment is read again where the program exports __wasilibc_deinitialize_environ",
    flags: ["-Wl,--export=__wasilibc_deinitialize_environ"],
    options: { initFunc: "read-environment", env: { MODE: "init" } },
    calls: VARIABLES,
    later: AT_RUN_TIME,
    outcomes: ok("run", "1"),
  },
  {
    title: "what was printed and not flushed is printed at run time, once",
    options: { initFunc: "print-half" },
    calls: [call("say", "a"), call("say", "b")],
    later: {},
    outcomes: ok(null, null),
    stdout: "printed by init, a\nb\n",
  },
  {
    title: "what was read of the input and not used comes first at run time",
    options: { initFunc: "read-input", stdin: bytes("init 1\ninit 2\n") },
    calls: LINES,
    later: INPUT,
    outcomes: ok("init 2", "run 1", "run 2"),
  },
  {
    title: "an input that ended stays at its end",
    options: { initFunc: "read-input" },
    calls: LINES,
    later: INPUT,
    outcomes: ok("the end", "the end", "the end"),
  },
  {
    title: "the input starts anew after __fpurge and clearerr",
    options: { initFunc: "read-input-and-forget", stdin: bytes("init 1\ninit 2\n") },
    calls: LINES,
    later: INPUT,
    outcomes: ok("run 1", "run 2", "the end"),
  },
  {
    title: "an input that ended starts anew after clearerr",
    options: { initFunc: "read-input-and-forget" },
    calls: LINES,
    later: INPUT,
    outcomes: ok("run 1", "run 2", "the end"),
  },
  {
    title: "the current directory stays where init moved it",
    options: { initFunc: "move", preopens: [DATA] },
    calls: [call("read", "name.txt")],
    later: { preopens: [OTHER, DATA] },
    outcomes: ok("data one"),
  },
];

describe.each(enginesWith("directories"))("what libc keeps, in $name", ({ available, session }) => {
  test.runIf(available).each(cases)("$title", async ({ flags = [], options, calls, later, outcomes, stdout = "" }) => {
    const { component, report } = await outputWith(flags, options);
    expect(report.warnings).toEqual([]);
    const result = await session(component, { calls, wasi: later });
    expect(result.outcomes).toEqual(outcomes);
    expect(result.stdout).toBe(stdout);
  });

  test.runIf(available)("time and entropy are those of run time, and what init drew stays", async () => {
    const { component } = await outputWith([], { initFunc: "draw" });
    const calls = [call("drawn"), call("clock"), call("random"), call("random")];
    const [first, second] = [await session(component, { calls }), await session(component, { calls })];
    expect(first.outcomes[0]).toEqual(second.outcomes[0]);
    const [, clock, random, another] = first.outcomes as readonly { ok: string }[];
    expect(Number.parseInt(clock?.ok ?? "", 10)).toBeGreaterThanOrEqual(1_735_689_600);
    expect(random).not.toEqual(another);
  });
});

// With the same surroundings at run time as for init, a program cannot tell that it was pre-initialized.
const same: DifferentialCase[] = [
  {
    title: "reads and lists the same files",
    fixture: "c-libc",
    options: { initFunc: "look", preopens: [DATA, OTHER] },
    init: { export: "look" },
    calls: ALL_PATHS,
    expected: ok("data one", "other one", "name.txt ", "name.txt "),
    later: { preopens: [DATA, OTHER] },
  },
  {
    title: "has the same environment and directory",
    fixture: "c-libc",
    options: { initFunc: "read-environment", env: AT_RUN_TIME.env },
    init: { export: "read-environment" },
    calls: VARIABLES,
    expected: ok("run", "1"),
    later: AT_RUN_TIME,
  },
  {
    title: "opens files by numbers that were closed",
    fixture: "c-libc",
    options: { initFunc: "reuse", preopens: [DATA] },
    init: { export: "reuse" },
    calls: PATHS,
    expected: ok("data one", NOT_FOUND, "name.txt "),
    later: { preopens: [DATA] },
  },
];

describe.each(enginesWith("directories"))("a C program in $name", (engine) => {
  test.runIf(engine.available).each(same)("the original $title", (one) => checkOriginal(engine, one));

  test.runIf(engine.available).each(same)("the output $title", async (one) => {
    await checkOutput(engine, one, await outputOf(one));
  });
});
