import { afterEach, describe, expect, test, vi } from "vitest";
import { Ordered } from "../../src/abi/ordered.js";
import { Thread } from "../../src/abi/thread.js";
import { type PreinitializeOptions, preinitialize } from "../../src/index.js";
import { refusal } from "../support/refusal.js";
import { wat } from "../support/wat.js";

afterEach(() => vi.restoreAllMocks());

const BUILTINS = {
  ret: ["(func $ret (param i32))", "(canon task.return (result u32))"],
  ret0: ["(func $ret0)", "(canon task.return)"],
  yield: ["(func $yield (result i32))", "(canon thread.yield)"],
  inc: ["(func $inc)", "(canon backpressure.inc)"],
  dec: ["(func $dec)", "(canon backpressure.dec)"],
  fnew: ["(func $fnew (result i64))", "(canon future.new $f)"],
  fread: [
    "(func $fread (param i32 i32) (result i32))",
    `(canon future.read $f async (memory (core memory $libc "memory")))`,
  ],
  fwrite: [
    "(func $fwrite (param i32 i32) (result i32))",
    `(canon future.write $f async (memory (core memory $libc "memory")))`,
  ],
  fdropr: ["(func $fdropr (param i32))", "(canon future.drop-readable $f)"],
  fdropw: ["(func $fdropw (param i32))", "(canon future.drop-writable $f)"],
  "new-set": ["(func $new-set (result i32))", "(canon waitable-set.new)"],
  "drop-set": ["(func $drop-set (param i32))", "(canon waitable-set.drop)"],
  join: ["(func $join (param i32 i32))", "(canon waitable.join)"],
  drop: ["(func $drop (param i32))", "(canon subtask.drop)"],
  wait: [
    "(func $wait (param i32 i32) (result i32))",
    `(canon waitable-set.wait (memory (core memory $libc "memory")))`,
  ],
} as const;

/** A component around a core module that has all of these, and functions of others. */
const component = (
  name: string,
  imports: string,
  lowered: Record<string, readonly [string, string]>,
  body: string,
  exports: string,
) => {
  const all = Object.entries({ ...BUILTINS, ...lowered });
  return `(component $${name} ${imports} (type $f (future))
    (core module $libc (memory (export "memory") 30)) (core instance $libc (instantiate $libc))
    ${all.map(([id, [, canon]]) => `(core func $${id} ${canon})`).join("\n")}
    (core module $m (import "libc" "memory" (memory 30))
      ${all.map(([id, [type]]) => `(import "" "${id}" ${type})`).join("\n")} ${body})
    (core instance $i (instantiate $m (with "libc" (instance $libc)) (with "" (instance
      ${all.map(([id]) => `(export "${id}" (func $${id}))`).join("\n")}))))
    ${exports})`;
};

const lifted = (name: string, type: string, callback = true) =>
  `(func (export "${name}") async ${type} (canon lift (core func $i "${name}") async
    ${callback ? `(callback (core func $i "${name}-cb"))` : ""}))`;

/** Calls `work` so often and then `go` once, and waits for all of them. */
const caller = (count: number) =>
  component(
    "A",
    `(import "work" (func $work async (param "n" u32) (result u32))) (import "go" (func $go async))`,
    {
      works: [
        "(func $works (param i32 i32) (result i32))",
        `(canon lower (func $work) async (memory (core memory $libc "memory")))`,
      ],
      goes: ["(func $goes (result i32))", `(canon lower (func $go) async)`],
    },
    `(global $set (mut i32) (i32.const 0)) (global $left (mut i32) (i32.const 0)) (global $done (mut i32) (i32.const 0))
     (func $note (param $status i32)
       (if (i32.eq (i32.and (local.get $status) (i32.const 15)) (i32.const 2))
         (then (global.set $done (i32.add (global.get $done) (i32.const 1))))
         (else
           (global.set $left (i32.add (global.get $left) (i32.const 1)))
           (call $join (i32.shr_u (local.get $status) (i32.const 4)) (global.get $set)))))
     (func $next (result i32)
       (if (global.get $left) (then (return (i32.or (i32.const 2) (i32.shl (global.get $set) (i32.const 4))))))
       (call $drop-set (global.get $set)) (call $ret0) (i32.const 0))
     (func (export "init") (result i32) (local $i i32)
       (global.set $set (call $new-set))
       (loop $l (call $note (call $works (i32.const 20) (i32.const 0)))
         (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ${count}))))
       (call $note (call $goes)) (call $next))
     (func (export "init-cb") (param i32 i32 i32) (result i32)
       (if (i32.eq (local.get 2) (i32.const 2)) (then
         (call $join (local.get 1) (i32.const 0)) (call $drop (local.get 1))
         (global.set $done (i32.add (global.get $done) (i32.const 1)))
         (global.set $left (i32.sub (global.get $left) (i32.const 1)))))
       (call $next))
     (func (export "get") (result i32) (global.get $done))`,
    `${lifted("init", "")} (func (export "get") (result u32) (canon lift (core func $i "get")))`,
  );

const GO_AT_ONCE = `(func (export "go") (result i32) (call $ret0) (i32.const 0))
  (func (export "go-cb") (param i32 i32 i32) (result i32) unreachable)`;

/** All wait for futures of their own, which \`go\` writes. */
const WRITE_ALL = `(global $k (mut i32) (i32.const 0))
  (func $mine (result i64) (local $ends i64)
    (local.set $ends (call $fnew))
    (drop (call $fread (i32.wrap_i64 (local.get $ends)) (i32.const 0)))
    (i64.store (i32.shl (global.get $k) (i32.const 3)) (local.get $ends))
    (global.set $k (i32.add (global.get $k) (i32.const 1)))
    (local.get $ends))
  (func (export "go") (result i32) (local $i i32) (local $w i32)
    (loop $l
      (local.set $w (i32.wrap_i64 (i64.shr_u (i64.load (i32.shl (local.get $i) (i32.const 3))) (i64.const 32))))
      (drop (call $fwrite (local.get $w) (i32.const 0))) (call $fdropw (local.get $w))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (global.get $k))))
    (call $ret0) (i32.const 0))
  (func (export "go-cb") (param i32 i32 i32) (result i32) unreachable)`;

const WORK = '(param "n" u32) (result u32)';
const END = "(call $ret (i32.const 1)) (i32.const 0)";

const CALLEES: Readonly<Record<string, string>> = {
  "let others have their turn": component(
    "B",
    "",
    {},
    `${GO_AT_ONCE} (func (export "work") (param i32) (result i32) (i32.const 1))
     (func (export "work-cb") (param i32 i32 i32) (result i32) ${END})`,
    `${lifted("work", WORK)} ${lifted("go", "")}`,
  ),
  "let others have their turn in the middle of their code": component(
    "B",
    "",
    {},
    `${GO_AT_ONCE} (func (export "work") (param i32) (drop (call $yield)) (call $ret (i32.const 1)))`,
    `${lifted("work", WORK, false)} ${lifted("go", "")}`,
  ),
  "are kept out until backpressure ends": component(
    "B",
    "",
    {},
    `${GO_AT_ONCE} (global $turns (mut i32) (i32.const 0))
     (func (export "work") (param i32) (result i32)
       (if (global.get $turns) (then (return (call $end))))
       (call $inc) (global.set $turns (i32.const 1)) (i32.const 1))
     (func $end (result i32) ${END})
     (func (export "work-cb") (param i32 i32 i32) (result i32)
       (global.set $turns (i32.add (global.get $turns) (i32.const 1)))
       (if (i32.lt_u (global.get $turns) (i32.const 10)) (then (return (i32.const 1))))
       (call $dec) (call $end))`,
    `${lifted("work", WORK)} ${lifted("go", "")}`,
  ),
  "wait for events, each in a set of its own": component(
    "B",
    "",
    {},
    `${WRITE_ALL} (func (export "work") (param i32) (result i32) (local $ends i64) (local $s i32)
       (local.set $ends (call $mine)) (local.set $s (call $new-set))
       (call $join (i32.wrap_i64 (local.get $ends)) (local.get $s))
       (i32.or (i32.const 2) (i32.shl (local.get $s) (i32.const 4))))
     (func (export "work-cb") (param i32 i32 i32) (result i32)
       (call $join (local.get 1) (i32.const 0)) (call $fdropr (local.get 1)) ${END})`,
    `${lifted("work", WORK)} ${lifted("go", "")}`,
  ),
  "wait for events, all in one set": component(
    "B",
    "",
    {},
    `${WRITE_ALL} (global $s (mut i32) (i32.const 0))
     (func (export "work") (param i32) (result i32)
       (if (i32.eqz (global.get $s)) (then (global.set $s (call $new-set))))
       (call $join (i32.wrap_i64 (call $mine)) (global.get $s))
       (i32.or (i32.const 2) (i32.shl (global.get $s) (i32.const 4))))
     (func (export "work-cb") (param i32 i32 i32) (result i32)
       (call $join (local.get 1) (i32.const 0)) (call $fdropr (local.get 1)) ${END})`,
    `${lifted("work", WORK)} ${lifted("go", "")}`,
  ),
  "wait for events in the middle of their code": component(
    "B",
    "",
    {},
    `${WRITE_ALL} (func (export "work") (param i32) (local $ends i64) (local $s i32)
       (local.set $ends (call $mine)) (local.set $s (call $new-set))
       (call $join (i32.wrap_i64 (local.get $ends)) (local.get $s))
       (drop (call $wait (local.get $s) (i32.const 1900000)))
       (call $join (i32.wrap_i64 (local.get $ends)) (i32.const 0))
       (call $fdropr (i32.wrap_i64 (local.get $ends))) (call $ret (i32.const 1)))`,
    `${lifted("work", WORK, false)} ${lifted("go", "")}`,
  ),
};

const composed = (callee: string, count: number) => `(component ${callee} ${caller(count)}
  (instance $b (instantiate $B))
  (instance $a (instantiate $A (with "work" (func $b "work")) (with "go" (func $b "go"))))
  (export "init" (func $a "init")) (export "get" (func $a "get")))`;

/** How often a thread was looked at, or put somewhere, while a guest ran. */
async function steps(component: Uint8Array, options: PreinitializeOptions): Promise<number> {
  const spies = [vi.spyOn(Thread.prototype, "recheck"), vi.spyOn(Ordered.prototype, "add")];
  await preinitialize(component, { initFunc: "init", handles: "allow", ...options });
  const count = spies.reduce((sum, { mock }) => sum + mock.calls.length, 0);
  vi.restoreAllMocks();
  return count;
}

describe("tasks that end together", () => {
  test.each(Object.entries(CALLEES))("%s: work grows as their number does", async (_, callee) => {
    const [few, many] = [
      await steps(await wat(composed(callee, 500)), {}),
      await steps(await wat(composed(callee, 2000)), {}),
    ];
    expect(few).toBeGreaterThan(500);
    expect(many / few).toBeLessThan(4.4);
  });

  test("are waited for, all of them", async () => {
    for (const callee of Object.values(CALLEES)) {
      const options = { initFunc: "init", handles: "allow", keepInitFunc: true, verify: true } as const;
      const { report } = await preinitialize(await wat(composed(callee, 2000)), options);
      expect(report.verified).toBe(true);
    }
  });
});

/** Each calls the one before it: the first lets others have their turn and ends, and so do all. */
const chain = (length: number) => `(component
  (component $first
    (core func $ret (canon task.return))
    (core module $m (import "" "ret" (func $ret)) (func (export "work") (result i32) (i32.const 1))
      (func (export "cb") (param i32 i32 i32) (result i32) (call $ret) (i32.const 0)))
    (core instance $i (instantiate $m (with "" (instance (export "ret" (func $ret))))))
    (func (export "work") async (canon lift (core func $i "work") async (callback (core func $i "cb")))))
  (component $next (import "work" (func $work async))
    (core func $ret (canon task.return)) (core func $works (canon lower (func $work)))
    (core module $m (import "" "ret" (func $ret)) (import "" "works" (func $works))
      (func (export "work") (result i32) (call $works) (call $ret) (i32.const 0))
      (func (export "cb") (param i32 i32 i32) (result i32) unreachable))
    (core instance $i (instantiate $m (with "" (instance (export "ret" (func $ret)) (export "works" (func $works))))))
    (func (export "work") async (canon lift (core func $i "work") async (callback (core func $i "cb")))))
  (instance $c0 (instantiate $first))
  ${Array.from({ length }, (_, i) => `(instance $c${i + 1} (instantiate $next (with "work" (func $c${i} "work"))))`).join("\n")}
  (export "init" (func $c${length} "work")))`;

test("calls from instance to instance are as deep as there are instances", async () => {
  const { report } = await preinitialize(await wat(chain(900)), { initFunc: "init" });
  expect(report.init).toBe("init");
});

test("more calls than the engine has stacks for are a trap, not the end of the process", async () => {
  const text = composed(CALLEES["wait for events in the middle of their code"] as string, 11_000);
  const { message } = await refusal(await wat(text), { initFunc: "init", handles: "allow" }, "init-trapped");
  expect(message).toBe("init trapped: more than 10000 calls wait in the middle of their code");
});

test("backpressure that was not there cannot be taken back", async () => {
  const callee = component(
    "B",
    "",
    {},
    `${GO_AT_ONCE} (func (export "work") (param i32) (result i32) (call $inc) (call $dec) (call $dec) ${END})
     (func (export "work-cb") (param i32 i32 i32) (result i32) unreachable)`,
    `${lifted("work", WORK)} ${lifted("go", "")}`,
  );
  const { message } = await refusal(await wat(composed(callee, 1)), { initFunc: "init" }, "init-trapped");
  expect(message).toBe("init trapped: backpressure counter underflow");
});
