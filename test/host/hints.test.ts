import { beforeAll, describe, expect, test } from "vitest";
import { ErrorResult } from "../../src/host/failure.js";
import { type Hint, likely } from "../../src/host/hints.js";
import { type PreinitializeOptions, preinitialize } from "../../src/index.js";
import { compileC, componentize, REACTOR_FLAGS } from "../support/clang.js";
import { directoryOf } from "../support/dlopen.js";
import { jcoSession } from "../support/jco.js";
import { refusal } from "../support/refusal.js";
import { wat } from "../support/wat.js";

const NAMES = ["rust-panic", "python-error", "no-variable", "silent", "no-file", "no-write", "full", "out-of-memory"];
const WORLD = `package t:t; world w { ${NAMES.map((name) => `export ${name}: func();`).join(" ")} }`;

/** Programs that fail for one thing, and have asked for others that they can do without. */
const PROGRAM = `
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#define EXPORT(name) __attribute__((export_name(name)))
static void *volatile kept;
static void say(const char *text) { fputs(text, stderr); }

EXPORT("rust-panic") void rust_panic(void) {
  getenv("RUST_BACKTRACE");
  say("\\nthread 'main' panicked at src/main.rs:5:64:\\nindex out of bounds: the len is 0 but the index is 7\\n"
      "note: run with \`RUST_BACKTRACE=1\` environment variable to display a backtrace\\n");
  abort();
}
EXPORT("python-error") void python_error(void) {
  getenv("PYTHONHOME");
  mkdir("/data/__pycache__", 0777);
  say("Traceback (most recent call last):\\n  File \\"/data/app.py\\", line 1, in <module>\\nNameError: name 'x' is not defined\\n");
  exit(1);
}
EXPORT("no-variable") void no_variable(void) {
  if (!getenv("MODE")) { mkdir("/data/made", 0777); say("MODE is not set\\n"); exit(1); }
}
EXPORT("silent") void silent(void) {
  if (!getenv("MODE")) { mkdir("/data/made", 0777); abort(); }
}
EXPORT("no-file") void no_file(void) {
  getenv("MODE");
  if (!fopen("/data/missing", "r")) { perror("missing"); exit(1); }
}
EXPORT("no-write") void no_write(void) {
  getenv("MODE");
  if (!fopen("/data/new", "w")) { perror("new"); exit(1); }
}
EXPORT("full") void full(void) {
  static char block[65536];
  getenv("MODE");
  FILE *file = fopen("/data/new", "w");
  setvbuf(file, NULL, _IONBF, 0);
  if (fwrite(block, 1, sizeof block, file) != sizeof block) { perror("new"); exit(1); }
}
EXPORT("out-of-memory") void out_of_memory(void) {
  getenv("MODE");
  for (;;) if (!(kept = malloc(1 << 20))) { say("cannot allocate\\n"); abort(); }
}
`;

const VARIABLES = "the guest asked for environment variables, and none is granted (--env NAME=VALUE)";
const DIRECTORIES = "the guest asked for directories, and none is granted (--dir HOST::GUEST)";
const UNREAD = "the guest asked for directories, and read no file in those that it got: /data (--dir HOST::GUEST)";
const READ_ONLY =
  "  wasi:filesystem/types in /data answered read-only (grant it with --dir HOST::/data::rw, or ::overlay)";
const SPACE = "the guest wanted to write more than 32768 bytes (--max-written)";
const MEMORY = "after a memory was kept from growing beyond 4194304 bytes (--max-memory)";

let program: Uint8Array;

beforeAll(async () => {
  program = await componentize(await compileC({ "program.c": PROGRAM }, REACTOR_FLAGS), WORLD);
});

/** What an error says that is no word of the guest's and no stack. */
async function hintsOf(initFunc: string, options: PreinitializeOptions = {}): Promise<string[]> {
  const error = await refusal(program, { initFunc, ...options }, "init-trapped", "init-exited");
  const own = error.details.filter((line) => /^the guest|^ {2}wasi:/.test(line));
  return [...(/, (after .*)$/.exec(error.message)?.slice(1) ?? []), ...own];
}

const IN = (mode: "ro" | "overlay" = "ro") => ({ preopens: [{ host: directoryOf({}), guest: "/data", mode }] });
const LIMITED = { maxMemory: 4 * 2 ** 20, maxWritten: 32768 };

describe("a program that failed", () => {
  test("in Rust's way of panicking comes without a word about the variable that every panic looks for", async () => {
    expect(await hintsOf("rust-panic")).toEqual([]);
  });

  test("for a mistake comes without a word about the cache that it could not write", async () => {
    expect(await hintsOf("python-error", IN())).toEqual([]);
  });

  test.each([
    ["no-variable", [VARIABLES]],
    ["no-file", [UNREAD]],
    ["no-write", [READ_ONLY]],
    ["silent", [READ_ONLY, VARIABLES]],
  ])("for what it speaks of (%s) comes with that alone", async (name, hints) => {
    expect(await hintsOf(name, { ...IN(), ...LIMITED })).toEqual(hints);
  });

  test("for a file and has no directory at all is told so", async () => {
    expect(await hintsOf("no-file")).toEqual([DIRECTORIES]);
  });

  test("with the variables that it was given has none to be told of", async () => {
    expect(await hintsOf("silent", { env: { OTHER: "1" }, ...IN() })).toEqual([READ_ONLY]);
  });

  test("for a limit of ours is told which", async () => {
    expect(await hintsOf("full", { ...IN("overlay"), ...LIMITED })).toEqual([SPACE]);
    expect(await hintsOf("out-of-memory", LIMITED)).toEqual([MEMORY]);
  });
});

describe("what can be the cause", () => {
  const hint = (subject: RegExp): Hint => ({ lines: ["a line"], subject });
  const silent = { stdout: "", stderr: "" };

  test.each([
    ["nothing", undefined, silent, 1],
    ["nothing but a log", undefined, { stdout: "starting\n", stderr: "" }, 1],
    ["a number", new ErrorResult(44n), silent, 1],
    ["an error without a value", new ErrorResult(undefined), silent, 1],
    ["something else", undefined, { stdout: "", stderr: "no luck\n" }, 0],
    ["something else in its error", new ErrorResult({ tag: "no-luck" }), silent, 0],
    ["it", undefined, { stdout: "", stderr: "bad egg\n" }, 1],
    ["it in its error", new ErrorResult("bad egg"), silent, 1],
    ["it on the other stream", undefined, { stdout: "bad egg\n", stderr: "giving up\n" }, 1],
    ["it long before", undefined, { stdout: "", stderr: `bad egg\n${"and so on\n".repeat(50)}` }, 0],
    ["Rust's advice alone", undefined, { stdout: "", stderr: "note: run with `RUST_BACKTRACE=1` for an egg\n" }, 1],
  ])("when the guest has said %s", (_, cause, output, count) => {
    expect(likely([hint(/egg/)], cause, output)).toHaveLength(count);
  });
});

describe("a memory that could not grow", () => {
  const PAGES = 65536;

  /** Traps when its memory does not grow by so many pages. */
  const growing = (memory: string, pages: string, more = "") =>
    wat(`(component
      (core module $owner ${memory} (func (export "nothing")))
      (core instance $owner (instantiate $owner))
      (core module $m (import "owner" "m" (memory $m ${memory.includes("i64") ? "i64" : ""} 0)) ${more}
        (func (export "init") (if (i32.eq (i32.const -1) ${pages}) (then unreachable))))
      (core instance $i (instantiate $m (with "owner" (instance $owner))))
      (func (export "init") (canon lift (core func $i "init"))))`);

  test.each([
    ["beyond the limit", '(memory (export "m") 1)', "(memory.grow (i32.const 2))", true],
    ["of 64 bits", '(memory (export "m") i64 1)', "(i32.wrap_i64 (memory.grow (i64.const 2)))", true],
    ["after it has grown", '(memory (export "m") 1)', "(memory.grow (memory.grow (i32.const 1)))", true],
    ["beyond what any can have", '(memory (export "m") 1)', "(memory.grow (i32.const 65536))", false],
    ["never", '(memory (export "m") 1)', "(i32.sub (memory.grow (i32.const 1)) (i32.const 2))", false],
  ])("%s", async (_, memory, pages, isToldOf) => {
    const options = { initFunc: "init", maxMemory: 2 * PAGES };
    const error = await refusal(await growing(memory, pages), options, "init-trapped");
    expect(error.message.includes("kept from growing beyond 131072 bytes (--max-memory)")).toBe(isToldOf);
  });

  test("beyond its own maximum is no matter of the limit", async () => {
    const own = (maximum: number) =>
      wat(`(component (core module $m (memory 1 ${maximum})
        (func (export "init") (if (i32.eq (i32.const -1) (memory.grow (i32.const 3))) (then unreachable))))
        (core instance $i (instantiate $m)) (func (export "init") (canon lift (core func $i "init"))))`);
    const message = async (maximum: number) =>
      (await refusal(await own(maximum), { initFunc: "init", maxMemory: 2 * PAGES }, "init-trapped")).message;
    expect(await message(4)).toContain("--max-memory");
    expect(await message(3)).not.toContain("--max-memory");
    expect(await message(2)).not.toContain("--max-memory");
  });

  test("leaves code that grows several memories in several places as it was", async () => {
    const component = await wat(`(component
      (core module $m (memory $a 1) (memory $b i64 1) (global $log (mut i64) (i64.const 0))
        (func $note (param i64) (global.set $log (i64.add (i64.mul (global.get $log) (i64.const 10)) (local.get 0))))
        (func (export "init") (local i32)
          (call $note (i64.extend_i32_s (memory.grow $a (i32.const 1))))
          (loop $l (block $out (br_if $out (i32.eq (memory.grow $a (i32.const 1)) (i32.const -1)))
            (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br $l)))
          (call $note (i64.extend_i32_s (local.get 0)))
          (call $note (memory.grow $b (i64.const 2))) (call $note (memory.grow $b (i64.const 9)))
          (call $note (i64.extend_i32_s (memory.size $a))) (call $note (memory.size $b)))
        (func (export "log") (result i32) (i32.wrap_i64 (global.get $log))))
      (core instance $i (instantiate $m))
      (func (export "init") (canon lift (core func $i "init")))
      (func (export "log") (result s32) (canon lift (core func $i "log"))))`);
    const { report, component: output } = await preinitialize(component, {
      initFunc: "init",
      maxMemory: 4 * PAGES,
      verify: true,
    });
    expect(report.memories.map(({ pagesAfter }) => pagesAfter)).toEqual([4, 3]);
    const { outcomes } = await jcoSession(output, { calls: [{ export: "log" }] });
    // 1 page before, 2 more that were had, 1 before, refused, and then 4 and 3 pages.
    expect(outcomes).toEqual([{ ok: 120943 }]);
  });
});
