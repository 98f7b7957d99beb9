import { afterEach, describe, expect, test } from "vitest";
import { instrument, invoke, type PreinitializeOptions, preinitialize, prepare } from "../../src/index.js";
import { loadFixture } from "../support/fixtures.js";
import { jcoSession } from "../support/jco.js";
import { refusal } from "../support/refusal.js";
import { hasWasmtime, wasmtimeSession } from "../support/wasmtime.js";
import { validate, wat } from "../support/wat.js";

/** An import that takes its time. */
const SLOW = {
  "local:x/slow": {
    wait: async (n: number) => {
      await new Promise((resolve) => setTimeout(resolve, n));
      return n + 1;
    },
  },
};

interface Case {
  readonly fixture: string;
  readonly initFunc: string;
  readonly imports?: PreinitializeOptions["imports"];
  readonly get: string;
  readonly state: unknown;
  /** What the original has right after the call, where that differs. */
  readonly others?: unknown;
}

const cases: Case[] = [
  { fixture: "async", initFunc: "none", get: "peek", state: 0 },
  { fixture: "async", initFunc: "sync", get: "peek", state: 7 },
  { fixture: "async", initFunc: "waits", imports: SLOW, get: "peek", state: 26 },
  { fixture: "async", initFunc: "waits-in-place", imports: SLOW, get: "peek", state: 31 },
  // Others call the next function when a task has returned, not when it has exited.
  { fixture: "async", initFunc: "goes-on", get: "peek", state: 9, others: 0 },
  // jco takes the result of the core function for that of the task, after `task.return` has given it.
  { fixture: "async", initFunc: "without-callback", imports: SLOW, get: "peek", state: 31 },
  { fixture: "async-composition", initFunc: "calls", get: "get", state: 5005 },
  { fixture: "async-composition", initFunc: "calls-and-waits", get: "get", state: 20_020 },
  { fixture: "async-composition", initFunc: "calls-plain", get: "get", state: 5000 },
  // The callee goes on, after its caller has exited.
  { fixture: "async-composition", initFunc: "calls-lazy", get: "get", state: 5051, others: 5050 },
  { fixture: "wasi-0.3", initFunc: "sleep", get: "get", state: "5000000000n" },
  { fixture: "wasi-0.3", initFunc: "sleep-and-wait", get: "get", state: "5000000000n" },
  { fixture: "wasi-0.3", initFunc: "print", get: "get", state: "96n" },
];

describe.each(cases)("$fixture, $initFunc", ({ fixture, initFunc, imports, get, state }) => {
  const options = { initFunc, ...(imports && { imports }) };
  const calls = [{ export: get }];

  test("the output has the state that the task has left, in V8 and in Wasmtime", async () => {
    const { component } = await preinitialize(await loadFixture(fixture), { ...options, verify: true });
    await validate(component);
    // Nothing that the output imports is used again.
    expect((await jcoSession(component, { calls, imports: {} })).outcomes).toEqual([{ ok: state }]);
    if (hasWasmtime) {
      expect((await wasmtimeSession(component, { calls, waits: true })).outcomes).toEqual([{ ok: state }]);
    }
  });
});

const callsOf = ({ initFunc, get }: Case) => [...(initFunc === "none" ? [] : [{ export: initFunc }]), { export: get }];
const ofOriginals = cases.filter(({ fixture }) => fixture !== "wasi-0.3");

test.each(ofOriginals.filter(({ initFunc }) => initFunc !== "without-callback"))(
  "$fixture, $initFunc: so has the original in V8",
  async (one) => {
    const { fixture, imports, state, others = state } = one;
    const { outcomes } = await jcoSession(await loadFixture(fixture), {
      calls: callsOf(one),
      ...(imports && { imports }),
    });
    expect(outcomes.at(-1)).toEqual({ ok: others });
  },
);

// What it imports are traps there.
test.runIf(hasWasmtime).each(ofOriginals.filter(({ imports }) => imports === undefined))(
  "$fixture, $initFunc: so has the original in Wasmtime",
  async (one) => {
    const { fixture, state, others = state } = one;
    const { outcomes } = await wasmtimeSession(await loadFixture(fixture), { calls: callsOf(one), waits: true });
    expect(outcomes.at(-1)).toEqual({ ok: others });
  },
);

test("an async import may give its result at address 0", async () => {
  const text = `(component
    (import "local:x/slow" (instance $slow (export "wait" (func async (param "ms" u32) (result u32)))))
    (core module $libc (memory (export "memory") 1))
    (core instance $libc (instantiate $libc))
    (core func $return (canon task.return))
    (core func $wait (canon lower (func $slow "wait") async (memory (core memory $libc "memory"))))
    (core func $drop (canon subtask.drop))
    (core func $new-set (canon waitable-set.new))
    (core func $drop-set (canon waitable-set.drop))
    (core func $join (canon waitable.join))
    (core module $m
      (import "libc" "memory" (memory 1))
      (import "" "return" (func $return)) (import "" "wait" (func $wait (param i32 i32) (result i32)))
      (import "" "drop" (func $drop (param i32))) (import "" "new-set" (func $new-set (result i32)))
      (import "" "drop-set" (func $drop-set (param i32))) (import "" "join" (func $join (param i32 i32)))
      (global $set (mut i32) (i32.const 0))
      (func (export "init") (result i32) (local $task i32)
        (local.set $task (i32.shr_u (call $wait (i32.const 20) (i32.const 0)) (i32.const 4)))
        (global.set $set (call $new-set))
        (call $join (local.get $task) (global.get $set))
        (i32.or (i32.const 2) (i32.shl (global.get $set) (i32.const 4))))
      (func (export "callback") (param i32 i32 i32) (result i32)
        (call $join (local.get 1) (i32.const 0))
        (call $drop (local.get 1)) (call $drop-set (global.get $set)) (call $return) (i32.const 0))
      (func (export "get") (result i32) (i32.load (i32.const 0))))
    (core instance $i (instantiate $m (with "libc" (instance $libc)) (with "" (instance
      (export "return" (func $return)) (export "wait" (func $wait)) (export "drop" (func $drop))
      (export "new-set" (func $new-set)) (export "drop-set" (func $drop-set)) (export "join" (func $join))))))
    (func (export "init") async (canon lift (core func $i "init") async (callback (core func $i "callback"))))
    (func (export "get") (result u32) (canon lift (core func $i "get"))))`;
  const { component } = await preinitialize(await wat(text), { initFunc: "init", imports: SLOW });
  const { outcomes } = await jcoSession(component, { calls: [{ export: "get" }], imports: {} });
  expect(outcomes).toEqual([{ ok: 21 }]);
});

test("the output keeps its async exports", async () => {
  const { component } = await preinitialize(await loadFixture("async"), { initFunc: "sync" });
  const { outcomes } = await jcoSession(component, { calls: [{ export: "get-async" }] });
  expect(outcomes).toEqual([{ ok: 7 }]);
});

test("what goes through a stream to stdout of WASI 0.3 is the guest's output", async () => {
  const { report } = await preinitialize(await loadFixture("wasi-0.3"), { initFunc: "print" });
  expect(report.stdout).toBe("hello\n");
});

test("WASI 0.3 has the clock and the random numbers of 0.2", async () => {
  const component = await loadFixture("wasi-0.3");
  const stateOf = async (options: PreinitializeOptions) => {
    const output = (await preinitialize(component, { initFunc: "draw", ...options })).component;
    return (await jcoSession(output, { calls: [{ export: "get" }], imports: {} })).outcomes;
  };
  const usual = await stateOf({});
  expect(await stateOf({})).toEqual(usual);
  expect(await stateOf({ seed: 1n })).not.toEqual(usual);
});

test("WASI 0.2 and 0.3 are imported together, each with its own functions", async () => {
  const text = `(component
    (import "wasi:clocks/monotonic-clock@0.2.0" (instance $old (export "resolution" (func (result u64)))))
    (import "wasi:clocks/monotonic-clock@0.3.0" (instance $new (export "get-resolution" (func (result u64)))))
    (core func $a (canon lower (func $old "resolution"))) (core func $b (canon lower (func $new "get-resolution")))
    (core module $m (import "" "a" (func $a (result i64))) (import "" "b" (func $b (result i64)))
      (global $g (mut i64) (i64.const 0))
      (func (export "init") (global.set $g (i64.add (call $a) (call $b))))
      (func (export "get") (result i64) (global.get $g)))
    (core instance $i (instantiate $m (with "" (instance (export "a" (func $a)) (export "b" (func $b))))))
    (func (export "init") (canon lift (core func $i "init")))
    (func (export "get") (result u64) (canon lift (core func $i "get"))))`;
  const { component } = await preinitialize(await wat(text), { initFunc: "init" });
  const { outcomes } = await jcoSession(component, { calls: [{ export: "get" }], imports: {} });
  expect(outcomes).toEqual([{ ok: "2000000n" }]);
});

test("the same input gives the same output, however the tasks interleave", async () => {
  const component = await loadFixture("async-composition");
  const run = async () => (await preinitialize(component, { initFunc: "calls-and-waits" })).component;
  const first = await run();
  for (let i = 0; i < 4; i++) expect(await run()).toEqual(first);
});

test("calls of async imports are traced when they have returned", async () => {
  const traced: string[] = [];
  const onHostCall: NonNullable<PreinitializeOptions["onHostCall"]> = (call) =>
    traced.push(`${call.import} ${JSON.stringify(call.result)}`);
  await preinitialize(await loadFixture("async"), { initFunc: "waits", imports: SLOW, onHostCall });
  expect(traced).toEqual(["local:x/slow#wait 21"]);
});

test("a function that is not async is called while a task of its instance waits in the middle of its code", async () => {
  const text = `(component
    (import "local:x/slow" (instance $slow (export "wait" (func async (param "n" u32) (result u32)))))
    (component $B
      (import "wait" (func $wait async (param "n" u32) (result u32)))
      (core func $w (canon lower (func $wait))) (core func $ret (canon task.return))
      (core module $m (import "" "wait" (func $wait (param i32) (result i32))) (import "" "ret" (func $ret))
        (global $n (mut i32) (i32.const 0))
        (func (export "slow") (result i32)
          (global.set $n (i32.const 1)) (drop (call $wait (i32.const 30))) (global.set $n (i32.const 2)) (call $ret) (i32.const 0))
        (func (export "cb") (param i32 i32 i32) (result i32) (unreachable))
        (func (export "n") (result i32) (global.get $n)))
      (core instance $i (instantiate $m (with "" (instance (export "wait" (func $w)) (export "ret" (func $ret))))))
      (func (export "slow") async (canon lift (core func $i "slow") async (callback (core func $i "cb"))))
      (func (export "n") (result u32) (canon lift (core func $i "n"))))
    (component $A
      (import "slow" (func $slow async)) (import "n" (func $n (result u32)))
      (core func $s (canon lower (func $slow) async)) (core func $n' (canon lower (func $n)))
      (core func $ret (canon task.return)) (core func $drop (canon subtask.drop)) (core func $set (canon waitable-set.new))
      (core func $unset (canon waitable-set.drop)) (core func $join (canon waitable.join))
      (core module $m
        (import "" "slow" (func $slow (result i32))) (import "" "n" (func $n (result i32))) (import "" "ret" (func $ret))
        (import "" "drop" (func $drop (param i32))) (import "" "set" (func $set (result i32)))
        (import "" "unset" (func $unset (param i32))) (import "" "join" (func $join (param i32 i32)))
        (global $g (mut i32) (i32.const 0)) (global $set (mut i32) (i32.const 0))
        (func (export "get") (result i32) (global.get $g))
        (func (export "init") (result i32) (local $sub i32)
          (local.set $sub (i32.shr_u (call $slow) (i32.const 4)))
          (global.set $g (call $n))
          (global.set $set (call $set))
          (call $join (local.get $sub) (global.get $set))
          (i32.or (i32.const 2) (i32.shl (global.get $set) (i32.const 4))))
        (func (export "cb") (param $e i32) (param $sub i32) (param $s i32) (result i32)
          (call $drop (local.get $sub)) (call $unset (global.get $set)) (call $ret) (i32.const 0)))
      (core instance $i (instantiate $m (with "" (instance (export "slow" (func $s)) (export "n" (func $n'))
        (export "ret" (func $ret)) (export "drop" (func $drop)) (export "set" (func $set)) (export "unset" (func $unset))
        (export "join" (func $join))))))
      (func (export "get") (result u32) (canon lift (core func $i "get")))
      (func (export "init") async (canon lift (core func $i "init") async (callback (core func $i "cb")))))
    (instance $b (instantiate $B (with "wait" (func $slow "wait"))))
    (instance $a (instantiate $A (with "slow" (func $b "slow")) (with "n" (func $b "n"))))
    (export "get" (func $a "get")) (export "init" (func $a "init")))`;
  const { component } = await preinitialize(await wat(text), { initFunc: "init", imports: SLOW });
  const { outcomes } = await jcoSession(component, { calls: [{ export: "get" }], imports: {} });
  expect(outcomes).toEqual([{ ok: 1 }]);
});

/** A component with built-ins, and what it has kept in `$g` as `get`. */
const withBuiltins = (
  imported: string,
  builtins: readonly [name: string, type: string, definition: string][],
  init: string,
) =>
  wat(`(component
    (type $f (future u32)) ${imported}
    (core module $libc (memory (export "memory") 1)) (core instance $libc (instantiate $libc))
    (core func $ret (canon task.return)) ${builtins.map(([name, , definition]) => `(core func $${name} ${definition})`).join(" ")}
    (core module $m (import "" "mem" (memory 1)) (import "" "ret" (func $ret))
      ${builtins.map(([name, type]) => `(import "" "${name}" (func $${name} ${type}))`).join(" ")}
      (global $g (mut i32) (i32.const 0))
      (func (export "get") (result i32) (global.get $g))
      (func (export "init") (result i32) (local $ends i64) (local $end i32) ${init} (call $ret) (i32.const 0))
      (func (export "cb") (param i32 i32 i32) (result i32) (unreachable)))
    (core instance $i (instantiate $m (with "" (instance (export "mem" (memory $libc "memory")) (export "ret" (func $ret))
      ${builtins.map(([name]) => `(export "${name}" (func $${name}))`).join(" ")}))))
    (func (export "get") (result u32) (canon lift (core func $i "get")))
    (func (export "init") async (canon lift (core func $i "init") async (callback (core func $i "cb")))))`);

const MEMORY = '(memory (core memory $libc "memory"))';

test("a future that the guest gives to the host is the host's", async () => {
  const component = await withBuiltins(
    '(import "local:x/take" (instance $x (export "take" (func (param "f" (future u32))))))',
    [
      ["take", "(param i32)", '(canon lower (func $x "take"))'],
      ["new", "(result i64)", "(canon future.new $f)"],
      ["write", "(param i32 i32) (result i32)", `(canon future.write $f ${MEMORY})`],
      ["drop", "(param i32)", "(canon future.drop-writable $f)"],
    ],
    `(local.set $ends (call $new)) (local.set $end (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
     (call $take (i32.wrap_i64 (local.get $ends))) (i32.store (i32.const 8) (i32.const 42))
     (drop (call $write (local.get $end) (i32.const 8))) (call $drop (local.get $end))`,
  );
  const taken: number[] = [];
  const take = (future: PromiseLike<number>): void => void future.then((value) => taken.push(value));
  await preinitialize(component, { initFunc: "init", imports: { "local:x/take": { take } } });
  expect(taken).toEqual([42]);
});

test("a function that is not async may return a promise for a future", async () => {
  const component = await withBuiltins(
    '(import "local:x/give" (instance $x (export "give" (func (result (future u32))))))',
    [
      ["give", "(result i32)", '(canon lower (func $x "give"))'],
      ["read", "(param i32 i32) (result i32)", `(canon future.read $f ${MEMORY})`],
      ["drop", "(param i32)", "(canon future.drop-readable $f)"],
    ],
    `(local.set $end (call $give)) (drop (call $read (local.get $end) (i32.const 8)))
     (global.set $g (i32.load (i32.const 8))) (call $drop (local.get $end))`,
  );
  const give = () => SLOW["local:x/slow"].wait(5);
  const output = await preinitialize(component, { initFunc: "init", imports: { "local:x/give": { give } } });
  const { outcomes } = await jcoSession(output.component, { calls: [{ export: "get" }], imports: {} });
  expect(outcomes).toEqual([{ ok: 6 }]);
});

describe("an exit", () => {
  // Its call never returns, which is no call that is left.
  const component = (slow: string) =>
    withBuiltins(
      `(import "wasi:cli/exit@0.3.0" (instance $x (export "exit" (func (param "status" (result))))))
       (import "local:x/slow" (instance $slow (export "wait" (func async (param "n" u32) (result u32)))))`,
      [
        ["exit", "(param i32)", '(canon lower (func $x "exit"))'],
        ["slow", "(param i32 i32) (result i32)", `(canon lower (func $slow "wait") async ${MEMORY})`],
      ],
      `${slow} (global.set $g (i32.const 1)) (call $exit (i32.const 0)) (global.set $g (i32.const 2))`,
    );

  test("ends initialization in the middle of a task", async () => {
    const output = await preinitialize(await component(""), { initFunc: "init", imports: SLOW });
    const { outcomes } = await jcoSession(output.component, { calls: [{ export: "get" }], imports: {} });
    expect(outcomes).toEqual([{ ok: 1 }]);
  });

  test("while a call of an import is under way is refused", async () => {
    const pending = await component("(drop (call $slow (i32.const 20) (i32.const 8)))");
    const error = await refusal(pending, { initFunc: "init", imports: SLOW }, "live-handles", "live-tasks");
    expect(error.message).toContain("local:x/slow");
  });
});

describe("refuses", () => {
  const refuse = async (initFunc: string, ...codes: Parameters<typeof refusal>[2][]) =>
    refusal(await loadFixture("async"), { initFunc, imports: SLOW }, ...codes);

  test("a waitable set that is held", async () => {
    expect((await refuse("keeps-set", "live-handles")).message).toContain("a waitable-set");
  });

  test("a call of an import that was not waited for", async () => {
    const error = await refuse("keeps-subtask", "live-tasks", "live-handles");
    expect(error.message).toMatch(/local:x\/slow#wait|the import wait/);
  });

  test("ends of a stream, each", async () => {
    const error = await refusal(await loadFixture("wasi-0.3"), { initFunc: "leak" }, "live-handles");
    expect(error.details.map((line) => line.trim())).toEqual(["readable end of a stream", "writable end of a stream"]);
  });

  test("an error context that is held", async () => {
    const component = (init: string) =>
      withBuiltins(
        "",
        [
          ["new", "(param i32 i32) (result i32)", `(canon error-context.new string-encoding=utf8 ${MEMORY})`],
          ["drop", "(param i32)", "(canon error-context.drop)"],
        ],
        init,
      );
    const held = "(local.set $end (call $new (i32.const 0) (i32.const 0)))";
    const error = await refusal(await component(held), { initFunc: "init" }, "live-handles");
    expect(error.message).toContain("an error-context");
    const dropped = await component(`${held} (call $drop (local.get $end))`);
    await expect(preinitialize(dropped, { initFunc: "init" })).resolves.toHaveProperty("component");
  });

  test("backpressure", async () => {
    expect((await refuse("keeps-backpressure", "live-tasks")).message).toContain("backpressure.dec");
  });

  test("a task that has returned and waits for ever, whatever --handles says", async () => {
    const component = await loadFixture("async");
    const error = await refusal(component, { initFunc: "returns-and-waits", handles: "allow" }, "live-tasks");
    expect(error.message).toContain("that has returned and has not exited");
  });

  test("a task that waits for ever before it returns", async () => {
    expect((await refuse("waits-for-ever", "init-trapped")).message).toContain("deadlock");
  });

  test("a task that exits without a result", async () => {
    expect((await refuse("never-returns", "init-trapped")).message).toContain("failed to produce a result");
  });

  test.each(["returns-and-traps", "traps-later"])("a task that traps after it has returned: %s", async (initFunc) => {
    expect((await refuse(initFunc, "init-trapped")).message).toContain("unreachable");
  });

  test("a function that is not async and waits", async () => {
    expect((await refuse("sync-waits", "init-trapped")).message).toContain("cannot block a synchronous task");
  });

  // The first may wait, the second waits only if it has to: they get to the guest in different ways.
  test.each([
    ["(canon subtask.cancel)", "(param i32) (result i32)", "(i32.const 9)"],
    [
      '(canon waitable-set.wait (memory (core memory $libc "memory")))',
      "(param i32 i32) (result i32)",
      "(i32.const 9) (i32.const 0)",
    ],
  ])("a trap of %s that the guest catches", async (builtin, type, args) => {
    const text = `(component
      (core module $libc (memory (export "memory") 1)) (core instance $libc (instantiate $libc))
      (core func $f ${builtin}) (core func $ret (canon task.return))
      (core module $m (import "" "f" (func $f ${type})) (import "" "ret" (func $ret))
        (func (export "init") (result i32)
          (block $caught (try_table (catch_all $caught) (drop (call $f ${args})))) (call $ret) (i32.const 0))
        (func (export "cb") (param i32 i32 i32) (result i32) (unreachable)))
      (core instance $i (instantiate $m (with "" (instance (export "f" (func $f)) (export "ret" (func $ret))))))
      (func (export "init") async (canon lift (core func $i "init") async (callback (core func $i "cb")))))`;
    await refusal(await wat(text), { initFunc: "init" }, "init-trapped");
  });

  test("an async import that is not granted", async () => {
    const error = await refusal(await loadFixture("async"), { initFunc: "waits" }, "not-granted");
    expect(error.message).toContain("local:x/slow#wait");
  });

  test("an interface of WASI 0.3 that this host does not have, although it has that of 0.2", async () => {
    const text = (version: string) => `(component
      (import "wasi:clocks/timezone@${version}" (instance $p (export "utc-offset" (func (result u32)))))
      (core func $f (canon lower (func $p "utc-offset")))
      (core module $m (import "" "f" (func $f (result i32))) (func (export "init") (drop (call $f))))
      (core instance $i (instantiate $m (with "" (instance (export "f" (func $f))))))
      (func (export "init") (canon lift (core func $i "init"))))`;
    for (const version of ["0.3.0", "0.3.0-rc-2026-03-15"]) {
      const error = await refusal(await wat(text(version)), { initFunc: "init" }, "not-granted");
      expect(error.message).toContain(`wasi:clocks/timezone@${version}#utc-offset`);
    }
  });
});

test("threads are numbered, run by turns and end", async () => {
  const text = `(component
    (core type $start (func (param i32)))
    (core module $t (table (export "t") 1 funcref)) (core instance $t (instantiate $t))
    (core func $index (canon thread.index)) (core func $yield (canon thread.yield))
    (core func $new (canon thread.new-indirect $start (core table $t "t")))
    (core func $later (canon thread.resume-later)) (core func $ret (canon task.return))
    (core module $m
      (import "" "t" (table 1 funcref)) (import "" "index" (func $index (result i32)))
      (import "" "new" (func $new (param i32 i32) (result i32))) (import "" "later" (func $later (param i32)))
      (import "" "yield" (func $yield (result i32))) (import "" "ret" (func $ret))
      (global $log (mut i32) (i32.const 0))
      (func $note (param i32) (global.set $log (i32.add (i32.mul (global.get $log) (i32.const 10)) (local.get 0))))
      (func $run (param i32) (call $note (local.get 0)) (drop (call $yield)) (call $note (call $index)))
      (elem (table 0) (i32.const 0) func $run)
      (func (export "init")
        (call $note (call $index))
        (call $later (call $new (i32.const 0) (i32.const 7)))
        (call $later (call $new (i32.const 0) (i32.const 8)))
        (drop (call $yield)) (call $note (i32.const 9)) (call $ret))
      (func (export "get") (result i32) (global.get $log)))
    (core instance $i (instantiate $m (with "" (instance (export "t" (table $t "t")) (export "index" (func $index))
      (export "new" (func $new)) (export "later" (func $later)) (export "yield" (func $yield)) (export "ret" (func $ret))))))
    (func (export "init") async (canon lift (core func $i "init") async))
    (func (export "get") (result u32) (canon lift (core func $i "get"))))`;
  const input = await wat(text);
  const { component } = await preinitialize(input, { initFunc: "init" });
  // Only this host and new versions of Wasmtime know threads.
  const { results } = await invoke(await prepare(instrument(component)), ["get()"]);
  // Each in the order in which it was made ready; the first thread is 1, the others 2 and 3.
  expect(results).toEqual([178923]);
});

test("--handles allow takes a snapshot with a waitable set held", async () => {
  const options = { initFunc: "keeps-set", handles: "allow" } as const;
  const { report } = await preinitialize(await loadFixture("async"), options);
  expect(report.handles).toEqual([{ of: "async", type: "waitable-set" }]);
});

describe("on an engine without JSPI", () => {
  const engine = WebAssembly as { Suspending?: unknown; promising?: unknown };
  const { Suspending, promising } = engine;
  afterEach(() => Object.assign(engine, { Suspending, promising }));

  const withoutJspi = () => {
    delete engine.Suspending;
    delete engine.promising;
  };

  test("async initialization is refused by name", async () => {
    const component = await loadFixture("async");
    withoutJspi();
    const error = await refusal(component, { initFunc: "goes-on" }, "unsupported");
    expect(error.message).toContain("JavaScript Promise Integration");
    expect(error.message).toContain("Node 25 or later");
  });

  test("a component with async exports is initialized by a function that is not", async () => {
    const component = await loadFixture("async");
    withoutJspi();
    await expect(preinitialize(component, { initFunc: "sync" })).resolves.toHaveProperty("component");
  });
});
