import { describe, expect, test } from "vitest";
import { findLibc } from "../../src/instrument/libc.js";
import { decodeModule } from "../../src/module/decode.js";
import { wat } from "../component/support.js";
import { compileC, REACTOR_FLAGS } from "../support/clang.js";

const OPENS = `#include <stdio.h>
__attribute__((export_name("init"))) void init(void) { fclose(fopen("/file", "r")); }`;

const populated = async (core: Uint8Array) => findLibc(decodeModule(core, 0)).preopensPopulated;

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
});
