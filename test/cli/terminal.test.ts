import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { componentize } from "../support/clang.js";
import { watLibrary } from "../support/libraries.js";
import { refusal } from "../support/refusal.js";
import { wat } from "../support/wat.js";
import { cli, hasScript, onTerminal, useWorkspace } from "./cli.js";

const { path, write } = useWorkspace();

/** A window's title, colours in two ways, right to left, two kinds of line ends, and a line like ours. */
const HOSTILE = "\u001b]0;PWNED\u0007\u001b[31m\u009b2J\u202e\u2028\nerror: forged";
const SHOWN = "\\x1b]0;PWNED\\x07\\x1b[31m\\x9b2J\\u202e\\u2028\\x0aerror: forged";

const IN_JSON = "\\u001b]0;PWNED\\u0007\\u001b[31m\\u009b2J\\u202e\\u2028\\nerror: forged";

/** What yargs takes for an option, and files can be called. */
const TITLE = "\u001b]0;PWNED\u0007";
const SHOWN_TITLE = "\\x1b]0;PWNED\\x07";

/** As a string in WebAssembly text. */
const bytesOf = (text: string) =>
  [...Buffer.from(text)].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
const N = bytesOf(HOSTILE);

const COMPONENT = `(component
  (core module $m (@name "${N}") (memory 1) (memory 1)
    (func $f (@name "${N}") (export "${N}") unreachable)
    (func (export "init") (call $f)))
  (core instance $i (@name "${N}") (instantiate $m))
  (func (export "init") (canon lift (core func $i "init"))))`;

/** Prints to both of its streams. */
const printer = (text: string) => `(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\64\\00\\00\\00\\${Buffer.byteLength(text).toString(16).padStart(2, "0")}\\00\\00\\00")
  (data (i32.const 100) "${bytesOf(text)}")
  (func $print (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "init") (call $print))
  (func (export "fail") (call $print) unreachable))`;

/** Gives its text to an import, and back. */
const TALKER = `(component
  (import "local:host/log" (instance $log (export "write" (func (param "text" string)))))
  (core module $memory (memory (export "m") 1) (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 256))
    (data (i32.const 0) "\\10\\00\\00\\00\\${Buffer.byteLength(HOSTILE).toString(16)}\\00\\00\\00") (data (i32.const 16) "${N}"))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "m" (core memory $m))
  (core func $write (canon lower (func $log "write") (memory $m)))
  (core module $main (import "" "write" (func $write (param i32 i32)))
    (func (export "init") (call $write (i32.const 16) (i32.const ${Buffer.byteLength(HOSTILE)})))
    (func (export "text") (result i32) (i32.const 0)))
  (core instance $main (instantiate $main (with "" (instance (export "write" (func $write))))))
  (func (export "init") (canon lift (core func $main "init")))
  (func (export "text") (result string) (canon lift (core func $main "text") (memory $m))))`;

beforeAll(async () => {
  await write("names.wat", COMPONENT);
  await write("talker.wat", TALKER);
  const world = "package t:t; world w { export init: func(); export fail: func(); }";
  await write("printer.wasm", await componentize(await wat(printer(`${HOSTILE}\n`)), world, "w"));
  await write("lines.wasm", await componentize(await wat(printer("one\r\nt\two\rthree")), world, "w"));
  const library = `(module (@dylink.0 (needed "${N}")) (import "env" "memory" (memory 1))
    (import "env" "${N}" (func)) (func (export "x${N}")) (func (export "init")))`;
  await write("library.so", (await watLibrary("library.so", library)).bytes);
  const linked = { wit: "package t:t; world w { export init: func(); }", world: "w" };
  await write("app.so", (await watLibrary("app.so", library, linked)).bytes);
  await write("log.js", "export const write = () => {};");
  await write("late.js", "export const write = (text) => setTimeout(() => { throw new Error(text); }, 0);");
  await write("warns.js", "export const write = (text) => process.emitWarning(text);");
  await write("throws.js", "export const write = (text) => { throw new Error(text); };");
  await writeFile(path(HOSTILE), "");
  execFileSync("tar", ["cf", path("names.tar"), "--transform=s,^,../,", "-P", "--", HOSTILE], { cwd: path(".") });
});

const here = (...args: string[]) => cli(args, { cwd: path(".") });

function expectHarmless(output: string): void {
  expect(output.replaceAll("\n", "")).not.toMatch(/\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/u);
  expect(output).not.toMatch(/^error: forged/m);
}

const RUN = ["run", "names.wat", "-o", "out.wasm"];
const PRINT = ["run", "printer.wasm", "-o", "out.wasm"];
const TALK = ["run", "talker.wat", "-o", "out.wasm", "-f", "init"];

describe("shows as escapes", () => {
  /** The last is what is shown of the name; or its lines, where the guest prints it. */
  const everywhere: [string, string[], (string | string[])?][] = [
    ["names of instances, on success", [...RUN, "-f", "none"]],
    ["names of functions in a stack", [...RUN, "-f", "init"]],
    ["names of functions on the command line", [...RUN, "-f", `core:${HOSTILE}`]],
    ["names in a stack of ours", [...RUN, "-f", "init", "-v"]],
    ["an output's name", ["run", "names.wat", "-o", `${TITLE}.wasm`, "-f", "none"], SHOWN_TITLE],
    ["an input's name", ["run", `${HOSTILE}.wasm`, "-o", "out.wasm"]],
    ["a command", [HOSTILE]],
    ["an option", ["run", `--${TITLE}`], SHOWN_TITLE],
    ["what the guest has printed, on failure", [...PRINT, "-f", "fail"], SHOWN.split("\\x0a")],
    ["what the guest prints, live", [...PRINT, "-f", "init", "-v"], SHOWN.split("\\x0a")],
    ["an error of a module for an import", [...TALK, "--import", "local:host/log=throws.js"]],
    ["an error that such a module leaves uncaught", [...TALK, "--import", "local:host/log=late.js"]],
    ["what such a module has Node warn of", [...TALK, "--import", "local:host/log=warns.js"]],
    ["names of symbols", ["inspect-lib", "-v", "library.so"]],
    ["names of libraries", ["link", "app.so", "-o", "out.wasm"]],
    ["names in an archive", [...RUN, "-f", "none", "--tar", "names.tar"]],
    ["results", ["host", "talker.wat", "--invoke", "text", "--import", "local:host/log=log.js"], IN_JSON],
  ];

  test.each(everywhere)("%s", async (_, args, shown) => {
    const { stdout, stderr } = await here(...args);
    for (const part of [shown ?? SHOWN].flat()) expect(stderr + stdout).toContain(part);
    expectHarmless(stderr + stdout);
  });

  test.runIf(hasScript)("what the host's guest prints, on a terminal", async () => {
    const { output } = await onTerminal(["host", path("printer.wasm"), "--invoke", "init"]);
    expectHarmless(output.replaceAll("\r\n", "\n").replaceAll("error: forged", ""));
    for (const line of SHOWN.split("\\x0a")) expect(output).toContain(line);
  });
});

describe("JSON holds the names as they are, and no terminal obeys it", () => {
  test.each([
    ["a report", [...RUN, "-f", "none", "--json"]],
    ["what the guest printed", [...PRINT, "-f", "init", "--json"]],
    ["symbols", ["inspect-lib", "library.so", "--json"]],
  ])("%s", async (_, args) => {
    const { stdout, exitCode } = await here(...args);
    expect(exitCode).toBe(0);
    expectHarmless(stdout);
    expect(JSON.stringify(JSON.parse(stdout))).toContain(JSON.stringify(HOSTILE).slice(1, -1));
  });

  test("a trace", async () => {
    const { exitCode } = await here(...TALK, "--import", "local:host/log=log.js", "--trace", "trace.jsonl");
    expect(exitCode).toBe(0);
    const trace = await readFile(path("trace.jsonl"), "utf8");
    expectHarmless(trace);
    expect(JSON.parse(trace)).toMatchObject({ args: [HOSTILE] });
  });
});

test("who gets the guest's bytes by a pipe gets them as they are", async () => {
  const { stdout, stderr } = await here("host", "printer.wasm", "--invoke", "init");
  expect({ stdout, stderr }).toEqual({ stdout: `${HOSTILE}\n`, stderr: `${HOSTILE}\n` });
});

test("what the guest prints, live, is indented: none of its lines looks like one of ours", async () => {
  const { stderr } = await here(...PRINT, "-f", "init", "-v");
  expect(stderr.match(/^.*error: forged$/gm)).toEqual(["  error: forged", "  error: forged"]);
});

test("line ends of either kind end a line, and what has none does not run into ours", async () => {
  const { stderr } = await here("run", "lines.wasm", "-o", "out.wasm", "-f", "init", "-v");
  expect(stderr).toMatch(/\n {2}one\n {2}t\two\\x0dthreeone\n {2}t\two\\x0dthree\ninitializing: /);
});

describe("the library", () => {
  test("throws errors that can be printed", async () => {
    const error = await refusal(await wat(COMPONENT), { initFunc: "init" }, "init-trapped");
    expectHarmless([error.message, ...error.details].join("\n"));
    expect(error.details.join("\n")).toContain("\\x1b]0;PWNED");
  });

  test("gives warnings that can be printed", async () => {
    const component = await wat(`(component
      (core module $m (@name "${N}") (@custom ".debug_info" "x") (global $g (mut i32) (i32.const 0)) (func $unused)
        (func (export "init") (global.set $g (i32.const 1))) (func (export "get") (result i32) (global.get $g)))
      (core instance $i (@name "${N}") (instantiate $m))
      (func (export "init") (canon lift (core func $i "init")))
      (func (export "get") (result u32) (canon lift (core func $i "get"))))`);
    const { report } = await preinitialize(component, { initFunc: "init", gc: true });
    expect(report.warnings.join("\n")).toContain(SHOWN);
    expectHarmless(report.warnings.join("\n"));
  });
});
