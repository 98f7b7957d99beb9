import { describe, expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { refusal } from "../support/refusal.js";
import { wat } from "../support/wat.js";

/** Asks for a number of timers, and drops none. */
const holding = (count: number) => `(component
  (import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type (sub resource)))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $p)) (export "pollable" (type (eq $p)))
    (export "subscribe-duration" (func (param "when" u64) (result (own 1))))))
  (core func $subscribe (canon lower (func $clock "subscribe-duration")))
  (core module $m (import "" "subscribe" (func $subscribe (param i64) (result i32)))
    (func (export "init") (local $i i32)
      (loop $l (drop (call $subscribe (i64.const 5)))
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ${count}))))))
  (core instance $i (instantiate $m (with "" (instance (export "subscribe" (func $subscribe))))))
  (func (export "init") (canon lift (core func $i "init"))))`;

describe("what a guest holds", () => {
  test("is listed as far as that can be read, and counted", async () => {
    const component = await wat(holding(1500));
    const { report } = await preinitialize(component, { initFunc: "init", handles: "warn" });
    expect(report.handles).toHaveLength(1000);
    expect(report.handlesOmitted).toBe(500);
    expect(report.warnings).toEqual([expect.stringContaining("1500 resources held")]);
    const { message, details } = await refusal(component, { initFunc: "init" }, "live-handles");
    expect(message).toContain("1500 resources held");
    expect(details[100]).toBe("  … 1400 more");
    expect(details.length).toBeLessThan(150);
  });

  test("is not counted twice where all is listed", async () => {
    const { report } = await preinitialize(await wat(holding(2)), { initFunc: "init", handles: "allow" });
    expect(report.handles).toHaveLength(2);
    expect(report).not.toHaveProperty("handlesOmitted");
  });
});

/** An init function with an error of many bytes, and of many texts in lists. */
const FAILING = `(component
  (core module $m (memory (export "memory") 1000)
    (func (export "bytes") (result i32)
      (i32.store8 (i32.const 0) (i32.const 1)) (i32.store (i32.const 4) (i32.const 64))
      (i32.store (i32.const 8) (i32.const 60000000)) (i32.const 0))
    (func (export "lists") (result i32) (local $i i32)
      (i32.store8 (i32.const 0) (i32.const 1)) (i32.store (i32.const 4) (i32.const 64))
      (i32.store (i32.const 8) (i32.const 2000))
      (loop $l
        (i32.store (i32.add (i32.const 64) (i32.shl (local.get $i) (i32.const 3))) (i32.const 100000))
        (i32.store (i32.add (i32.const 68) (i32.shl (local.get $i) (i32.const 3))) (i32.const 2000))
        (i32.store (i32.add (i32.const 100000) (i32.shl (local.get $i) (i32.const 3))) (i32.const 200000))
        (i32.store (i32.add (i32.const 100004) (i32.shl (local.get $i) (i32.const 3))) (i32.const 5))
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 2000))))
      (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "bytes") (result (result (error (list u8))))
    (canon lift (core func $i "bytes") (memory (core memory $i "memory"))))
  (func (export "lists") (result (result (error (list (list string)))))
    (canon lift (core func $i "lists") (memory (core memory $i "memory")))))`;

test("an error result is shown as far as that can be read", async () => {
  const component = await wat(FAILING);
  const bytes = await refusal(component, { initFunc: "bytes" }, "init-failed");
  expect(bytes.message).toBe('bytes returned err({"bytes":60000000,"start":"00000000000000000000000000000000"})');
  const lists = await refusal(component, { initFunc: "lists" }, "init-failed");
  expect(lists.message.length).toBeLessThan(2200);
});

test("names of functions and modules in a stack have an end", async () => {
  const name = `$${"f".repeat(200_000)}`;
  const component = await wat(`(component
    (core module $m (func ${name} (export "init") unreachable))
    (core instance $i (instantiate $m))
    (func (export "init") (canon lift (core func $i "init"))))`);
  const { details, stack } = await refusal(component, { initFunc: "init" }, "init-trapped");
  expect(details[1]).toMatch(/^ {2}at m\.f+…f+ \(0x[0-9a-f]+\)$/);
  expect(details[1]?.length).toBeLessThan(700);
  expect(stack?.length).toBeLessThan(20_000);
});

test("the name of an instance is in the report once for each of its memories, so it has an end", async () => {
  const name = `$${"m".repeat(100_000)}`;
  const component = await wat(`(component
    (core module ${name} (memory 1) (memory 1) (memory 1)
      (func (export "init") (i32.store (i32.const 0) (i32.const 1))))
    (core instance ${name} (instantiate ${name}))
    (func (export "init") (canon lift (core func ${name} "init"))))`);
  const { report } = await preinitialize(component, { initFunc: "init" });
  expect(report.memories).toHaveLength(3);
  for (const { instance } of report.memories) expect(instance.length).toBeLessThan(1100);
});
