import { describe, expect, test } from "vitest";
import { findLibc } from "../../src/instrument/libc.js";
import { decodeModule } from "../../src/module/decode.js";
import { wat } from "../component/support.js";
import { compileC, REACTOR_FLAGS } from "../support/clang.js";
import { systemLibrary } from "../support/libraries.js";

const OPENS = `#include <stdio.h>
__attribute__((export_name("init"))) void init(void) { fclose(fopen("/file", "r")); }`;

const populated = async (core: Uint8Array) => findLibc(decodeModule(core, 0)).preopens?.populated;

describe("wasi-libc's table of preopens", () => {
  test("is found, names or not", async () => {
    const named = await populated(await compileC({ "p.c": OPENS }));
    expect(named).toBeGreaterThan(1024);
    expect(await populated(await compileC({ "p.c": OPENS }, [...REACTOR_FLAGS, "-Wl,--strip-all"]))).toBe(named);
  });

  test("is not looked for in a program that opens no paths", async () => {
    const core = await compileC({ "p.c": `__attribute__((export_name("init"))) void init(void) {}` });
    expect(await populated(core)).toBeUndefined();
  });

  const module = (body: string) =>
    wat(`(module
      (import "wasi_snapshot_preview1" "fd_prestat_get" (func $get (param i32 i32) (result i32)))
      (memory 1)
      (func $wrapper (param i32 i32) (result i32) (i32.and (call $get (local.get 0) (local.get 1)) (i32.const 65535)))
      (func (export "init") ${body}))`);
  const ask = "(drop (call $wrapper (i32.const 3) (i32.const 0)))";
  const look = (address: string) => `(if (i32.load8_u ${address}) (then (return)))`;
  const set = (address: string) => `(i32.store8 ${address} (i32.const 1))`;

  test.each([
    ["in one function with the call", "(drop (i32.and (call $get (i32.const 3) (i32.const 0)) (i32.const 65535)))"],
    ["with the call in another function", ask],
  ])("is what a function looks at first and sets: %s", async (_, call) => {
    const body = look("offset=100 (i32.const 4)") + call + set("(i32.const 104)");
    expect(await populated(await module(body))).toBe(104);
  });

  test.each([
    ["nothing is looked at", ask + set("(i32.const 104)")],
    ["nothing is set", look("(i32.const 104)") + ask],
    ["another byte is set", look("(i32.const 104)") + ask + set("(i32.const 105)")],
    ["another value is set", `${look("(i32.const 104)")}${ask}(i32.store8 (i32.const 104) (i32.const 2))`],
    [
      "a word is looked at first",
      `(drop (i32.load (i32.const 96)))${look("(i32.const 104)")}${ask}${set("(i32.const 104)")}`,
    ],
    ["the address is computed", look("(local.get 0)").replace(/^/, "(local i32)") + ask + set("(local.get 0)")],
  ])("is not known where %s", async (_, body) => {
    expect(await populated(await module(body))).toBeUndefined();
  });

  test("is found below wrappers, the lowest first", async () => {
    const wrapped = (depth: number): string => (depth === 0 ? ask : `(call $w${depth - 1})`);
    const wrappers = (depth: number) =>
      Array.from({ length: depth }, (_, i) => `(func $w${i} ${wrapped(i)})`).join(" ");
    const nested = async (depth: number) => {
      const text = `(module
        (import "wasi_snapshot_preview1" "fd_prestat_get" (func $get (param i32 i32) (result i32)))
        (memory 1)
        (func $wrapper (param i32 i32) (result i32) (call $get (local.get 0) (local.get 1)))
        ${wrappers(depth)}
        (func $populate ${look("(i32.const 104)")} ${wrapped(depth)} ${set("(i32.const 104)")})
        (func (export "init") ${look("(i32.const 50)")} (call $populate) ${set("(i32.const 50)")}))`;
      return populated(await wat(text));
    };
    expect(await nested(0)).toBe(104);
    expect(await nested(2)).toBe(104);
    expect(await nested(3)).toBeUndefined();
  });

  test("is not known where two functions have one each", async () => {
    const text = (other: number) => `(module
      (import "wasi_snapshot_preview1" "fd_prestat_get" (func $get (param i32 i32) (result i32)))
      (memory 1)
      (func (export "a") ${look("(i32.const 104)")} (drop (call $get (i32.const 3) (i32.const 0))) ${set("(i32.const 104)")})
      (func (export "b") ${look(`(i32.const ${other})`)} (drop (call $get (i32.const 3) (i32.const 0))) ${set(`(i32.const ${other})`)}))`;
    expect(await populated(await wat(text(104)))).toBe(104);
    expect(await populated(await wat(text(105)))).toBeUndefined();
  });

  test("is not looked for behind a function of another type", async () => {
    const text = `(module
      (import "wasi_snapshot_preview1" "fd_prestat_get" (func $get (param i32) (result i32)))
      (memory 1)
      (func (export "init") ${look("(i32.const 104)")} (drop (call $get (i32.const 3))) ${set("(i32.const 104)")}))`;
    expect(findLibc(decodeModule(await wat(text), 0)).preopens).toBeUndefined();
  });
});

describe("functions of wasi-libc", () => {
  const own = async (core: Uint8Array) => [...findLibc(decodeModule(core, 0)).own].sort();
  const BOTH = ["__wasilibc_deinitialize_environ", "__wasilibc_reset_preopens"];
  const USES = `#include <stdio.h>
  #include <stdlib.h>
  __attribute__((export_name("init"))) void init(void) { fclose(fopen(getenv("NAME"), "r")); }`;

  test("are known in a program, names or not", async () => {
    const flags = [...REACTOR_FLAGS, ...BOTH.map((name) => `-Wl,--export=${name}`)];
    expect(await own(await compileC({ "p.c": USES }, flags))).toEqual(BOTH);
    expect(await own(await compileC({ "p.c": USES }, [...flags, "-Wl,--strip-all", "-O0"]))).toEqual(BOTH);
  });

  test("in a shared library only the one that its user can want", async () => {
    expect(await own((await systemLibrary("libc.so")).bytes)).toEqual(["__wasilibc_reset_preopens"]);
  });

  /** As wasm-component-ld makes programs of what was compiled for libraries, too. */
  test("are known by addresses above a constant", async () => {
    const at = (address: number) => `(i32.add (global.get $base) (i32.const ${address}))`;
    const text = (base: string) => `(module
      (import "wasi:filesystem/preopens@0.2.6" "get-directories" (func $get (param i32)))
      (import "wasi:cli/environment@0.2.6" "get-environment" (func $environment (param i32)))
      ${base.startsWith("(import") ? base : ""} (memory 1) ${base.startsWith("(global") ? base : ""}
      (func $populate
        (if (i32.load8_u ${at(104)}) (then (return))) (call $get (i32.const 0)) (i32.store8 ${at(104)} (i32.const 1)))
      (func $ensure (call $environment (i32.const 0)) (i32.store ${at(108)} (i32.const 4)))
      (func (export "__wasilibc_reset_preopens") (i32.store8 offset=4 ${at(100)} (i32.const 0)))
      (func (export "__wasilibc_deinitialize_environ") (local i32)
        (local.set 0 (global.get $base))
        (if (i32.ne (i32.load (i32.add (local.get 0) (i32.const 108))) (i32.const -1))
          (then (i32.store offset=8 (i32.add (local.get 0) (i32.const 100)) (i32.const -1)))))
      (func (export "init") (call $populate) (call $ensure)))`;
    expect(await own(await wat(text("(global $base i32 (i32.const 0))")))).toEqual(BOTH);
    expect(await own(await wat(text('(import "env" "__memory_base" (global $base i32))')))).toEqual(BOTH);
    expect(await own(await wat(text('(import "GOT.mem" "x" (global $base (mut i32)))')))).toEqual(BOTH);
    expect(await own(await wat(text("(global $base (mut i32) (i32.const 0))")))).toEqual([]);
  });
});
