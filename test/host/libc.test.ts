import { describe, expect, test } from "vitest";
import { type PreinitializeOptions, preinitialize } from "../../src/index.js";
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
      (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
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
      (func $add (param i32) (call $set (i32.add (call $get) (local.get 0))))
      (func (export "none"))
      ${fields})`),
    WORLD,
  );

async function stateAfter(fields: string, options: PreinitializeOptions = {}) {
  const given = { initFunc: "init", preopens: [DATA], ...options };
  const { component, report } = await preinitialize(await program(fields), given);
  const { outcomes } = await jcoSession(component, { calls: [{ export: "get" }] });
  return { component, state: outcomes[0], warnings: report.warnings };
}

/** As wasi-libc does it, with its variables as given: number, table, whether it is filled, capacity. */
const populate = (count = 1, table = 300, capacity = 4, entry = "(i32.const 3)") => `
  (func $wrapper (param i32) (result i32)
    (i32.and (call $ask (local.get 0) (i32.const 0)) (i32.const 65535)))
  (func $populate (local $descriptor i32)
    (if (i32.load8_u (i32.const 208)) (then (return)))
    (local.set $descriptor (i32.const 3))
    (loop $more
      (if (i32.eqz (call $wrapper (local.get $descriptor)))
        (then (local.set $descriptor (i32.add (local.get $descriptor) (i32.const 1))) (br $more))))
    (i32.store (i32.const 200) (i32.const ${count}))
    (i32.store (i32.const 204) (i32.const ${table}))
    (i32.store (i32.const 212) (i32.const ${capacity}))
    (i32.store (i32.const 300) (i32.const 400)) (i32.store (i32.const 304) ${entry})
    (i32.store8 (i32.const 208) (i32.const 1)))`;
/** What wasi-libc asks for the environment with, where the pointer to it is at 220. */
const ENSURE_ENVIRON = `(func $ensure_environ
  (drop (i32.and (call $environ (i32.const 600) (i32.const 700)) (i32.const 65535)))
  (i32.store (i32.const 220) (i32.const 600)))`;
const INIT = `${populate()} ${ENSURE_ENVIRON}
  (func (export "init") (call $set (i32.const 5)) (call $populate) (call $ensure_environ))`;

/** wasi-libc's functions, which also say that they were called: they add a number to the state. */
const reset = (number: number, more = "") => `(func (export "__wasilibc_reset_preopens")
  (call $add (i32.const ${number})) (i32.store (i32.const 200) (i32.const 0)) (i32.store8 (i32.const 208) (i32.const 0)) ${more})`;
const deinitialize = (number: number) => `(func (export "__wasilibc_deinitialize_environ")
  (if (i32.ne (i32.load (i32.const 220)) (i32.const -1))
    (then (call $add (i32.const ${number})) (i32.store (i32.const 220) (i32.const -1)))))`;

const REMEMBERS =
  "core instance main keeps the numbers that directories had while initializing: where there are others at";
const CAN_EXPORT = `${REMEMBERS} run time it may open wrong files by their paths, so let it export __wasilibc_reset_preopens or open none`;
const IS_FOREIGN = `${REMEMBERS} run time it may open wrong files by their paths, so let it open none, as the __wasilibc_reset_preopens that it exports is not wasi-libc's`;

describe("after init", () => {
  test("__wasilibc_reset_preopens is called, once", async () => {
    expect(await stateAfter(INIT + reset(10))).toMatchObject({ state: { ok: 15 }, warnings: [] });
  });

  test("so is __wasilibc_deinitialize_environ", async () => {
    const fields = INIT + reset(10) + deinitialize(100);
    expect(await stateAfter(fields)).toMatchObject({ state: { ok: 115 }, warnings: [] });
  });

  test.each([
    ["preopens", 105],
    ["environ", 15],
    ["adapter", 115],
  ] as const)("neither is where %s shall not be forgotten", async (kept, expected) => {
    const forget = (["adapter", "preopens", "environ"] as const).filter((one) => one !== kept);
    const fields = INIT + reset(10) + deinitialize(100);
    const handles = kept === "adapter" ? "allow" : "error";
    const { state, warnings } = await stateAfter(fields, { forget, handles });
    expect(state).toEqual({ ok: expected });
    expect(warnings).toEqual(kept === "preopens" ? [CAN_EXPORT] : []);
  });

  test("but the second not in a shared library, which exports it without being asked", async () => {
    const fields = `(@custom "dylink.0" "\\01\\04\\00\\00\\00\\00") ${INIT}`;
    expect(await stateAfter(fields + reset(10) + deinitialize(100))).toMatchObject({ state: { ok: 15 }, warnings: [] });
  });

  const CALLED = "(call $add (i32.const 1000))";
  const named = (name: string, body: string, params = "") => `(func (export "${name}") ${params} ${body})`;

  test.each([
    ["a function with that name alone", CALLED],
    ["one that sets another byte", `(i32.store8 (i32.const 209) (i32.const 0)) ${CALLED}`],
    ["one that sets the byte to 1", `(i32.store8 (i32.const 208) (i32.const 1)) ${CALLED}`],
  ])("preopens are emptied without %s", async (_, body) => {
    const fields = INIT + named("__wasilibc_reset_preopens", body);
    expect(await stateAfter(fields)).toMatchObject({ state: { ok: 5 }, warnings: [] });
  });

  test.each([
    ["a function with that name alone", CALLED],
    [
      "one that sets another variable",
      `(drop (i32.load (i32.const 224))) (i32.store (i32.const 224) (i32.const -1)) ${CALLED}`,
    ],
    ["one that does not look at it", `(i32.store (i32.const 220) (i32.const -1)) ${CALLED}`],
  ])("of the environment %s is not called", async (_, body) => {
    const fields = INIT + named("__wasilibc_deinitialize_environ", body);
    const { state, warnings } = await stateAfter(fields);
    expect(state).toEqual({ ok: 5 });
    expect(warnings).toEqual([
      "core instance main exports __wasilibc_deinitialize_environ, which is not wasi-libc's: it is not called, and " +
        "variables may stay what they were while initializing",
    ]);
  });

  test("nothing is said of it where nobody asked for variables", async () => {
    const init = `(func (export "init") (call $set (i32.const 5))) ${named("__wasilibc_deinitialize_environ", CALLED)}`;
    expect(await stateAfter(init)).toMatchObject({ state: { ok: 5 }, warnings: [] });
  });

  test("nothing is called that takes an argument", async () => {
    const fields = INIT + reset(10).replace('reset_preopens")', "$& (param i32)");
    expect((await stateAfter(fields)).state).toEqual({ ok: 5 });
  });

  test("nothing is called in a guest that has exited, and preopens are forgotten all the same", async () => {
    const init = `${populate()} (func (export "init") (call $set (i32.const 5)) (call $populate) (call $exit (i32.const 0)))`;
    expect(await stateAfter(init + reset(10))).toMatchObject({ state: { ok: 5 }, warnings: [] });
    expect((await stateAfter(init.replace("(i32.const 304)", "(i32.const 308)"))).warnings).toEqual([CAN_EXPORT]);
  });

  test("a trap there is one of init", async () => {
    const error = await refusal(await program(INIT + reset(10, "(unreachable)")), { initFunc: "init" }, "init-trapped");
    expect(error.message).toBe("the end of initialization trapped: wasm `unreachable` instruction executed");
  });
});

describe("a library that keeps preopens and cannot be made to forget them", () => {
  const ASKS = '(func (export "init") (drop (call $ask (i32.const 3) (i32.const 0))))';

  test("gets a warning", async () => {
    expect((await stateAfter(ASKS)).warnings).toEqual([CAN_EXPORT]);
    const reset = '(func (export "__wasilibc_reset_preopens"))';
    expect((await stateAfter(ASKS + reset)).warnings).toEqual([IS_FOREIGN]);
  });

  test("gets it again when the output is initialized again, with other directories or none", async () => {
    const first = await stateAfter(ASKS, { keepInitFunc: true });
    const second = await preinitialize(first.component, { initFunc: "core:none", preopens: [] });
    expect(second.report.warnings).toEqual([CAN_EXPORT]);
    const third = await preinitialize(second.component, { initFunc: "none", gc: true });
    expect(third.report.warnings).toEqual([CAN_EXPORT]);
    const untouched = await preinitialize(await program(ASKS), { initFunc: "core:none", preopens: [DATA] });
    expect(untouched.report.warnings).toEqual([]);
  });

  test("gets none where it did not ask for them", async () => {
    expect((await stateAfter('(func (export "init") (call $set (i32.const 5)))')).warnings).toEqual([]);
  });

  test("gets none where it was given none", async () => {
    expect((await stateAfter(ASKS, { preopens: [] })).warnings).toEqual([]);
  });

  const libc = (...variables: Parameters<typeof populate>) =>
    `${populate(...variables)} (func (export "init") (call $populate))`;

  test("none where the variables are as wasi-libc has them", async () => {
    expect((await stateAfter(libc(1, 300, 4))).warnings).toEqual([]);
    expect((await stateAfter(libc(0, 0, 0))).warnings).toEqual([]);
  });

  test.each([
    ["more in the table than fits", libc(5, 300, 4)],
    ["another number than there are", libc(2, 300, 4)],
    ["a capacity that wasi-libc never has", libc(1, 300, 5)],
    ["no capacity, and a table", libc(0, 300, 0)],
    ["a table outside of memory", libc(1, 0x7fff_ffff, 4)],
    ["other descriptors in the table", libc(1, 300, 4, "(i32.const 4)")],
  ])("one where there is %s, also the second time", async (_, fields) => {
    const { component, warnings } = await stateAfter(fields);
    expect(warnings).toEqual([CAN_EXPORT]);
    expect((await preinitialize(component, { initFunc: "none" })).report.warnings).toEqual([CAN_EXPORT]);
  });
});

describe("functions that only have names of preview 1", () => {
  const TYPES = { fd_prestat_get: "(param i32 i32 i32) (result i32)", fd_renumber: "(param i32 i32 i32) (result i32)" };
  const imports = Object.entries(TYPES).map(
    ([name, type]) => `(import "wasi_snapshot_preview1" "${name}" (func $${name} ${type}))`,
  );
  const exports = Object.entries(TYPES).map(([name, type]) => `(func (export "${name}") ${type} (local.get 2))`);
  const PATH_OPEN = "(param i32) (result i64)";

  test("keep their parameters and results", async () => {
    const text = `(component
      (core module $p ${exports.join(" ")} (func (export "path_open") ${PATH_OPEN} (i64.const 0x123456789abcdef)))
      (core instance $pi (instantiate $p))
      (core module $a ${imports.join(" ")} (import "wasi_snapshot_preview1" "path_open" (func $path_open ${PATH_OPEN}))
        (memory (export "memory") 1)
        (func (export "init")
          (i32.store (i32.const 0) (call $fd_prestat_get (i32.const 1) (i32.const 2) (i32.const 3)))
          (i32.store (i32.const 4) (call $fd_renumber (i32.const 1) (i32.const 2) (i32.const 3)))
          (i64.store (i32.const 8) (call $path_open (i32.const 1))))
        (func (export "a") (result i32) (i32.load (i32.const 0)))
        (func (export "b") (result i32) (i32.load (i32.const 4)))
        (func (export "c") (result i64) (i64.load (i32.const 8))))
      (core instance $i (instantiate $a (with "wasi_snapshot_preview1" (instance $pi))))
      ADAPTER
      (func (export "init") (canon lift (core func $i "init")))
      (func (export "a") (result u32) (canon lift (core func $i "a")))
      (func (export "b") (result u32) (canon lift (core func $i "b")))
      (func (export "c") (result u64) (canon lift (core func $i "c"))))`;
    const known = `(core module $known (import "env" "memory" (memory 0))
        (global (mut i32) (i32.const 0)) (func (export "fd_close") (param i32) (result i32) (i32.const 0x21686775)))
      (core instance (instantiate $known (with "env" (instance (export "memory" (memory $i "memory"))))))`;
    for (const adapter of ["", known]) {
      const { component } = await preinitialize(await wat(text.replace("ADAPTER", adapter)), { initFunc: "init" });
      const { outcomes } = await jcoSession(component, { calls: [{ export: "a" }, { export: "b" }, { export: "c" }] });
      expect(outcomes).toEqual([{ ok: 3 }, { ok: 3 }, { ok: "81985529216486895n" }]);
    }
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
    (import "wasi:filesystem/types@0.2.0" (instance $types (export "descriptor" (type (sub resource)))))
    (alias export $types "descriptor" (type $descriptor))
    (import "wasi:filesystem/preopens@0.2.0" (instance $preopens
      (alias outer 1 $descriptor (type $d')) (export "descriptor" (type $d (eq $d')))
      (export "get-directories" (func (result (list (tuple (own $d) string)))))))
    (core module $memory (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
    (core instance $mi (instantiate $memory))
    (alias core export $mi "memory" (core memory $memory))
    (core func $directories (canon lower (func $preopens "get-directories")
      (memory $memory) (realloc (core func $mi "realloc"))))
    (core module $m (import "env" "memory" (memory 1))
      (import "" "get" (func $get (result i32))) (import "" "drop" (func $drop (param i32)))
      (import "wasi:filesystem/preopens@0.2.0" "get-directories" (func $directories (param i32)))
      (global $held (mut i32) (i32.const 0))
      (func $populate
        (if (i32.load8_u (i32.const 208)) (then (return)))
        (call $directories (i32.const 100))
        (i32.store8 (i32.const 208) (i32.const 1)))
      (func (export "init") (call $populate) ${init})
      (func (export "__wasilibc_reset_preopens")
        (if (global.get $held) (then (call $drop (global.get $held)) (global.set $held (i32.const 0))))
        (i32.store8 (i32.const 208) (i32.const 0))))
    (core instance $i (instantiate $m
      (with "" (instance (export "get" (func $get)) (export "drop" (func $drop))))
      (with "env" (instance (export "memory" (memory $memory))))
      (with "wasi:filesystem/preopens@0.2.0" (instance (export "get-directories" (func $directories))))))
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
