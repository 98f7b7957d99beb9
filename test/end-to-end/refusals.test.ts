import { describe, expect, test } from "vitest";
import { type ErrorCode, type PreinitializeOptions, preinitialize } from "../../src/index.js";
import { componentize } from "../support/clang.js";
import { fixturePreopen, loadFixture } from "../support/fixtures.js";
import { jcoSession } from "../support/jco.js";
import { refusal } from "../support/refusal.js";
import { coreModules, wat } from "../support/wat.js";

interface Refusal {
  readonly fixture: string;
  readonly options: PreinitializeOptions;
  readonly code: ErrorCode;
  /** What the message, or the lines below it, must tell. */
  readonly says: RegExp;
}

const refusals: Refusal[] = [
  { fixture: "init-result", options: { initFunc: "init-err" }, code: "init-failed", says: /no such table/ },
  { fixture: "init-result", options: { initFunc: "init-bare-err" }, code: "init-failed", says: /init-bare-err/ },
  { fixture: "init-traps", options: { initFunc: "init" }, code: "init-trapped", says: /deep_in_the_guest/ },
  { fixture: "init-traps", options: { initFunc: "recurse" }, code: "init-trapped", says: /stack/i },
  { fixture: "start-traps", options: { initFunc: "none" }, code: "init-trapped", says: /unreachable/ },
  { fixture: "unused-import", options: { initFunc: "call-import" }, code: "not-granted", says: /local:host\/log#line/ },
  { fixture: "unused-import", options: { initFunc: "ask" }, code: "not-granted", says: /answer/ },
  { fixture: "memory-writes", options: {}, code: "init-not-found", says: /peek/ },
  { fixture: "memory-writes", options: { initFunc: "setup" }, code: "init-not-found", says: /setup.*peek/ },
  { fixture: "memory-writes", options: { initFunc: "core:setup" }, code: "init-not-found", says: /core:setup/ },
  { fixture: "two-interfaces", options: { initFunc: "start" }, code: "init-ambiguous", says: /first.*second/s },
  { fixture: "same-core-export", options: { initFunc: "core:setup" }, code: "init-ambiguous", says: /setup.*setup/s },
  { fixture: "same-core-export", options: { initFunc: "core:takes-one" }, code: "init-signature", says: /takes-one/ },
  { fixture: "same-core-export", options: { initFunc: "core:stop" }, code: "init-not-found", says: /core:setup/ },
  {
    fixture: "nested-twice",
    options: { initFunc: "core:get" },
    code: "init-ambiguous",
    says: /core:0\/get, core:1\/get/,
  },
  { fixture: "init-args", options: { initFunc: "init(1, 2, 3)" }, code: "init-signature", says: /string/ },
  { fixture: "init-args", options: { initFunc: "init" }, code: "init-signature", says: /name|argument|parameter/ },
  { fixture: "c-exit", options: { initFunc: "init" }, code: "init-exited", says: /giving up/ },
  {
    fixture: "gc-global",
    options: { initFunc: "init" },
    code: "unsupported",
    says: /garbage-collected object in global 0.*core instance i/,
  },
  {
    fixture: "resource-held",
    options: { initFunc: "hold" },
    code: "live-handles",
    says: /handle to resources of the component itself/,
  },
  {
    fixture: "composition-resource",
    options: { initFunc: "hold" },
    code: "live-handles",
    says: /a handle to resources of the component itself/,
  },
  {
    fixture: "c-open-file",
    options: { initFunc: "init", preopens: [fixturePreopen("c-open-file", "/data")] },
    code: "live-handles",
    says: /descriptor.*open-at/s,
  },
  {
    fixture: "c-reactor",
    options: { initFunc: "init", env: { MODE: "fast" }, args: ["app"] },
    code: "init-failed",
    says: /stdin is empty/,
  },
];

describe("refuses", () => {
  test.each(refusals)("$fixture with $options: $code", async ({ fixture, options, code, says }) => {
    const error = await refusal(await loadFixture(fixture), options, code);
    expect([error.message, ...error.details].join("\n")).toMatch(says);
  });

  test("a core module", async () => {
    await refusal(await wat('(module (func (export "init")))'), {}, "not-a-component");
  });

  test("a text", async () => {
    await refusal(new TextEncoder().encode("(component)"), {}, "not-a-component");
  });

  test("nothing", async () => {
    await refusal(new Uint8Array(), {}, "not-a-component");
  });

  test("a component that ends early, wherever it is cut", async () => {
    const whole = await loadFixture("init-args");
    // Cut behind a section it would be a smaller component, valid or not, so the last byte must be in the middle of one.
    for (const length of [9, 64, 300, whole.length - 1]) {
      await refusal(whole.subarray(0, length), { initFunc: "init" }, "malformed");
    }
  });
});

describe("what is named in full is found", () => {
  test.each(["core:first/only-here", "core:only-here"])("%s", async (initFunc) => {
    const { component } = await preinitialize(await loadFixture("same-core-export"), { initFunc });
    const { outcomes } = await jcoSession(component, { calls: [{ export: "first" }, { export: "second" }] });
    expect(outcomes).toEqual([{ ok: 3 }, { ok: 0 }]);
  });

  test.each([
    ["core:first/setup", [{ ok: 1 }, { ok: 0 }]],
    ["core:second/setup", [{ ok: 0 }, { ok: 2 }]],
    ["core:1/setup", [{ ok: 0 }, { ok: 2 }]],
  ])("%s", async (initFunc, expected) => {
    const { component } = await preinitialize(await loadFixture("same-core-export"), { initFunc });
    const { outcomes } = await jcoSession(component, { calls: [{ export: "first" }, { export: "second" }] });
    expect(outcomes).toEqual(expected);
  });

  test.each([
    ["local:app/first#start", 1],
    ["local:app/second#start", 2],
    ["local:app/second.start", 2],
  ])("%s", async (initFunc, state) => {
    const { component } = await preinitialize(await loadFixture("two-interfaces"), { initFunc });
    const { outcomes } = await jcoSession(component, { calls: [{ export: "get" }] });
    expect(outcomes).toEqual([{ ok: state }]);
  });
});

/** What a reviewer of snapshots would try: each of these once gave an output that was silently wrong. */
describe("state that cannot be seen is refused", () => {
  const run = async (text: string, options: PreinitializeOptions, ...codes: ErrorCode[]) =>
    refusal(await wat(text), { initFunc: "init", ...options }, ...codes);

  test("an import named like a method of every object is not granted", async () => {
    const error = await run(
      `(component
        (import "local:x/fmt" (instance $fmt (export "value-of" (func (result u32)))))
        (core func $f (canon lower (func $fmt "value-of")))
        (core module $m (import "" "f" (func $f (result i32))) (func (export "init") (drop (call $f))))
        (core instance $i (instantiate $m (with "" (instance (export "f" (func $f))))))
        (func (export "init") (canon lift (core func $i "init"))))`,
      {},
      "not-granted",
    );
    expect(error.message).toContain("local:x/fmt#value-of");
  });

  test("a provided import that returns a promise", async () => {
    const error = await run(
      `(component
        (import "local:x/later" (instance $later (export "number" (func (result u32)))))
        (core func $f (canon lower (func $later "number")))
        (core module $m (import "" "f" (func $f (result i32))) (global $g (mut i32) (i32.const 77))
          (func (export "init") (global.set $g (call $f))))
        (core instance $i (instantiate $m (with "" (instance (export "f" (func $f))))))
        (func (export "init") (canon lift (core func $i "init"))))`,
      { imports: { "local:x/later": { number: async () => 4 } } },
      "unsupported",
    );
    expect(error.message).toContain("local:x/later#number that was provided returned a promise");
  });

  test("a provided import that throws an error of JavaScript", async () => {
    const error = await run(
      `(component
        (import "local:x/later" (instance $later (export "number" (func (result u32)))))
        (core func $f (canon lower (func $later "number")))
        (core module $m (import "" "f" (func $f (result i32))) (global $g (mut i32) (i32.const 77))
          (func (export "init") (global.set $g (call $f))))
        (core instance $i (instantiate $m (with "" (instance (export "f" (func $f))))))
        (func (export "init") (canon lift (core func $i "init"))))`,
      {
        imports: {
          "local:x/later": {
            number: function numberOfTheTest() {
              throw new TypeError("no such thing");
            },
          },
        },
      },
      "init-trapped",
    );
    expect(error.message).toBe("the import local:x/later#number that was provided threw TypeError: no such thing");
    expect(error.details).toEqual([
      expect.stringMatching(/^ {2}at .*numberOfTheTest.*refusals\.test\.ts/),
      "wasm stack:",
      expect.stringMatching(/^ {2}at m/),
    ]);
  });

  const importing = (type: string, core: string, options = "") => `(component
    (import "local:x/y" (instance $y (export "f" (func ${type}))))
    (core module $libc (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64)))
    (core instance $libc (instantiate $libc))
    (core func $f (canon lower (func $y "f") ${options}))
    (core module $m (import "" "f" (func $f ${core})) (func (export "init") ${core === "(param i32)" ? "(call $f (i32.const 0))" : "(drop (call $f))"}))
    (core instance $i (instantiate $m (with "" (instance (export "f" (func $f))))))
    (func (export "init") (canon lift (core func $i "init"))))`;

  const HOSTILE = new Proxy(new Error("x"), {
    get: () => thrower(),
    getPrototypeOf: () => thrower(),
  });
  const thrower = (): never => {
    throw new Error("looked at");
  };

  test.each<[string, unknown, string]>([
    ["null", null, "null"],
    ["undefined", undefined, "undefined"],
    ["a text", "e".repeat(200), `"${"e".repeat(100)}… (100 more characters)"`],
    ["a symbol", Symbol("s"), "Symbol(s)"],
    ["an object that cannot be made a text", Object.create(null), "an object that is no Error"],
    ["what throws when it is looked at", HOSTILE, "an object that is no Error"],
  ])("a provided import that throws %s, which is no value of its type", async (_, thrown, shown) => {
    const throws = () => {
      throw thrown;
    };
    const message = `init trapped: the import local:x/y#f threw ${shown}, and its type has no error case for that`;
    const plain = await run(
      importing("(result u32)", "(result i32)"),
      { imports: { "local:x/y": { f: throws } } },
      "init-trapped",
    );
    expect(plain.message).toBe(message);
    const later = `(component
      (import "local:x/y" (instance $y (export "f" (func async (result u32)))))
      (core func $f (canon lower (func $y "f")))
      (core module $m (import "" "f" (func $f (result i32))) (func (export "init") (result i32) (drop (call $f)) (i32.const 0)))
      (core instance $i (instantiate $m (with "" (instance (export "f" (func $f))))))
      (core module $cb (func (export "cb") (param i32 i32 i32) (result i32) unreachable))
      (core instance $cb (instantiate $cb))
      (func (export "init") async (canon lift (core func $i "init") async (callback (core func $cb "cb")))))`;
    const rejects = () => Promise.reject(thrown);
    const rejected = await run(later, { imports: { "local:x/y": { f: rejects } } }, "init-trapped");
    expect(rejected.message).toBe(message);
  });

  test("a provided import that throws an error later", async () => {
    const text = importing("async (result u32)", "(result i32)").replace(
      '(func (export "init") (canon lift (core func $i "init")))',
      '(func (export "init") async (canon lift (core func $i "init")))',
    );
    const rejects = async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      throw new TypeError("no such thing");
    };
    const error = await run(text, { imports: { "local:x/y": { f: rejects } } }, "init-trapped");
    expect(error.message).toBe("the import local:x/y#f that was provided threw TypeError: no such thing");
    expect(error.details[0]).toMatch(/refusals\.test\.ts/);
  });

  test.each<[string, unknown, string]>([
    ["null", null, "a string was expected from the host, and null was given"],
    ["a number", 5, "a string was expected from the host, and number was given"],
  ])("a provided import that throws %s in the place of its type's error", async (_, thrown, why) => {
    const throws = () => {
      throw thrown;
    };
    const text = importing(
      "(result (result (error string)))",
      "(param i32)",
      '(memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))',
    );
    const { message } = await run(text, { imports: { "local:x/y": { f: throws } } }, "init-trapped");
    expect(message).toBe(`init trapped: the import local:x/y#f gave what its type does not have: ${why}`);
  });

  test("a provided import whose result throws when it is read", async () => {
    const result = {
      get a(): never {
        throw null;
      },
    };
    const text = importing(
      "(result (tuple string string))",
      "(param i32)",
      '(memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))',
    );
    const f = () => new Proxy([], { get: () => result.a });
    const { message } = await run(text, { imports: { "local:x/y": { f } } }, "init-trapped");
    expect(message).toBe(
      "init trapped: the import local:x/y#f gave what its type does not have: reading it threw null",
    );
  });

  test("types of components that do not fit each other", async () => {
    const error = await run(
      `(component
        (component $wants (import "get" (func $get (result u32)))
          (core func $f (canon lower (func $get)))
          (core module $m (import "" "f" (func $f (result i32))) (func (export "init") (drop (call $f))))
          (core instance $i (instantiate $m (with "" (instance (export "f" (func $f))))))
          (func (export "init") (canon lift (core func $i "init"))))
        (component $has
          (core module $m (func (export "get") (result i32) (i32.const 1)))
          (core instance $i (instantiate $m))
          (func (export "get") (result s32) (canon lift (core func $i "get"))))
        (component $passes
          (import "has" (component $c (export "get" (func (result u32)))))
          (instance $i (instantiate $c))
          (export "get" (func $i "get")))
        (instance $h (instantiate $passes (with "has" (component $has))))
        (instance $w (instantiate $wants (with "get" (func $h "get"))))
        (export "init" (func $w "init")))`,
      {},
      "malformed",
    );
    expect(error.message).toMatch(/the component is not valid: .*`get`.*u32.*s32/);
  });

  test("a resource of a provided import that is still held", async () => {
    class Thing {}
    await run(
      `(component
        (import "local:x/res" (instance $res
          (export "thing" (type $thing (sub resource)))
          (export "[constructor]thing" (func (result (own $thing))))))
        (core func $new (canon lower (func $res "[constructor]thing")))
        (core module $m (import "" "new" (func $new (result i32)))
          (global $g (mut i32) (i32.const 0)) (func (export "init") (global.set $g (call $new))))
        (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
        (func (export "init") (canon lift (core func $i "init"))))`,
      { imports: { "local:x/res": { Thing } } },
      "live-handles",
    );
  });

  const module = (fields: string) => `(component
    (core module $m ${fields}) (core instance $i (instantiate $m)) (func (export "init") (canon lift (core func $i "init"))))`;
  const STRUCT = "(type $s (struct (field (mut i32))))";
  const THROW = `(tag $t) (func $throw (result exnref) (block $l (result exnref)
    (try_table (catch_all_ref $l) (throw $t)) (unreachable)))`;

  test.each([
    [
      "an object in a table",
      `${STRUCT} (table $objects 3 (ref null $s))
      (func (export "init") (table.set (i32.const 2) (struct.new $s (i32.const 1))))`,
      /a garbage-collected object in entry 2 of table 0 of core instance i:/,
    ],
    [
      "an object that an immutable global keeps, and that can change",
      `${STRUCT} (global $keeper (ref $s) (struct.new $s (i32.const 1)))
      (func (export "init") (struct.set $s 0 (global.get $keeper) (i32.const 2)))`,
      /a garbage-collected object in global 0 \(\$keeper\) of core instance i:/,
    ],
    [
      "an i31",
      '(global $small (mut anyref) (ref.null any)) (func (export "init") (global.set $small (ref.i31 (i32.const 7))))',
      /a reference that is no function in global 0 \(\$small\) of core instance i:/,
    ],
    [
      "an external reference",
      '(global $out (mut externref) (ref.null extern)) (func (export "init") (global.set $out (extern.convert_any (ref.i31 (i32.const 7)))))',
      /a reference that is no function in global 0 \(\$out\) of core instance i:/,
    ],
    [
      "an exception in a global",
      `${THROW} (global $caught (mut exnref) (ref.null exn)) (func (export "init") (global.set $caught (call $throw)))`,
      /an exception or a continuation in global 0 \(\$caught\) of core instance i:/,
    ],
    [
      "an exception in a table",
      `${THROW} (table $caught i64 3 exnref) (func (export "init") (table.set (i64.const 1) (call $throw)))`,
      /an exception or a continuation in entry 1 of table 0 of core instance i:/,
    ],
    ["a shared memory", '(memory 1 1 shared) (func (export "init"))', /a shared memory: threads cannot be snapshotted/],
  ])("%s", async (_, fields, message) => {
    const error = await run(module(fields), {}, "unsupported");
    expect(error.message).toMatch(message);
  });

  test("tables of exceptions and of objects that hold none are fine, and so is a segment of objects that was dropped", async () => {
    const text = module(`${STRUCT} (type $a (array (mut (ref null $s)))) ${THROW}
      (table $caught 3 exnref) (table $objects 2 (ref null $s))
      (elem $e (ref null $s) (item (struct.new $s (i32.const 1))))
      (func (export "init")
        (table.set $caught (i32.const 1) (call $throw)) (table.set $caught (i32.const 1) (ref.null exn))
        (drop (table.grow $caught (ref.null exn) (i32.const 2)))
        (drop (array.new_elem $a $e (i32.const 0) (i32.const 1))) (elem.drop $e))`);
    const { report } = await preinitialize(await wat(text), { initFunc: "init", verify: true });
    expect(report.warnings).toEqual([]);
  });

  test("objects in a passive element segment", async () => {
    await run(
      `(component
        (core module $m
          (type $s (struct (field (mut i32)))) (type $a (array (mut (ref null $s))))
          (elem $e (ref null $s) (item (struct.new $s (i32.const 1))))
          (func (export "init") (struct.set $s 0
            (array.get $a (array.new_elem $a $e (i32.const 0) (i32.const 1)) (i32.const 0)) (i32.const 42))))
        (core instance $i (instantiate $m))
        (func (export "init") (canon lift (core func $i "init"))))`,
      {},
      "unsupported",
    );
  });

  test("waitable sets and the like", async () => {
    await run(
      `(component
        (core func $new (canon waitable-set.new))
        (core module $m (import "" "new" (func $new (result i32)))
          (global $g (mut i32) (i32.const 0)) (func (export "init") (global.set $g (call $new))))
        (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
        (func (export "init") (canon lift (core func $i "init"))))`,
      {},
      "live-handles",
    );
  });

  test("a trap of a built-in that the guest catches", async () => {
    await run(
      `(component
        (type $r (resource (rep i32)))
        (core func $drop (canon resource.drop $r))
        (core module $m (import "" "drop" (func $drop (param i32)))
          (func (export "init") (block $caught (try_table (catch_all $caught) (call $drop (i32.const 0))))))
        (core instance $i (instantiate $m (with "" (instance (export "drop" (func $drop))))))
        (func (export "init") (canon lift (core func $i "init"))))`,
      {},
      "init-trapped",
    );
  });
});

test("an init export that others refer to stays, with a warning", async () => {
  const component = await wat(`(component
    (core module $m (memory (export "m") 1) (func (export "init") (i32.store (i32.const 0) (i32.const 5))))
    (core instance $i (instantiate $m))
    (func $f (canon lift (core func $i "init")))
    (export $e "init" (func $f)) (export "again" (func $e)))`);
  const { report } = await preinitialize(component, { initFunc: "init" });
  expect(report.warnings).toEqual(["init stays exported, because other parts of the component refer to it"]);
});

test("an exit with code 0 leaves the guest's memory as it was", async () => {
  // A bump allocator behind a block that is all 0xaa: the adapter's stack comes right after it.
  const core = await wat(`(module
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 8)
    (global $next (mut i32) (i32.const 131072))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $next) (global.set $next (i32.add (global.get $next) (local.get 3))))
    (func (export "run")
      (memory.fill (i32.const 0) (i32.const 0xaa) (i32.const 131072)) (call $exit (i32.const 0))))`);
  const component = await componentize(core, "package t:t; world w { export run: func(); }", "w");
  const { component: output } = await preinitialize(component, { initFunc: "run" });
  const [main] = await coreModules(output);
  const module = new WebAssembly.Module(new Uint8Array(main as Uint8Array));
  const { exports } = new WebAssembly.Instance(module, { wasi_snapshot_preview1: { proc_exit: () => undefined } });
  const bytes = new Uint8Array((exports.memory as WebAssembly.Memory).buffer, 0, 131072);
  expect(bytes.every((byte) => byte === 0xaa)).toBe(true);
});
