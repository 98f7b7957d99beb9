import { describe, expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { directoryOf, scriptedProgram, textLibrary } from "../support/dlopen.js";
import { wat } from "../support/wat.js";
import { expectLinear, growthOn } from "./growth.js";

const times = (n: number, item: (i: number) => string) => Array.from({ length: n }, (_, i) => item(i)).join("\n");

type Libraries = Readonly<Record<string, string>>;

/** `n` functions of one library that another one imports in some way. */
const pair = (imported: (i: number) => string, defined: (i: number) => string) => (n: number) => ({
  "a.so": textLibrary('(needed "b.so")', times(n, imported)),
  "b.so": textLibrary("", times(n, defined)),
});

const CASES: Readonly<Record<string, (n: number) => Libraries>> = {
  "functions that another library calls": pair(
    (i) => `(import "env" "g${i}" (func))`,
    (i) => `(func (export "g${i}"))`,
  ),
  "functions whose addresses another library takes": pair(
    (i) => `(import "GOT.func" "g${i}" (global (mut i32)))`,
    (i) => `(func (export "g${i}"))`,
  ),
  "data that another library refers to": pair(
    (i) => `(import "GOT.mem" "g${i}" (global (mut i32)))`,
    (i) => `(global (export "g${i}") i32 (i32.const ${i}))`,
  ),
  "functions that a library has": (n) => ({
    "a.so": textLibrary(
      "",
      times(n, (i) => `(func (export "g${i}"))`),
    ),
  }),
  "functions that a library calls of itself": (n) => ({
    "a.so": textLibrary(
      "",
      times(n, (i) => `(import "GOT.func" "g${i}" (global (mut i32)))`) + times(n, (i) => `(func (export "g${i}"))`),
    ),
  }),
};

describe("opening libraries takes work that is linear in", () => {
  test.each(Object.entries(CASES))("%s", async (what, librariesOf) => {
    const component = await scriptedProgram();
    const make = async (n: number) => {
      const built = Object.entries(librariesOf(n)).map(async ([name, text]) => [name, await wat(text)] as const);
      return directoryOf(Object.fromEntries(await Promise.all(built)));
    };
    const initialize = async (host: string) => {
      const preopens = [{ host, guest: "/lib" }];
      const env = { LD_LIBRARY_PATH: "/lib" };
      const settings = { initFunc: 'run("open /lib/a.so 2")', keepInitFunc: true, preopens, env };
      const { report } = await preinitialize(component, settings);
      const plan = JSON.parse(JSON.stringify(report.dlopen?.plan));
      expect(plan.loads).toHaveLength(1);
      await preinitialize(component, { ...settings, gc: true, dlopen: { plan } });
    };
    expectLinear(what, await growthOn(130, make, initialize));
  });
});
