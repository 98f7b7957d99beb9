import { describe, expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { ALL_ENGINES } from "../support/differential.js";
import { checkScripted, directoryOf, dlProgram, scriptedProgram, textLibrary } from "../support/dlopen.js";
import { cLibrary } from "../support/libraries.js";
import { wat } from "../support/wat.js";

const NOW = 2;
const IF_OPEN = NOW | 4;
const GLOBAL = NOW | 256;

/** Opens b.so in its constructor, and then does something else. */
const opensB = (then: string) =>
  textLibrary(
    "(mem-info (memory 16 0))",
    `(import "env" "dlopen" (func $dlopen (param i32 i32) (result i32)))
    (import "env" "dlclose" (func $dlclose (param i32) (result i32)))
    (data (global.get $memory_base) "/lib/b.so\\00")
    (func (export "seven") (param i32) (result i32) (i32.const 7))
    (func (export "_initialize") (local $b i32)
      (local.set $b (call $dlopen (global.get $memory_base) (i32.const ${NOW})))
      ${then})`,
  );

/** Calls what a.so defines. */
const usesA = (dylink: string) =>
  textLibrary(
    dylink,
    `(import "env" "seven" (func $seven (param i32) (result i32)))
    (func (export "eight") (param i32) (result i32) (i32.add (call $seven (local.get 0)) (i32.const 1)))`,
  );

describe("while constructors run", () => {
  test("a library stays open when they close another one", async () => {
    await checkScripted({
      libraries: { "a.so": opensB("(drop (call $dlclose (local.get $b)))"), "b.so": "int unused(int n) { return n; }" },
      init: [[`open /lib/a.so ${NOW}`, 0]],
      after: [["call 0 seven 0", 7]],
    });
  });

  test("a library that is opened with RTLD_GLOBAL has its symbols for those that they open", async () => {
    await checkScripted({
      libraries: { "a.so": opensB(""), "b.so": usesA("") },
      init: [
        [`open /lib/a.so ${GLOBAL}`, 0],
        [`open /lib/b.so ${IF_OPEN}`, 1],
      ],
      after: [["call 1 eight 0", 8]],
    });
  });
});

describe("what a library that fails has left behind goes", () => {
  test("those that its constructors opened and that need it", async () => {
    const report = await checkScripted({
      libraries: { "a.so": opensB("unreachable"), "b.so": usesA('(needed "a.so")') },
      init: [
        [`open /lib/a.so ${NOW}`, "Error loading shared library a.so: its constructors: unreachable"],
        [`open /lib/b.so ${IF_OPEN}`, "Library is not already loaded: /lib/b.so"],
      ],
      after: [["call default host_double 4", 8]],
    });
    expect(report.dlopen?.open).toEqual([]);
  });

  test("the places of what it needs among what is global", async () => {
    const traps = textLibrary('(needed "b.so") (runtime-path "$ORIGIN")', '(func (export "_initialize") unreachable)');
    await checkScripted({
      libraries: { "a.so": traps, "b.so": "int of_b(int n) { return n; }" },
      init: [
        [`open /lib/b.so ${NOW}`, 0],
        [`open /lib/a.so ${GLOBAL}`, "Error loading shared library a.so: its constructors: unreachable"],
        ["call default of_b 1", "Symbol not found: of_b"],
      ],
      after: [["call default of_b 1", "Symbol not found: of_b"]],
    });
  });
});

test("a library stays that another one has the address of, in whatever order they were instantiated", async () => {
  const data = (bytes: string) => `(data (global.get $memory_base) "${bytes}\\00\\00\\00")`;
  await checkScripted({
    libraries: {
      "root.so": textLibrary('(needed "a.so" "b.so") (runtime-path "$ORIGIN")', ""),
      "a.so": textLibrary(
        "",
        `(import "GOT.mem" "of_b" (global $of_b (mut i32)))
        (func (export "peek") (param i32) (result i32) (i32.load (global.get $of_b)))`,
      ),
      "b.so": textLibrary("(mem-info (memory 4 2))", `(global (export "of_b") i32 (i32.const 0)) ${data("\\2a")}`),
      "c.so": textLibrary("(mem-info (memory 4 2))", data("\\ff")),
    },
    init: [
      [`open /lib/root.so ${NOW}`, 0],
      [`open a.so ${NOW}`, 1],
      ["close 0", 0],
      [`open /lib/c.so ${NOW}`, 2],
      ["call 1 peek 0", 42],
    ],
    after: [["call 1 peek 0", 42]],
  });
});

test("a body that cannot be read is the library's fault, and not the end", async () => {
  const bytes = await wat(textLibrary("", '(data $d "a") (func (data.drop $d) (nop) (nop) (nop))'));
  const at = Buffer.from(bytes).lastIndexOf(Buffer.of(1, 1, 1, 11));
  bytes[at] = 0xff;
  const preopens = [{ host: directoryOf({ "a.so": bytes }), guest: "/lib" }];
  const initFunc = `run("open /lib/a.so ${NOW}")`;
  const { report } = await preinitialize(await scriptedProgram(), { initFunc, preopens });
  const error = expect.stringMatching(
    /^Error loading shared library \/lib\/a.so: unknown instruction 0xff at offset 0x/,
  );
  expect(report.dlopen?.failures).toEqual([{ call: "open", name: "/lib/a.so", error }]);
});

test("an address that only wraps around is one all the same", async () => {
  await checkScripted({
    libraries: { "a.so": textLibrary("(mem-info (memory 8 2))", '(global (export "before") i32 (i32.const -4))') },
    init: [[`open /lib/a.so ${NOW}`, 0]],
    after: [["same 0 before 0 before", 1]],
  });
});

const EXITING = `
#include <dlfcn.h>
#include <stdlib.h>
int (*hook)(int);
int first(int n) { return n + 1; }
void leave(void) { exit(0); }
__attribute__((export_name("init"))) int init(void) { return dlopen("/lib/a.so", RTLD_NOW) != NULL; }
__attribute__((export_name("call"))) int call(int n) { return hook == NULL ? -1 : hook(n); }`;

test("exit(0) in a constructor leaves its library where it is", async () => {
  const wit = "export init: func() -> s32; export call: func(n: s32) -> s32;";
  const component = await dlProgram(EXITING, wit);
  const source = `extern int (*hook)(int); extern void leave(void);
    static int hundred(int n) { return n + 100; }
    __attribute__((constructor)) static void start(void) { hook = hundred; leave(); }`;
  const { bytes } = await cLibrary("a.so", source);
  const preopens = [{ host: directoryOf({ "a.so": bytes }), guest: "/lib" }];
  const { component: output } = await preinitialize(component, { initFunc: "init", preopens, verify: true });
  for (const { available, session } of ALL_ENGINES) {
    if (!available) continue;
    const { outcomes } = await session(output, { calls: [{ export: "call", args: [3] }] });
    expect(outcomes).toEqual([{ ok: 103 }]);
  }
});
