import { execFileSync } from "node:child_process";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { jcoSession } from "../support/jco.js";
import { watLibrary } from "../support/libraries.js";
import { wat } from "../support/wat.js";
import { cli, useWorkspace } from "./cli.js";

const { path, write } = useWorkspace();
const ENV = '(import "env" "memory" (memory 1))';

const WORLD = { wit: "package test:test; world w { export init: func(); export run: func() -> s32; }", world: "w" };
const program = (needed: string) => `(module (@dylink.0 (needed "${needed}")) ${ENV}
  (import "env" "help" (func $help (result i32)))
  (global $ready (mut i32) (i32.const 0))
  (func (export "init") (global.set $ready (call $help)))
  (func (export "run") (result i32) (global.get $ready)))`;
const HELP = `(import "env" "deep" (func $deep (result i32)))
  (func (export "help") (result i32) (i32.add (call $deep) (i32.const 2)))`;

beforeAll(async () => {
  await write("app.so", (await watLibrary("app.so", program("libhelp.so"), WORLD)).bytes);
  const help = await wat(`(module (@dylink.0 (needed "libdeep.so") (runtime-path "$ORIGIN/deep")) ${ENV} ${HELP})`);
  const deep = await wat(`(module (@dylink.0) ${ENV} (func (export "deep") (result i32) (i32.const 40)))`);
  await mkdir(path("lib/deep"), { recursive: true });
  await writeFile(path("lib/libhelp.so"), help);
  await writeFile(path("lib/deep/libdeep.so"), deep);
  execFileSync("tar", ["czf", path("lib.tar.gz"), "-C", path("lib"), "."]);
});

const inWorkspace = (...args: string[]) => cli(args, { cwd: path(".") });

async function answerOf(name: string): Promise<unknown> {
  const calls = [{ export: "init" }, { export: "run" }];
  const { outcomes } = await jcoSession(await readFile(path(name)), { calls });
  return outcomes[1];
}

describe("link", () => {
  test.each([
    ["a search path, and the libraries' own", ["app.so", "-L", "lib"]],
    ["a directory", ["app.so", "lib"]],
    ["an archive", ["app.so", "lib.tar.gz"]],
    ["files", ["app.so", "lib/libhelp.so", "lib/deep/libdeep.so"]],
    ["names", ["program=app.so", "libhelp.so=lib/libhelp.so", "libdeep.so=lib/deep/libdeep.so"]],
  ])("finds libraries by %s", async (_, args) => {
    const { exitCode, stderr } = await inWorkspace("link", ...args, "-o", "out.wasm");
    expect(stderr).toMatch(/^out\.wasm: .*, 3 libraries: /);
    expect(exitCode).toBe(0);
    expect(await answerOf("out.wasm")).toEqual({ ok: 42 });
  });

  test("finds what is next to a library in a directory of any name", async () => {
    const directory = path("a$&b");
    await mkdir(directory, { recursive: true });
    await copyFile(path("app.so"), join(directory, "program.so"));
    const need = (name: string, runtimePath: string) =>
      wat(`(module (@dylink.0 (needed "${name}") (runtime-path "${runtimePath}")) ${ENV}
        (func (export "help") (result i32) (i32.const 42)))`);
    await writeFile(path("a$&b/libhelp.so"), await need("libnext.so", "$ORIGIN"));
    await writeFile(path("a$&b/libnext.so"), await wat("(module (@dylink.0))"));
    const { stderr } = await inWorkspace("link", "a$&b/program.so", "a$&b/libhelp.so", "-o", "next.wasm");
    expect(stderr).toMatch(/^next\.wasm: .*, 3 libraries: /);
  });

  test.each([
    ["a file of another directory", "../secret.so", ""],
    ["a device", "null", "/dev"],
    ["what is in a directory that only starts like its own", "libother.so", "$ORIGINAL"],
  ])("does not read %s for a library", async (_, needed, runtimePath) => {
    const library = await wat("(module (@dylink.0))");
    await writeFile(path("secret.so"), library);
    for (const directory of ["untrusted", "untrustedAL"]) await mkdir(path(directory), { recursive: true });
    await writeFile(path("untrustedAL/libother.so"), library);
    const text = `(module (@dylink.0 (needed "${needed}") (runtime-path "${runtimePath}")) ${ENV}
      (func (export "help") (result i32) (i32.const 42)))`;
    await writeFile(path("untrusted/libhelp.so"), await wat(text));
    const { exitCode, stderr } = await inWorkspace(
      ...["link", "app.so", "untrusted/libhelp.so", "-L", "lib", "-o", "x.wasm"],
    );
    expect(stderr).toContain(`libhelp.so needs the library ${needed}, which is not given`);
    expect(exitCode).toBe(1);
  });

  test("reports as JSON", async () => {
    const { stdout } = await inWorkspace(
      "link",
      "app.so",
      "-L",
      "lib",
      "-o",
      "json.wasm",
      "--stack-size",
      "64KiB",
      "--json",
    );
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      libraries: [{ name: "app.so" }, { name: "libhelp.so" }, { name: "libdeep.so" }],
      order: ["libdeep.so", "libhelp.so", "app.so"],
      leftOut: [],
      stackSize: 65536,
    });
  });

  test.each([
    ["nothing", ["link", "-o", "x.wasm"], 2, /a library is missing: component-init link LIBRARY\.\.\. -o OUTPUT/],
    ["no output", ["link", "app.so"], 2, /the output is missing/],
    ["a missing file", ["link", "no.so", "-o", "x.wasm"], 1, /cannot read the library no\.so: it does not exist/],
    [
      "a missing library",
      ["link", "app.so", "-o", "x.wasm"],
      1,
      /app\.so needs the library libhelp\.so, which is not given/,
    ],
    [
      "an empty directory",
      ["link", "app.so", "empty", "-o", "x.wasm"],
      1,
      /there is no library \(\.so, \.wasm\) in empty$/m,
    ],
    ["an output that is a library", ["link", "app.so", "-o", "app.so"], 2, /is the same file as the input app\.so/],
    ["an empty name", ["link", "=app.so", "-o", "x.wasm"], 2, /=app\.so: FILE or NAME=FILE is expected/],
    ["an unknown option", ["link", "app.so", "--adap", "x"], 2, /there is no option --adap: did you mean --adapt\?/],
    [
      "a stack that is no size",
      ["link", "app.so", "-o", "x.wasm", "--stack-size", "big"],
      2,
      /--stack-size big: a size/,
    ],
  ])("%s is an error", async (_, args, code, says) => {
    await mkdir(path("empty"), { recursive: true });
    const { exitCode, stderr } = await inWorkspace(...args);
    expect(stderr).toMatch(says);
    expect(exitCode).toBe(code);
  });
});

describe("run with libraries", () => {
  const resultOf = async (name: string) => {
    const { outcomes } = await jcoSession(await readFile(path(name)), { calls: [{ export: "run" }] });
    return outcomes[0];
  };

  test("links first and then initializes", async () => {
    const { exitCode } = await inWorkspace("run", "--lib", "app.so", "-L", "lib", "-o", "run.wasm", "-f", "init");
    expect(exitCode).toBe(0);
    expect(await resultOf("run.wasm")).toEqual({ ok: 42 });
  });

  test("takes them from the manifest", async () => {
    await mkdir(path("project"), { recursive: true });
    const manifest = { sharedLibs: ["../app.so", "../lib.tar.gz"], output: "out.wasm", init: "init" };
    await writeFile(path("project/component-init.json"), JSON.stringify(manifest));
    expect(await cli(["run"], { cwd: path("project") })).toMatchObject({ exitCode: 0 });
    expect(await resultOf(join("project", "out.wasm"))).toEqual({ ok: 42 });
  });

  test("takes no input then", async () => {
    const { exitCode, stderr } = await inWorkspace("run", "app.wasm", "--lib", "app.so", "-o", "x.wasm");
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/give either --lib or INPUT/);
  });
});

/** A section that wasm-tools writes only in its new form: 8 bytes of data, aligned to 4, no table, and a library that it needs. */
const OLD_DYLINK = '(@custom "dylink" (before first) "\\08\\02\\00\\00\\01\\0alibdeep.so")';

describe("libraries that are called .wasm", () => {
  beforeAll(async () => {
    await mkdir(path("wasm/deep"), { recursive: true });
    await mkdir(path("others"), { recursive: true });
    await mkdir(path("old"), { recursive: true });
    await copyFile(path("lib/deep/libdeep.so"), path("wasm/deep/libdeep.wasm"));
    const library = (fields: string) => wat(`(module (@dylink.0 (needed "libdeep.wasm")) ${ENV} ${fields})`);
    await write("wasm/libhelp.wasm", await library(HELP));
    await write("program.so", (await watLibrary("program.so", program("libhelp.wasm"), WORLD)).bytes);
    for (const directory of ["wasm", "others"]) {
      await write(`${directory}/program.wasm`, await wat("(module)"));
      await write(`${directory}/component.wasm`, await wat("(component)"));
      await write(`${directory}/text.wasm`, "no WebAssembly at all");
      await write(`${directory}/cut.wasm`, (await readFile(path("lib/libhelp.so"))).subarray(0, 12));
    }
    execFileSync("tar", ["czf", path("wasm.tar.gz"), "-C", path("wasm"), "."]);
    execFileSync("tar", ["czf", path("others.tar.gz"), "-C", path("others"), "."]);
  });

  test.each(["wasm", "wasm.tar.gz"])("are found in %s, among others", async (libraries) => {
    const { exitCode, stderr } = await inWorkspace("link", "program.so", libraries, "-o", "out.wasm");
    expect(stderr).toMatch(/^out\.wasm: .*, 3 libraries: /);
    expect(exitCode).toBe(0);
    expect(await answerOf("out.wasm")).toEqual({ ok: 42 });
  });

  test.each(["others", "others.tar.gz"])("are not found in %s", async (libraries) => {
    const { exitCode, stderr } = await inWorkspace("link", "program.so", libraries, "-o", "none.wasm");
    expect(stderr).toContain(
      `there is no library (.so, .wasm) in ${libraries}, and no .wasm in it has a dylink.0 section`,
    );
    expect(exitCode).toBe(1);
  });

  test("of the time before dylink.0", async () => {
    const help = await wat(`(module ${OLD_DYLINK} ${ENV} (import "env" "__memory_base" (global $base i32))
      (import "env" "deep" (func $deep (result i32)))
      (data (global.get $base) "\\02\\00\\00\\00")
      (func (export "help") (result i32) (i32.add (call $deep) (i32.load (global.get $base)))))`);
    await write("old/libhelp.wasm", help);
    const args = ["app.so", "libhelp.so=old/libhelp.wasm", "lib/deep/libdeep.so"];
    const { stderr, exitCode } = await inWorkspace("link", ...args, "-o", "out.wasm");
    expect(stderr).toMatch(/^out\.wasm: .*, 3 libraries: /);
    expect(exitCode).toBe(0);
    expect(await answerOf("out.wasm")).toEqual({ ok: 42 });
    const shown = await inWorkspace("inspect-lib", "old");
    expect(shown.stdout).toMatch(/memory +8 bytes, aligned to 4\n +table +0 entries.*\n +needs +libdeep\.so\n/);
  });
});

describe("inspect-lib", () => {
  test("shows what a library is", async () => {
    const { exitCode, stdout } = await inWorkspace("inspect-lib", "app.so", "-v");
    expect(exitCode).toBe(0);
    expect(stdout.split("\n").map((line) => line.trim().replace(/ +/g, " "))).toEqual([
      expect.stringMatching(/^app\.so: \d+ bytes$/),
      "memory 0 bytes, aligned to 1",
      "table 0 entries, aligned to 1",
      "needs libhelp.so",
      "world exports init run",
      "wants functions help",
      "defines functions init run",
      "",
    ]);
  });

  test("as JSON too", async () => {
    const { stdout } = await inWorkspace("inspect-lib", "lib/libhelp.so", "--json");
    expect(JSON.parse(stdout)).toMatchObject([
      { name: "libhelp.so", needed: ["libdeep.so"], wants: { functions: ["deep"] }, defines: { functions: ["help"] } },
    ]);
  });

  test("shows what cannot be linked, and why", async () => {
    const main = await wat(`(module (@dylink.0 (mem-info (memory 4 2)) (needed "libc.so"))
      (import "env" "abort" (func)) (import "env" "stacks" (global i32)) (import "GOT.func" "twice" (global i64))
      (import "GOT.mem" "data" (global (mut i32))) (import "js" "alert" (func (param externref)))
      (memory (export "memory") 16 16) (table (export "__indirect_function_table") 1 funcref)
      (global (export "value") i32 (i32.const 8))
      (func (export "main") (result i32) (i32.const 0))
      (func (export "_initialize")) (func (export "__wasm_call_ctors")))`);
    await write("main.wasm", main);
    const { stdout, exitCode } = await inWorkspace("inspect-lib", "main.wasm");
    expect(exitCode).toBe(0);
    expect(stdout.split("\n")).toEqual([
      `main.wasm: ${main.length} bytes`,
      "  memory              4 bytes, aligned to 4",
      "  table               0 entries, aligned to 1",
      "  needs               libc.so",
      "  constructors        __wasm_call_ctors",
      "  wants functions     1",
      "  wants data          1",
      "  defines functions   1",
      "  defines data        1",
      "  cannot be linked    it has a memory or table of its own: compile it with -fPIC and link it with -shared (and 3 more)",
      "  imports             js: 1",
      "",
    ]);
    const { stdout: json } = await inWorkspace("inspect-lib", "--json", "main.wasm");
    expect(JSON.parse(json)[0].problems).toHaveLength(4);
    const linked = await inWorkspace("link", "main.wasm", "-o", "none.wasm");
    expect(linked.stderr).toMatch(/library main\.wasm: it has a memory or table of its own/);
  });

  test("says what is no library", async () => {
    await write("module.wasm", await wat("(module)"));
    const { exitCode, stderr } = await inWorkspace("inspect-lib", "module.wasm");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error: library module\.wasm: it is no dynamic library/);
  });
});
