import { describe, expect, test } from "vitest";
import { instrument, invoke, preinitialize, prepare } from "../../src/index.js";
import { ENGINES } from "../support/differential.js";
import { refusal } from "../support/refusal.js";
import { hasWasmtime, wasmtimeSession } from "../support/wasmtime.js";
import { validate, wat } from "../support/wat.js";

/** Initializes, calls `get` on the output, in this host and in Wasmtime, and after the init function on the original in Wasmtime. */
async function check(text: string, expected: number, { init = "init", inWasmtime = true } = {}): Promise<void> {
  const input = await wat(text);
  const { component } = await preinitialize(input, { initFunc: init, verify: true });
  await validate(component);
  expect((await invoke(await prepare(instrument(component)), ["get()"])).results).toEqual([expected]);
  if (!hasWasmtime || !inWasmtime) return;
  const calls = [{ export: "get" }];
  expect((await wasmtimeSession(component, { calls })).outcomes).toEqual([{ ok: expected }]);
  const first = init === "none" ? [] : [{ export: init }];
  const { outcomes } = await wasmtimeSession(input, { calls: [...first, ...calls] });
  expect(outcomes.at(-1)).toEqual({ ok: expected });
}

/** A component whose `init` does something with a resource and keeps a number in `$g`. */
function withResource(body: string): string {
  return `(component
    (type $r (resource (rep i32))) (type $s (resource (rep i32)))
    (core func $new (canon resource.new $r)) (core func $drop (canon resource.drop $r)) (core func $rep (canon resource.rep $r))
    (core func $new2 (canon resource.new $s)) (core func $drop2 (canon resource.drop $s))
    (core module $m
      (import "" "new" (func $new (param i32) (result i32))) (import "" "drop" (func $drop (param i32)))
      (import "" "rep" (func $rep (param i32) (result i32)))
      (import "" "new2" (func $new2 (param i32) (result i32))) (import "" "drop2" (func $drop2 (param i32)))
      (global $g (mut i32) (i32.const 0))
      (func (export "init") (local $h i32) ${body})
      (func (export "get") (result i32) (global.get $g)))
    (core instance $i (instantiate $m (with "" (instance (export "new" (func $new)) (export "drop" (func $drop))
      (export "rep" (func $rep)) (export "new2" (func $new2)) (export "drop2" (func $drop2))))))
    (func (export "init") (canon lift (core func $i "init")))
    (func (export "get") (result u32) (canon lift (core func $i "get"))))`;
}

describe("resources", () => {
  test("of all types have numbers of one table", () =>
    check(
      withResource(`(local.set $h (call $new (i32.const 100))) (global.set $g (call $new2 (i32.const 200)))
        (call $drop (local.get $h)) (call $drop2 (global.get $g))`),
      2,
    ));

  test("get the number that was freed last", () =>
    check(
      withResource(`(local.set $h (call $new (i32.const 1))) (drop (call $new2 (i32.const 1))) (drop (call $new (i32.const 1)))
        (call $drop (local.get $h)) (call $drop2 (i32.const 2))
        (global.set $g (i32.add (i32.mul (call $new (i32.const 1)) (i32.const 100)) (call $new2 (i32.const 1))))
        (call $drop (i32.const 2)) (call $drop2 (i32.const 1)) (call $drop (i32.const 3))`),
      201,
    ));

  test.each([0, 1, 0x40000005, 0x3fffffff, 0x80000000, 0xffffffff])("have the representation %i", (rep) =>
    check(
      withResource(`(local.set $h (call $new (i32.const ${rep}))) (global.set $g (call $rep (local.get $h)))
        (call $drop (local.get $h))`),
      rep,
    ),
  );

  test.each([
    ["of another type", "(call $drop2 (call $new (i32.const 1)))"],
    ["of none", "(call $drop (i32.const 0))"],
    [
      "that is gone",
      "(local.set $h (call $new (i32.const 1))) (call $drop (local.get $h)) (call $drop (local.get $h))",
    ],
  ])("trap at a handle %s", async (_, body) => {
    await refusal(await wat(withResource(body)), { initFunc: "init" }, "init-trapped");
  });
});

/** A component whose `init` has a result of some type, which its core function gives by `body`. */
function withResult(type: string, core: string, body: string): string {
  return `(component
    (core module $m (memory (export "memory") 1)
      (func (export "init") (result ${core}) (i32.store (i32.const 0) (i32.const 77)) ${body})
      (func (export "get") (result i32) (i32.load (i32.const 0))))
    (core instance $i (instantiate $m))
    (func (export "init") (result ${type}) (canon lift (core func $i "init") (memory (core memory $i "memory"))))
    (func (export "get") (result u32) (canon lift (core func $i "get"))))`;
}

const stored = (at: number, ...words: number[]) =>
  `${words.map((word, i) => `(i32.store (i32.const ${at + 4 * i}) (i32.const ${word}))`).join(" ")} (i32.const ${at})`;

describe("results", () => {
  test.each([
    ["a list beyond the memory", "(list u64)", stored(16, 65528, 2)],
    ["a list of records beyond the memory", "(list (tuple u8 u32))", stored(16, 65532, 1)],
    ["a list whose length overflows", "(list u64)", stored(16, 8, 0x20000001)],
    ["an unaligned list", "(list u32)", stored(16, 18, 1)],
    ["an unaligned list of nothing", "(list u32)", stored(16, 18, 0)],
    ["an unaligned string pointer", "string", "(i32.const 3)"],
    ["an unaligned tuple", "(tuple u32 u32)", "(i32.const 2)"],
    ["a tuple beyond the memory", "(tuple u32 u32)", "(i32.const 65532)"],
    ["a string beyond the memory", "string", stored(16, 65535, 2)],
    ["a string that is no UTF-8", "string", `(i32.store8 (i32.const 100) (i32.const 0xff)) ${stored(16, 100, 1)}`],
    ["no such case", "(option (tuple u32 u32))", stored(16, 2)],
    ["no such character", "char", "(i32.const 0xd800)"],
    ["no character", "(list char)", `(i32.store (i32.const 100) (i32.const 0x110000)) ${stored(16, 100, 1)}`],
  ])("trap: %s", async (_, type, body) => {
    const input = await wat(withResult(type, "i32", body));
    await refusal(input, { initFunc: "init" }, "init-trapped");
    if (!hasWasmtime) return;
    const { outcomes } = await wasmtimeSession(input, { calls: [{ export: "init" }] });
    expect(outcomes[0]).toHaveProperty("trap");
  });

  test.each([
    ["u8", "(i32.const 0x1ff)"],
    ["s8", "(i32.const 0x1ff)"],
    ["u16", "(i32.const 0x1ffff)"],
    ["s16", "(i32.const -1)"],
    ["bool", "(i32.const 2)"],
    ["(list u8)", stored(16, 65534, 2)],
    ["(list u64)", stored(16, 65528, 1)],
    ["(list u64)", stored(16, 65536, 0)],
    ["string", stored(16, 65536, 0)],
  ])("%s: all bits of %s are taken", (type, body) => check(withResult(type, "i32", body), 77));
});

describe("arguments of imports", () => {
  const withImport = (type: string, ptr: number, length: number) => `(component
    (import "local:x/y" (instance $x (export "f" (func (param "a" ${type})))))
    (core module $mm (memory (export "memory") 1)) (core instance $mem (instantiate $mm))
    (core func $f (canon lower (func $x "f") (memory (core memory $mem "memory"))))
    (core module $m (import "" "f" (func $f (param i32 i32)))
      (func (export "init") (call $f (i32.const ${ptr}) (i32.const ${length}))))
    (core instance $i (instantiate $m (with "" (instance (export "f" (func $f))))))
    (func (export "init") (canon lift (core func $i "init"))))`;

  test.each([
    ["(list u8)", 65530, 4000],
    ["(list u8)", 65537, 0],
    ["(list s64)", 65528, 2],
    ["(list f32)", 2, 1],
    ["(list (tuple u8 u8))", 65534, 2],
    ["string", 65530, 4000],
  ])("%s at %i, %i long, trap", async (type, ptr, length) => {
    let calls = 0;
    const imports = { "local:x/y": { f: () => calls++ } };
    await refusal(await wat(withImport(type, ptr, length)), { initFunc: "init", imports }, "init-trapped");
    expect(calls).toBe(0);
  });

  test("go up to the end of the memory", async () => {
    const given: unknown[] = [];
    const imports = { "local:x/y": { f: (value: unknown) => given.push(value) } };
    await preinitialize(await wat(withImport("(list u32)", 65528, 2)), { initFunc: "init", imports });
    expect(given).toEqual([new Uint32Array(2)]);
  });
});

describe("what bindings in JavaScript could not have", () => {
  const state = `(global $g (mut i32) (i32.const 0)) (func (export "init") (global.set $g (i32.const 42)))
    (func (export "get") (result i32) (global.get $g))`;
  const exports = `(func (export "init") (canon lift (core func $i "init")))
    (func (export "get") (result u32) (canon lift (core func $i "get")))`;
  const plain = `(core module $m ${state}) (core instance $i (instantiate $m)) ${exports}`;

  test.each([
    ["an exported type", `(type $t (enum "a" "b")) (export "t" (type $t)) ${plain}`],
    [
      "exported instances in instances",
      `(component $a) (component $b (component $a) (instance (export "hi") (instantiate $a)))
        (instance (export "hi2") (instantiate $b)) ${plain}`,
    ],
    ["an exported module", `(core module $x) (export "m" (core module $x)) ${plain}`],
    ["a function named then", `${plain} (func (export "then") (canon lift (core func $i "init")))`],
    ["a function named memory0", `${plain} (func (export "memory0") (canon lift (core func $i "init")))`],
    ["a function named to-string", `${plain} (func (export "to-string") (canon lift (core func $i "init")))`],
  ])("%s", async (_, body) => {
    const { component } = await preinitialize(await wat(`(component ${body})`), { initFunc: "init", verify: true });
    expect((await invoke(await prepare(instrument(component)), ["get()"])).results).toEqual([42]);
  });

  test.each(["", "__proto__", "constructor", "a'b", '\\"', "\\u{0}\\n", "`$x`"])("a core export named %s", (name) =>
    check(
      `(component
        (core module $m (global $g (mut i32) (i32.const 0)) (func (export "${name}") (global.set $g (i32.const 42)))
          (func (export "get") (result i32) (global.get $g)))
        (core instance $i (instantiate $m))
        (func (export "init") (canon lift (core func $i "${name}")))
        (func (export "get") (result u32) (canon lift (core func $i "get"))))`,
      42,
    ),
  );

  test("memories with 64-bit addresses in the canonical ABI", async () => {
    const text = `(component
      (core module $m (memory (export "mem") i64 1)
        (func (export "init") (param i64 i64) (i64.store (i64.const 8) (i64.load (local.get 0))) (i64.store (i64.const 16) (local.get 1)))
        (func (export "get") (result i64) (i64.add (i64.load (i64.const 8)) (i64.load (i64.const 16))))
        (func (export "realloc") (param i64 i64 i64 i64) (result i64) (i64.const 64)))
      (core instance $i (instantiate $m))
      (func (export "init") (param "s" string)
        (canon lift (core func $i "init") (memory (core memory $i "mem")) (realloc (core func $i "realloc"))))
      (func (export "get") (result u64) (canon lift (core func $i "get"))))`;
    const { component } = await preinitialize(await wat(text), { initFunc: 'init("abcdefgh")' });
    const expected = Buffer.from("abcdefgh").readBigUInt64LE() + 8n;
    expect((await invoke(await prepare(instrument(component)), ["get()"])).results).toEqual([expected]);
  });

  test.each([
    // [encoding, text, bytes, length as passed]
    ["latin1+utf16", "häh", [0x68, 0xe4, 0x68], 3],
    ["latin1+utf16", "h€", [0x68, 0, 0xac, 0x20], 0x80000002],
    ["utf16", "h€", [0x68, 0, 0xac, 0x20], 2],
    ["utf8", "h€", [0x68, 0xe2, 0x82, 0xac], 4],
  ] as const)("strings in %s: %s", async (encoding, string, bytes, length) => {
    const text = `(component
      (core module $m (memory (export "mem") 1) (global $n (mut i32) (i32.const 0))
        (func (export "init") (param i32 i32) (global.set $n (local.get 1)))
        (func (export "get") (result i64) (i64.load (i32.const 64)))
        (func (export "length") (result i32) (global.get $n))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32)
          (if (local.get 0) (then (return (local.get 0)))) (i32.const 64)))
      (core instance $i (instantiate $m))
      (func (export "init") (param "s" string) (canon lift (core func $i "init") (memory (core memory $i "mem"))
        (realloc (core func $i "realloc")) string-encoding=${encoding}))
      (func (export "get") (result u64) (canon lift (core func $i "get")))
      (func (export "length") (result u32) (canon lift (core func $i "length"))))`;
    const { component } = await preinitialize(await wat(text), { initFunc: `init("${string}")` });
    const { results } = await invoke(await prepare(instrument(component)), ["get()", "length()"]);
    const start = Buffer.alloc(8);
    start.writeBigUInt64LE(results[0] as bigint);
    expect([...start.subarray(0, bytes.length)]).toEqual([...bytes]);
    expect(results[1]).toBe(length);
    if (!hasWasmtime) return;
    const input = await wat(text);
    const calls = [{ export: "init", args: [string] }, { export: "length" }];
    expect((await wasmtimeSession(input, { calls })).outcomes.at(-1)).toEqual({ ok: length });
  });
});

test("a future goes from one instance to another", async () => {
  const text = `(component
    (component $A
      (type $f (future))
      (core func $drop (canon future.drop-readable $f))
      (core module $m (import "" "drop" (func $drop (param i32))) (global $n (mut i32) (i32.const 0))
        (func (export "take") (param i32) (global.set $n (local.get 0)) (call $drop (local.get 0)))
        (func (export "get") (result i32) (global.get $n)))
      (core instance $i (instantiate $m (with "" (instance (export "drop" (func $drop))))))
      (func (export "take") (param "x" (future)) (canon lift (core func $i "take")))
      (func (export "get") (result u32) (canon lift (core func $i "get"))))
    (component $B
      (import "take" (func $take (param "x" (future))))
      (type $f (future)) (core func $new (canon future.new $f)) (core func $write (canon future.write $f async))
      (core func $drop (canon future.drop-writable $f)) (core func $take' (canon lower (func $take)))
      (core module $m (import "" "new" (func $new (result i64))) (import "" "take" (func $take (param i32)))
        (import "" "write" (func $write (param i32 i32) (result i32))) (import "" "drop" (func $drop (param i32)))
        (func (export "init") (local $ends i64) (local $w i32)
          (local.set $ends (call $new)) (local.set $w (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
          (call $take (i32.wrap_i64 (local.get $ends)))
          (drop (call $write (local.get $w) (i32.const 0))) (call $drop (local.get $w))))
      (core instance $i (instantiate $m (with "" (instance (export "new" (func $new)) (export "take" (func $take'))
        (export "write" (func $write)) (export "drop" (func $drop))))))
      (func (export "init") (canon lift (core func $i "init"))))
    (instance $a (instantiate $A)) (instance $b (instantiate $B (with "take" (func $a "take"))))
    (export "init" (func $b "init")) (export "get" (func $a "get")))`;
  const { component } = await preinitialize(await wat(text), { initFunc: "init", verify: true });
  expect((await invoke(await prepare(instrument(component)), ["get()"])).results).toEqual([1]);
});

describe("what the engine lacks is told by its name", () => {
  const component = (module: string) =>
    wat(`(component (core module $m ${module} (func (export "init"))) (core instance $i (instantiate $m))
      (func (export "init") (canon lift (core func $i "init"))))`);

  test.each([
    ["custom page sizes", "(memory 16 (pagesize 1))"],
    ["wide arithmetic", "(func (result i64 i64) (i64.mul_wide_u (i64.const 6) (i64.const 7)))"],
    ["stack switching", "(type $f (func)) (type $c (cont $f)) (func (param (ref $c)) (resume $c (local.get 0)))"],
  ])("%s", async (feature, fields) => {
    const error = await refusal(await component(fields), { initFunc: "init" }, "unsupported");
    expect(error.message).toContain(
      `core module 0 uses ${feature}, which the engine that runs initialization does not have`,
    );
  });

  test("a module that is invalid stays that", async () => {
    const error = await refusal(await component("(func (drop))"), { initFunc: "init" }, "malformed");
    expect(error.message).toContain("core module 0 is not valid");
  });
});

describe("imports of types with subtypes", () => {
  const types = `(type $base (sub (func (result i32)))) (type $derived (sub $base (func (result i32))))
    (type $plain (func (result i32)))`;
  const input = (fields: string) =>
    wat(`(component
      (core module $d ${types} (func (export "x") (type $derived) (i32.const 11)))
      (core instance $di (instantiate $d))
      (core module $m ${types} (import "lib" "x" (func $x (type $base)))
        (table $t 1 funcref) (table $n 2 (ref $base) (ref.func $z)) (global $g (mut (ref $base)) (ref.func $z))
        (elem declare func $x $z) (func $z (type $base) (i32.const 12)) ${fields}
        (func (export "indirect") (type $plain) (call_indirect $t (type $derived) (i32.const 0)))
        (func (export "typed") (type $plain) (call_ref $derived (ref.cast (ref $derived) (table.get $n (i32.const 1)))))
        (func (export "global") (type $plain) (call_ref $derived (ref.cast (ref $derived) (global.get $g)))))
      (core instance $i (instantiate $m (with "lib" (instance $di))))
      (func (export "init") (canon lift (core func $i "init")))
      ${["indirect", "typed", "global"].map((name) => `(func (export "${name}") (result u32) (canon lift (core func $i "${name}")))`).join("\n")})`);
  const calls = ["indirect", "typed", "global"].map((name) => ({ export: name }));

  test("are of their own type in the output, in all engines", async () => {
    const init = `(func (export "init")
      (table.set $t (i32.const 0) (ref.func $x)) (table.set $n (i32.const 1) (ref.func $x)) (global.set $g (ref.func $x)))`;
    const { component, report } = await preinitialize(await input(init), { initFunc: "init", verify: true });
    expect(report.warnings).toEqual([]);
    for (const { session } of ENGINES.filter(({ available }) => available)) {
      expect((await session(component, { calls })).outcomes).toEqual([{ ok: 11 }, { ok: 11 }, { ok: 11 }]);
    }
  });

  test("are a warning where the input's own segments have them, which V8 takes for others", async () => {
    const fields = '(elem (table $t) (i32.const 0) func $x) (func (export "init"))';
    const { report } = await preinitialize(await input(fields), { initFunc: "init" });
    expect(report.warnings).toEqual([expect.stringContaining("types have subtypes (lib.x)")]);
  });
});
