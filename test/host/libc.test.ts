import { describe, expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { componentize } from "../support/clang.js";
import { fixturePreopen } from "../support/fixtures.js";
import { jcoSession } from "../support/jco.js";
import { refusal } from "../support/refusal.js";
import { wat } from "../support/wat.js";

const WORLD = "package local:app; world app { export init: func(); export get: func() -> u32; }";
const DATA = fixturePreopen("c-libc", "/data");

/** A program in preview 1 with a state of one word, which `get` returns. */
const program = async (fields: string) =>
  componentize(
    await wat(`(module
      (import "wasi_snapshot_preview1" "fd_prestat_get" (func $ask (param i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (global $next (mut i32) (i32.const 1024))
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (global.set $next (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
        (global.get $next) (global.set $next (i32.add (global.get $next) (local.get 3)))
        (if (i32.gt_u (global.get $next) (i32.mul (memory.size) (i32.const 65536)))
          (then (drop (memory.grow (i32.const 4))))))
      (func $set (param i32) (i32.store (i32.const 100) (local.get 0)))
      (func $get (export "get") (result i32) (i32.load (i32.const 100)))
      ${fields})`),
    WORLD,
  );

async function stateAfter(fields: string) {
  const { component, report } = await preinitialize(await program(fields), { initFunc: "init", preopens: [DATA] });
  const { outcomes } = await jcoSession(component, { calls: [{ export: "get" }] });
  return { state: outcomes[0], warnings: report.warnings };
}

const ASK = "(drop (call $ask (i32.const 3) (i32.const 0)))";
const INIT = `(func (export "init") (call $set (i32.const 5)) ${ASK})`;
const add = (name: string, number: number) =>
  `(func (export "${name}") (call $set (i32.add (call $get) (i32.const ${number}))))`;

describe("after init", () => {
  test("__wasilibc_reset_preopens is called, once", async () => {
    const fields = INIT + add("__wasilibc_reset_preopens", 10);
    expect(await stateAfter(fields)).toEqual({ state: { ok: 15 }, warnings: [] });
  });

  test("so is __wasilibc_deinitialize_environ", async () => {
    const fields = INIT + add("__wasilibc_reset_preopens", 10) + add("__wasilibc_deinitialize_environ", 100);
    expect(await stateAfter(fields)).toEqual({ state: { ok: 115 }, warnings: [] });
  });

  test("but not in a shared library, which exports it without being asked", async () => {
    const fields = `(@custom "dylink.0" "\\01\\04\\00\\00\\00\\00") ${INIT}`;
    const both = add("__wasilibc_reset_preopens", 10) + add("__wasilibc_deinitialize_environ", 100);
    expect((await stateAfter(fields + both)).state).toEqual({ ok: 15 });
  });

  test("nothing is called that takes an argument", async () => {
    const fields = `${INIT} (func (export "__wasilibc_reset_preopens") (param i32) (unreachable))`;
    expect((await stateAfter(fields)).state).toEqual({ ok: 5 });
  });

  test("nothing is called in a guest that has exited", async () => {
    const init = '(func (export "init") (call $set (i32.const 5)) (call $exit (i32.const 0)))';
    expect((await stateAfter(init + add("__wasilibc_reset_preopens", 10))).state).toEqual({ ok: 5 });
  });

  test("a trap there is one of init", async () => {
    const fields = `${INIT} (func (export "__wasilibc_reset_preopens") (unreachable))`;
    const error = await refusal(await program(fields), { initFunc: "init" }, "init-trapped");
    expect(error.message).toBe("the end of initialization trapped: wasm `unreachable` instruction executed");
  });
});

describe("a library that keeps preopens and cannot be made to forget them", () => {
  const warning =
    "core instance main keeps the numbers that directories had while initializing: where there are others at run " +
    "time it may open wrong files by their paths, so let it export __wasilibc_reset_preopens or open none";

  test("gets a warning", async () => {
    expect((await stateAfter(INIT)).warnings).toEqual([warning]);
  });

  test("gets none where it did not ask for them", async () => {
    expect((await stateAfter('(func (export "init") (call $set (i32.const 5)))')).warnings).toEqual([]);
  });

  /** As wasi-libc does it, with its variables as given: number, table, whether it is filled, capacity. */
  const libc = (count: number, table: number, capacity: number, entry = "(i32.const 3)") => `
    (func $wrapper (param i32) (result i32)
      (i32.and (call $ask (local.get 0) (i32.const 0)) (i32.const 65535)))
    (func (export "init") (local $descriptor i32)
      (if (i32.load8_u (i32.const 208)) (then (return)))
      (call $set (i32.const 5))
      (local.set $descriptor (i32.const 3))
      (loop $more
        (if (i32.eqz (call $wrapper (local.get $descriptor)))
          (then (local.set $descriptor (i32.add (local.get $descriptor) (i32.const 1))) (br $more))))
      (i32.store (i32.const 200) (i32.const ${count}))
      (i32.store (i32.const 204) (i32.const ${table}))
      (i32.store (i32.const 212) (i32.const ${capacity}))
      (i32.store (i32.const 300) (i32.const 400)) (i32.store (i32.const 304) ${entry})
      (i32.store8 (i32.const 208) (i32.const 1)))
    (func (export "variables") (result i32)
      (i32.add (i32.load (i32.const 200)) (i32.load8_u (i32.const 208))))`;

  test("none where the variables are as wasi-libc has them", async () => {
    expect((await stateAfter(libc(1, 300, 4))).warnings).toEqual([]);
  });

  test("none where it has looked for them twice", async () => {
    const twice = libc(1, 300, 4).replace("(call $set (i32.const 5))", "$& (drop (call $wrapper (i32.const 3)))");
    expect((await stateAfter(twice)).warnings).toEqual([]);
  });

  test.each([
    ["another number than was found", libc(2, 300, 4)],
    ["a capacity that wasi-libc never has", libc(1, 300, 5)],
    ["a capacity that is too small", libc(1, 300, 0)],
    ["a table outside of memory", libc(1, 0x7fff_ffff, 4)],
    ["other descriptors in the table", libc(1, 300, 4, "(i32.const 4)")],
  ])("one where there is %s", async (_, fields) => {
    expect((await stateAfter(fields)).warnings).toEqual([warning]);
  });
});

describe("a library on WASI 0.2 that holds handles of its own", () => {
  /** As wasi-libc for wasm32-wasip2: the reset drops all descriptors that it has. */
  const component = (init: string) => `(component
    (import "wasi:io/streams@0.2.0" (instance $io (export "input-stream" (type (sub resource)))))
    (alias export $io "input-stream" (type $stream))
    (import "wasi:cli/stdin@0.2.0" (instance $cli
      (alias outer 1 $stream (type $s')) (export "input-stream" (type $s (eq $s')))
      (export "get-stdin" (func (result (own $s))))))
    (core func $get (canon lower (func $cli "get-stdin")))
    (core func $drop (canon resource.drop $stream))
    (core module $m
      (import "" "get" (func $get (result i32))) (import "" "drop" (func $drop (param i32)))
      (global $held (mut i32) (i32.const 0))
      (func (export "init") ${init})
      (func (export "__wasilibc_reset_preopens")
        (if (global.get $held) (then (call $drop (global.get $held)) (global.set $held (i32.const 0))))))
    (core instance $i (instantiate $m (with "" (instance (export "get" (func $get)) (export "drop" (func $drop))))))
    (func (export "init") (canon lift (core func $i "init"))))`;

  test("drops them", async () => {
    const input = await wat(component("(global.set $held (call $get))"));
    const { report } = await preinitialize(input, { initFunc: "init" });
    expect(report).toMatchObject({ handles: [], warnings: [] });
  });

  test("and what is left is refused", async () => {
    const input = await wat(component("(drop (call $get)) (global.set $held (call $get))"));
    const { report } = await preinitialize(input, { initFunc: "init", handles: "allow" });
    expect(report.handles).toMatchObject([{ of: "host", type: "input-stream", detail: "stdin", owner: "m" }]);
  });
});
