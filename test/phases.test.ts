import { beforeAll, describe, expect, test } from "vitest";
import { initialize, instrument, preinitialize, prepare, rewrite, type Snapshot, takeSnapshot } from "../src/index.js";
import { jcoSession } from "./support/jco.js";
import { refusal } from "./support/refusal.js";
import { wat } from "./support/wat.js";

/** Adds to a sum in memory and in a global; `read` gives their difference from what the import says at run time. */
const CORE = `
  (core module $Core
    (import "env" "base" (func $base (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 8) "\\01")
    (global $sum (mut i32) (i32.const 0))
    (func (export "add") (param i32)
      (global.set $sum (i32.add (global.get $sum) (local.get 0)))
      (i32.store (i32.const 100) (global.get $sum)))
    (func (export "sum") (result i32)
      (i32.add (i32.load (i32.const 100)) (i32.sub (i32.load8_u (i32.const 8)) (i32.const 1))))
    (func (export "base") (result i32) (call $base)))`;

const LIFTS = `
  (func $add (param "n" u32) (canon lift (core func $core "add")))
  (func $sum (result u32) (canon lift (core func $core "sum")))
  (func $base (result u32) (canon lift (core func $core "base")))
  (export "add" (func $add)) (export "sum" (func $sum)) (export "base" (func $base))`;

/** The base comes from the host. */
const HOSTED = `(component
  (import "base" (func $host (result u32)))
  ${CORE}
  (core func $lowered (canon lower (func $host)))
  (core instance $env (export "base" (func $lowered)))
  (core instance $core (instantiate $Core (with "env" (instance $env))))
  ${LIFTS})`;

/** The same core module with a stub in the place of the host, as componentize-py ships its components. */
const STUBBED = `(component
  (core module $Stub (func (export "base") (result i32) (i32.const 7)))
  ${CORE}
  (core instance $stub (instantiate $Stub))
  (core instance $core (instantiate $Core (with "env" (instance $stub))))
  ${LIFTS})`;

/** Not the same module: its global has another type. */
const OTHER = STUBBED.replace("(global $sum (mut i32) (i32.const 0))", "(global $sum (mut i64) (i64.const 0))")
  .replaceAll("(global.get $sum)", "(i32.wrap_i64 (global.get $sum))")
  .replace("(global.set $sum (i32.add", "(global.set $sum (i64.extend_i32_u (i32.add")
  .replace("(local.get 0)))", "(local.get 0))))");

let hosted: Uint8Array;
let stubbed: Uint8Array;

beforeAll(async () => {
  [hosted, stubbed] = await Promise.all([wat(HOSTED), wat(STUBBED)]);
});

const imports = { base: { default: () => 3 } };

async function sumOf(component: Uint8Array): Promise<unknown> {
  const { outcomes } = await jcoSession(component, { calls: [{ export: "sum", args: [] }], imports });
  return outcomes[0];
}

describe("the phases alone", () => {
  test("one instrumentation serves several initializations", async () => {
    const prepared = await prepare(instrument(hosted));
    const outputs: Uint8Array[] = [];
    for (const call of ["add(5)", "add(9)"]) {
      const snapshot = takeSnapshot(await initialize(prepared, call, { imports }));
      outputs.push(await rewrite(hosted, snapshot, { removeInitFunc: call }));
    }
    expect(await Promise.all(outputs.map(sumOf))).toEqual([{ ok: 5 }, { ok: 9 }]);
  });

  test.each([false, true])("give what preinitialize gives, with gc: %s", async (gc) => {
    const snapshot = takeSnapshot(await initialize(await prepare(instrument(hosted)), "add(5)", { imports }));
    const phased = await rewrite(hosted, snapshot, { removeInitFunc: "add(5)", gc });
    const { component } = await preinitialize(hosted, { initFunc: "add(5)", imports, gc });
    expect(Buffer.compare(phased, component)).toBe(0);
  });

  test("a snapshot from another host needs only plain values", async () => {
    const { modules, instances } = instrument(stubbed);
    const sum = modules[1]?.state.globals[0];
    const snapshot: Snapshot = {
      instances: [
        { instance: 0, memories: [], globals: [], tables: [], references: [], droppedData: [], droppedElements: [] },
        {
          instance: 1,
          memories: [
            {
              index: 0,
              pages: 2,
              ranges: [
                { offset: 100, bytes: new Uint8Array([42]) },
                { offset: 8, bytes: new Uint8Array([1]) },
              ].reverse(),
            },
          ],
          globals: [{ index: sum?.index ?? -1, bits: new Uint8Array([42, 0, 0, 0]) }],
          tables: [],
          references: [],
          droppedData: [],
          droppedElements: [],
        },
      ],
    };
    expect(instances).toHaveLength(2);
    expect(await sumOf(await rewrite(stubbed, snapshot))).toEqual({ ok: 42 });
  });

  test("an instrumented component can be encoded for another host", async () => {
    const encoded = instrument(stubbed).encode();
    expect(await sumOf(encoded)).toEqual({ ok: 0 });
  });

  test("a snapshot of another component is refused", async () => {
    const snapshot = takeSnapshot(await initialize(await prepare(instrument(hosted)), "add(5)", { imports }));
    await expect(rewrite(stubbed, snapshot)).rejects.toMatchObject({ code: "no-correspondence" });
  });
});

describe("a staged rewrite", () => {
  test("writes the snapshot of one component into another with equal core modules", async () => {
    const { component } = await preinitialize(hosted, { initFunc: "add(5)", imports, onto: stubbed });
    const calls = ["sum", "base"].map((name) => ({ export: name, args: [] }));
    expect((await jcoSession(component, { calls })).outcomes).toEqual([{ ok: 5 }, { ok: 7 }]);
  });

  test("brings functions in tables along where the modules are equal, and only there", async () => {
    const text = (constant: number) => `(component
      (core module $Core (table $t 2 funcref) (elem declare func $f) (func $f (result i32) (i32.const ${constant}))
        (func (export "init") (table.set $t (i32.const 1) (ref.func $f)))
        (func (export "call") (result i32) (call_indirect $t (result i32) (i32.const 1))))
      (core instance $Core (instantiate $Core))
      (func (export "init") (canon lift (core func $Core "init")))
      (func (export "call") (result u32) (canon lift (core func $Core "call"))))`;
    const [one, other] = [await wat(text(1)), await wat(text(2))];
    const { component } = await preinitialize(one, { initFunc: "init", onto: one, verify: true });
    expect((await jcoSession(component, { calls: [{ export: "call" }] })).outcomes).toEqual([{ ok: 1 }]);
    const options = { initFunc: "init", onto: other, correspondence: { Core: "Core" } };
    const { message } = await refusal(one, options, "no-correspondence");
    expect(message).toMatch(/a function of core instance 0 is in a table or global, and its counterpart differs/);
    const without = await wat("(component (core module $m) (core instance (instantiate $m)))");
    await refusal(one, { initFunc: "init", onto: without }, "no-correspondence");
  });

  test("takes the correspondence that is given", async () => {
    const changed = await wat(STUBBED.replace("(i32.const 7)", "(i32.const 8)").replace('"\\01"', '"\\02"'));
    await refusal(hosted, { initFunc: "add(5)", imports, onto: changed }, "no-correspondence");
    const options = { initFunc: "add(5)", imports, onto: changed, correspondence: { Core: "Core" } };
    const { component } = await preinitialize(hosted, options);
    expect(await sumOf(component)).toEqual({ ok: 5 });
  });

  test("refuses counterparts whose state has another shape, and names that do not exist", async () => {
    const other = await wat(OTHER);
    const given = (correspondence: Record<string, string>) => ({
      initFunc: "add(5)",
      imports,
      onto: other,
      correspondence,
    });
    const shape = await refusal(hosted, given({ Core: "Core" }), "no-correspondence");
    expect(shape.message).toContain("do not define the same memories, tables and mutable globals");
    const missing = await refusal(hosted, given({ Core: "Kore" }), "no-correspondence");
    expect(missing.message).toContain("no core instance named Kore; it has ");
  });

  test("pairs equal modules by the names of their instances, and never by chance", async () => {
    const part = (name: string) =>
      `(core module $${name} (global $g (mut i32) (i32.const 0))
        (func (export "set") (global.set $g (i32.const 1))) (func (export "get") (result i32) (global.get $g)))`;
    const make = (first: string, second: string) =>
      wat(`(component ${part("A")} ${part("B")}
        (core instance $${first} (instantiate $${first === "a" ? "A" : "B"}))
        (core instance $${second} (instantiate $${second === "a" ? "A" : "B"}))
        (func (export "init") (canon lift (core func $a "set")))
        (func (export "get-a") (result u32) (canon lift (core func $a "get")))
        (func (export "get-b") (result u32) (canon lift (core func $b "get"))))`);
    const [source, swapped] = await Promise.all([make("a", "b"), make("b", "a")]);
    const { component } = await preinitialize(source, { initFunc: "init", onto: swapped });
    const calls = ["get-a", "get-b"].map((name) => ({ export: name, args: [] }));
    expect((await jcoSession(component, { calls })).outcomes).toEqual([{ ok: 1 }, { ok: 0 }]);
  });

  test("refuses a start function that has no counterpart", async () => {
    const make = (starts: number) => {
      const instances = Array.from(
        { length: starts },
        (_, i) => `(core instance (instantiate $S${i} (with "" (instance $main))))`,
      );
      const modules = Array.from(
        { length: starts },
        (_, i) => `(core module $S${i} (import "" "i" (func $i)) (start $i))`,
      );
      return wat(`(component
        (core module $M (memory 1)
          (func (export "i") (i32.store (i32.const 0) (i32.const 1)))
          (func (export "init") (i32.store (i32.const 0) (i32.const 42))))
        ${modules.join("")} (core instance $main (instantiate $M)) ${instances.join("")}
        (func (export "init") (canon lift (core func $main "init"))))`);
    };
    const [source, target] = await Promise.all([make(1), make(2)]);
    const error = await refusal(source, { initFunc: "init", onto: target }, "no-correspondence");
    expect(error.message).toContain("a start function");
  });
});
