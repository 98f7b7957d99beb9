import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ByteWriter } from "../../src/binary/writer.js";
import { decodeModule } from "../../src/module/decode.js";
import { encodeModule } from "../../src/module/encode.js";
import { type CollectedModule, collectGarbage } from "../../src/module/gc.js";
import type { CoreModule } from "../../src/module/model.js";
import { ModuleNames } from "../../src/module/names.js";
import { compileC } from "../support/clang.js";
import { print } from "../support/wat.js";
import { moduleOf, wat } from "./wat.js";

const NOTHING = {
  types: 0,
  functions: 0,
  bodies: 0,
  tables: 0,
  memories: 0,
  tags: 0,
  globals: 0,
  elements: 0,
  data: 0,
};

/** Collects `before` and compares with `after`, to the byte; then collects once more, which must change nothing. */
async function expectCollected(before: string, after: string): Promise<CollectedModule> {
  const collected = collectGarbage(await moduleOf(before));
  const bytes = encodeModule(collected.module).toBytes();
  const expected = await wat(after);
  expect(await print(bytes)).toBe(await print(expected));
  expect(Buffer.from(bytes).equals(expected)).toBe(true);
  expectUnchanged(decodeModule(bytes));
  return collected;
}

function expectUnchanged(module: CoreModule): void {
  const collected = collectGarbage(module);
  expect(collected).toMatchObject({ removed: NOTHING, droppedSections: [] });
  expect(collected.module).toBe(module);
}

async function expectKept(text: string): Promise<void> {
  expectUnchanged(await moduleOf(text));
}

type Exports = Record<string, (...args: unknown[]) => unknown>;

/** Instances of a module as it is and collected. */
async function bothInstances(text: string, imports: WebAssembly.Imports = {}): Promise<[Exports, Exports]> {
  const bytes = await wat(text);
  const { module, removed } = collectGarbage(decodeModule(bytes));
  expect(removed).not.toEqual(NOTHING);
  const instances = [bytes, encodeModule(module).toBytes()].map((one) => {
    return new WebAssembly.Instance(new WebAssembly.Module(one), imports).exports as Exports;
  });
  return instances as [Exports, Exports];
}

/**
 * A module with live items of every kind, and `body` in a function that is exported. The dead items come first, so many
 * that the indices of others need a byte more.
 */
function everything(body: string, { dead, extra = "" }: { dead: boolean; extra?: string }): string {
  const when = (text: string, times = 1) => (dead ? text.repeat(times) : "");
  return `(module $everything
    ${when("(type (func (param f64 f32)))", 70)}
    (type $sig (func (param i32) (result i32)))
    (type $struct (struct (field $first i32) (field $second (mut i32))))
    (type $packed (struct (field $byte (mut i8))))
    (type $bytes (array (mut i8)))
    (type $funcs (array (mut funcref)))
    (type $void (func))
    ${extra}
    ${when('(import "dead" "func" (func))', 130)}
    ${when('(import "dead" "table" (table 1 externref)) (import "dead" "memory" (memory 1))')}
    ${when('(import "dead" "global" (global i64)) (import "dead" "tag" (tag))')}
    (import "live" "func" (func $imported (type $sig)))
    (import "live" "table" (table $imported 1 funcref)) (import "live" "memory" (memory $imported 1))
    (import "live" "global" (global $imported (mut i32))) (import "live" "tag" (tag $imported (type $void)))
    ${when("(table 5 funcref) (memory 5) (global i64 (i64.const 5)) (tag)")}
    (table $table 4 funcref) (table $table64 i64 4 funcref) (memory $memory 1) (memory $other 1)
    (global $global (mut i32) (i32.const 7)) (tag $tag)
    ${["imported", "f"].map((name) => `(export "func ${name}" (func $${name}))`).join("")}
    ${["imported", "table", "table64"].map((name) => `(export "table ${name}" (table $${name}))`).join("")}
    ${["imported", "memory", "other"].map((name) => `(export "memory ${name}" (memory $${name}))`).join("")}
    ${["imported", "global"].map((name) => `(export "global ${name}" (global $${name}))`).join("")}
    ${["imported", "tag"].map((name) => `(export "tag ${name}" (tag $${name}))`).join("")}
    ${when("(elem func) (elem (table 2) (i32.const 0) func)")}
    (elem $elem func $f $imported)
    ${when("(func (drop (i32.const 5)) (data.drop 0))")}
    (func $f (type $sig) local.get 0)
    (func (export "body") (param $p i32) (result i32) (local $l (ref null $struct)) ${body} unreachable)
    ${when("(func unreachable)")}
    (func (export "keep") (param (ref null $struct) (ref null $packed) (ref null $bytes) (ref null $funcs))
      (data.drop $data) (elem.drop $elem))
    ${when('(data "dead")')}
    (data $data "data"))`;
}

const CONTINUATIONS = `(type $cont (cont $void)) (type $bound (cont $sig))
  (type $switched (func (param (ref null $cont)))) (type $switch (cont $switched))
  (func (export "conts") (import "live" "conts") (param (ref null $cont) (ref null $bound) (ref null $switch)))`;

/** With `unreachable` in front, the operands of an instruction may be anything. */
const INSTRUCTIONS: readonly string[] = [
  "block (type $sig) unreachable end",
  "loop (type $sig) unreachable end",
  "if (type $sig) unreachable else unreachable end",
  "block (result (ref null $struct)) unreachable end drop",
  "block $label br $label end",
  "block $label unreachable br_if $label end",
  "block $label unreachable br_table $label $label end",
  "call $imported",
  "call $f",
  "return_call $f",
  "call_indirect $table (type $sig)",
  "call_indirect $table64 (type $sig)",
  "return_call_indirect $table (type $sig)",
  "call_ref $sig",
  "return_call_ref $sig",
  "throw $imported",
  "throw $tag",
  "block $l try_table (catch $tag $l) (catch_all $l) unreachable end end",
  "block $l (result exnref) try_table (catch_ref $tag $l) (catch_all_ref $l) unreachable end unreachable end throw_ref",
  "block $l unreachable try_table (type $sig) (catch $tag $l) unreachable end drop end",
  "select (result (ref null $struct)) drop",
  "select (result i32) drop",
  "local.get $p local.set $p local.tee $p",
  "global.get $global global.set $imported",
  "table.get $table drop",
  "table.set $table64",
  "i32.load $memory offset=300",
  "i64.store16 $other offset=300",
  "i32.load8_u $imported",
  "memory.size $memory",
  "memory.grow $other",
  "i32.const 100000 drop i64.const -1 drop f32.const 1 drop f64.const 1 drop",
  "ref.null $struct drop",
  "ref.null $sig drop",
  "ref.null func drop",
  "ref.func $f drop",
  "ref.is_null ref.eq drop",
  "ref.as_non_null drop",
  "block $l unreachable br_on_null $l drop end",
  "block $l (result (ref $struct)) unreachable br_on_non_null $l unreachable end drop",
  "struct.new $struct drop",
  "struct.new_default $struct drop",
  "struct.get $struct $second",
  "struct.get_s $packed $byte",
  "struct.get_u $packed $byte",
  "struct.set $struct $second",
  "array.new $bytes drop",
  "array.new_default $bytes drop",
  "array.new_fixed $bytes 3 drop",
  "array.new_data $bytes $data drop",
  "array.new_elem $funcs $elem drop",
  "array.get $funcs drop",
  "array.get_s $bytes",
  "array.get_u $bytes",
  "array.set $bytes",
  "array.len",
  "array.fill $bytes",
  "array.copy $bytes $bytes",
  "array.init_data $bytes $data",
  "array.init_elem $funcs $elem",
  "ref.test (ref $struct)",
  "ref.test (ref null $bytes)",
  "ref.cast (ref $bytes) drop",
  "ref.cast (ref null $struct) drop",
  "block $l (result (ref $struct)) unreachable br_on_cast $l anyref (ref $struct) unreachable end drop",
  "block $l (result anyref) unreachable br_on_cast_fail $l anyref (ref $bytes) unreachable end drop",
  "any.convert_extern drop",
  "ref.i31 drop",
  "i32.trunc_sat_f64_u",
  "memory.init $other $data",
  "data.drop $data",
  "memory.copy $other $memory",
  "memory.copy $imported $other",
  "memory.fill $other",
  "table.init $table $elem",
  "elem.drop $elem",
  "table.copy $table $imported",
  "table.grow $table",
  "table.size $table",
  "table.fill $table",
  "v128.load $other drop",
  "v128.store $other",
  "v128.const i64x2 -1 256 drop",
  "i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 drop",
  "i8x16.extract_lane_s 3",
  "v128.load8_lane $other 3 drop",
  "v128.load32_zero $memory drop",
  "i8x16.relaxed_swizzle drop",
  "i32.atomic.load $other",
  "memory.atomic.notify $other",
  "i32.atomic.rmw.cmpxchg $memory",
  "atomic.fence",
];

/** Not in V8, or not together with the others. */
const MORE_INSTRUCTIONS: readonly (readonly [instruction: string, extra?: string])[] = [
  ["try (type $sig) unreachable catch $tag unreachable catch_all rethrow 0 end"],
  ["try try (type $sig) unreachable delegate 0 end"],
  ["memory.discard $other"],
  ["i64.add128 drop drop"],
  ["global.atomic.get seq_cst $global"],
  ["global.atomic.rmw.cmpxchg acq_rel $global"],
  ["table.atomic.set seq_cst $table"],
  ["table.atomic.rmw.cmpxchg acq_rel $table drop"],
  ["struct.atomic.get acq_rel $struct $second"],
  ["struct.atomic.rmw.cmpxchg seq_cst $struct $second"],
  ["array.atomic.get_u acq_rel $bytes"],
  ["array.atomic.rmw.cmpxchg seq_cst $bytes"],
  ["ref.null (shared any) drop"],
  ["ref.cast (ref (exact $struct)) drop"],
  ["cont.new $cont drop", CONTINUATIONS],
  ["cont.bind $bound $cont drop", CONTINUATIONS],
  ["suspend $tag", CONTINUATIONS],
  ["block $l (result (ref $cont)) resume $cont (on $tag $l) (on $imported switch) unreachable end drop", CONTINUATIONS],
  ["block $l (result (ref $cont)) resume_throw $cont $tag (on $tag $l) unreachable end drop", CONTINUATIONS],
  ["block $l (result (ref $cont)) resume_throw_ref $cont (on $tag $l) unreachable end drop", CONTINUATIONS],
  ["switch $switch $tag", CONTINUATIONS],
];

describe("instructions", () => {
  it.each(INSTRUCTIONS)("%s", async (instruction) => {
    const body = `unreachable ${instruction}`;
    const { module, removed } = await expectCollected(
      everything(body, { dead: true }),
      everything(body, { dead: false }),
    );
    expect(removed).toEqual({
      types: 70,
      functions: 132,
      tables: 2,
      memories: 2,
      tags: 2,
      globals: 2,
      elements: 2,
      data: 1,
      bodies: 0,
    });
    expect(WebAssembly.validate(encodeModule(module).toBytes())).toBe(true);
  });

  it.each(MORE_INSTRUCTIONS)("%s", async (instruction, extra = "") => {
    const body = `unreachable ${instruction}`;
    await expectCollected(everything(body, { dead: true, extra }), everything(body, { dead: false, extra }));
  });

  it("keep all that they do not refer to, byte for byte", async () => {
    const text = (dead: string) =>
      `(module ${dead} (memory (export "m") 1) (func $f) (func (export "e") call $f (drop (i32.const 1))))`;
    const module = await moduleOf(text("(func unreachable)"));
    // Numbers that are longer than they need be: that of the call changes, those of the load do not.
    const load = [0x41, 0x81, 0x80, 0x00, 0x28, 0x42, 0x80, 0x00, 0x80, 0x00, 0x1a];
    const body = [0x00, 0x10, 0x81, 0x80, 0x00, ...load, 0x0b];
    module.code = [...module.code.slice(0, -1), new Uint8Array(body)];
    const collected = collectGarbage(module).module;
    expect([...(collected.code[1] as Uint8Array)]).toEqual([0x00, 0x10, 0x00, ...load, 0x0b]);
    expect(WebAssembly.validate(encodeModule(collected).toBytes())).toBe(true);
  });

  it("lose the memory index when it becomes 0, and keep it when not", async () => {
    const text = (dead: string) => `(module ${dead} (memory $a 1) (memory $b 1) (func (export "f") (result i32)
      (i32.store $a offset=8 (i32.const 0) (i32.const 1)) (i32.load $b offset=8 (i32.const 0))))`;
    await expectCollected(text("(memory 1)"), text(""));
    await expectCollected(text("(memory 1) (memory 1)"), text(""));
  });

  it("are refused when they are not known, if a live function has them", async () => {
    const live = await moduleOf('(module (func (export "f")) (func))');
    live.code = [new Uint8Array([0x00, 0x27, 0x0b]), live.code[1] as Uint8Array];
    expect(() => collectGarbage(live)).toThrow(expect.objectContaining({ code: "unsupported" }));
    live.code = [live.code[1] as Uint8Array, new Uint8Array([0x00, 0x27, 0x0b])];
    expect(collectGarbage(live).removed.functions).toBe(1);
  });

  it("of custom descriptors are refused", async () => {
    const module = await moduleOf('(module (func (export "f")))');
    for (const number of [0x20, 0x22, 0x23, 0x25]) {
      module.code = [new Uint8Array([0x00, 0xfb, number, 0x00, 0x00, 0x00, 0x00, 0x0b])];
      expect(() => collectGarbage(module)).toThrow(`unknown instruction 0xfb 0x${number.toString(16)} at offset`);
    }
  });

  it("must not name what is not there", async () => {
    const module = await moduleOf('(module (func (export "f")))');
    module.code = [new Uint8Array([0x00, 0x10, 0x05, 0x0b])];
    expect(() => collectGarbage(module)).toThrow(expect.objectContaining({ code: "malformed" }));
  });
});

describe("functions", () => {
  it("go unless something live refers to them, cycles included", async () => {
    await expectCollected(
      `(module (func $dead1 call $dead2) (func $callee) (func $dead2 call $dead1) (func (export "f") call $callee))`,
      `(module (func $callee) (func (export "f") call $callee))`,
    );
  });

  it("stay if the start function calls them", async () => {
    await expectCollected(
      "(module (func $dead) (func $callee) (func $start call $callee) (start $start))",
      "(module (func $callee) (func $start call $callee) (start $start))",
    );
  });

  it("all go from a module without exports", async () => {
    await expectCollected("(module (func) (memory 1) (global i32 (i32.const 1)) (table 1 funcref) (tag))", "(module)");
  });

  it("can call each other in a chain longer than the stack", async () => {
    const chain = Array.from({ length: 50_000 }, (_, i) => `(func call ${i + 1})`);
    const module = await moduleOf(`(module ${chain.join("")} (func) (export "f" (func 0)))`);
    expectUnchanged(module);
  });
});

describe("imports", () => {
  it("go when nothing uses them; the others keep their order", async () => {
    await expectCollected(
      `(module (import "a" "1" (func)) (import "a" "2" (global $g i32)) (import "a" "3" (func $f (param i64)))
        (import "a" "4" (global f32)) (import "a" "5" (memory 1)) (import "a" "6" (table 1 funcref)) (import "a" "7" (tag))
        (import "a" "8" (func)) (func (export "f") (call $f (i64.const 1)) (drop (global.get $g))))`,
      `(module (type (func)) (import "a" "2" (global $g i32)) (import "a" "3" (func $f (param i64)))
        (func (export "f") (call $f (i64.const 1)) (drop (global.get $g))))`,
    );
  });

  it("stay when segments are written to them", async () => {
    const text = (dead: string) => `(module ${dead} (import "" "t" (table 1 funcref)) (import "" "m" (memory 1))
      (import "" "g" (global i32)) (func $f) (elem (offset (i32.add (global.get ${dead ? 1 : 0}) (i32.const 1))) $f)
      (data (global.get ${dead ? 1 : 0}) "data"))`;
    await expectCollected(text('(import "" "dead" (global i32))'), text(""));
  });

  it("stay when they are exported", async () => {
    await expectKept(`(module (func (export "f") (import "" "f")) (table (export "t") (import "" "t") 1 funcref)
      (memory (export "m") (import "" "m") 1) (global (export "g") (import "" "g") i32) (tag (export "x") (import "" "x")))`);
  });
});

describe("tables and element segments", () => {
  it("go together when nobody reads the table", async () => {
    const { removed } = await expectCollected(
      `(module (table $dead 2 funcref) (table $t 2 funcref) (func $only-dead) (func $f (result i32) i32.const 1)
        (elem $d (table $dead) (i32.const 1) func $only-dead) (elem $e (table $t) (i32.const 1) func $f)
        (func (export "call") (result i32) (call_indirect $t (result i32) (i32.const 1))))`,
      `(module (type (func (result i32))) (table $t 2 funcref) (func $f (result i32) i32.const 1)
        (elem $e (i32.const 1) func $f)
        (func (export "call") (result i32) (call_indirect $t (result i32) (i32.const 1))))`,
    );
    expect(removed).toEqual({ ...NOTHING, types: 1, functions: 1, tables: 1, elements: 1 });
  });

  it("keep all entries that call_indirect may find", async () => {
    await expectKept(`(module (table 3 funcref) (func $a nop nop nop) (func $b nop nop) (elem (i32.const 0) $a $b)
      (func (export "f") (param i32) (call_indirect (local.get 0))))`);
  });

  it("stay when the table is exported", async () => {
    await expectKept('(module (table (export "t") 1 funcref) (func $a) (elem (i32.const 0) $a))');
  });

  it.each([
    ["does not fit", "1 funcref", "(i32.const 1)"],
    ["has an offset that is negative", "1 funcref", "(i32.const -1)"],
    ["has an offset that the host chooses", "1 funcref", "(global.get 0)"],
    ["does not fit a 64-bit table", "i64 1 funcref", "(i64.const 0x1_0000_0000)"],
  ])("stay when instantiation may trap, since the segment %s", async (_, table, offset) => {
    const global = offset.includes("global") ? '(import "" "" (global i32))' : "";
    await expectKept(`(module ${global} (table ${table}) (func $a) (elem ${offset} func $a))`);
  });

  it("keep expressions, with their types, and what these refer to", async () => {
    const text = (dead: string, inner: string) => `(module ${dead} (type $t (func)) (type $s (struct (field (ref $t))))
      ${inner} (global $g (ref null $s) (ref.null $s)) (func $f (type $t))
      (elem $e (ref null $s) (global.get $g) (struct.new $s (ref.func $f)) (ref.null $s))
      (table $t2 1 1 (ref null $s) (global.get $g))
      (func (export "f") (type $t) (table.init $t2 $e (i32.const 0) (i32.const 0) (i32.const 1))))`;
    await expectCollected(
      text("(type (func (param f32)))", "(global i32 (i32.const 1)) (func (param f32))"),
      text("", ""),
    );
  });

  it("keep the initial value of a table", async () => {
    const text = (dead: string) =>
      `(module ${dead} (func $f) (table $t 2 (ref func) (ref.func $f)) (func (export "s") (result i32) table.size $t))`;
    await expectCollected(text("(func unreachable)"), text("").replace("(module", "(module (type (func))"));
  });

  it("go when passive and no live instruction names them", async () => {
    await expectCollected(
      `(module (table $t 1 funcref) (func $x) (func $y) (elem $a func $x) (elem $b func $y)
        (func (table.init $t $a (i32.const 0) (i32.const 0) (i32.const 1)))
        (func (export "f") (table.init $t $b (i32.const 0) (i32.const 0) (i32.const 1))))`,
      `(module (table $t 1 funcref) (func $y) (elem $b func $y)
        (func (export "f") (table.init $t $b (i32.const 0) (i32.const 0) (i32.const 1))))`,
    );
  });

  it("stay when an instruction names an active segment, with their table", async () => {
    await expectKept('(module (table 1 funcref) (func $a) (elem (i32.const 0) $a) (func (export "f") elem.drop 0))');
  });
});

describe("functions in tables", () => {
  /** `$entry` is in `$t`, which `look` looks into, and another function in another table. */
  const module = (look: string, entry: string, more = "") => `(module (type $v (func)) (type $r (func (result i32)))
    ${more} (table $t 3 funcref) (table $other 3 funcref) ${entry}
    (elem (i32.const 1) $entry) (elem (table $other) (i32.const 0) func $other)
    (func (export "f") (result i32) ${look})
    (func $other (export "g") (call_indirect $other (type $v) (i32.const 0))))`;
  const ENTRY = "(func $entry (type $r) (local $l i32) block $b br $b end i32.const 7)";

  it.each([
    ["of its type", "(call_indirect $t (type $v) (i32.const 1)) i32.const 0"],
    ["of its type into their table", "(call_indirect $other (type $r) (i32.const 1))"],
    ["into their table", "i32.const 5"],
  ])("lose their bodies, with the names in these, when there is no call %s", async (_, look) => {
    const emptied = "(func $entry (type $r) unreachable)";
    const usesTable = look.includes("$t");
    const before = module(look, ENTRY);
    const after = module(look, emptied);
    if (usesTable) expect((await expectCollected(before, after)).removed).toMatchObject({ bodies: 1, functions: 0 });
    else expect(collectGarbage(await moduleOf(before)).removed).toMatchObject({ bodies: 0, functions: 1 });
  });

  it("lose them when a tail call into the table is of another type", async () => {
    const more = "(type $other (func (param i32) (result i32)))";
    const look = "(return_call_indirect $t (type $other) (i32.const 0) (i32.const 1))";
    await expectCollected(module(look, ENTRY, more), module(look, "(func $entry (type $r) unreachable)", more));
  });

  it("lose what only they refer to", async () => {
    const dead = "(global $g i32 (i32.const 3)) (func $dead (param f32) (drop (global.get $g)))";
    const look = "(call_indirect $t (type $v) (i32.const 1)) i32.const 0";
    const before = module(look, `${dead} (func $entry (type $r) (call $dead (f32.const 1)) i32.const 7)`);
    const { removed } = await expectCollected(before, module(look, "(func $entry (type $r) unreachable)"));
    expect(removed).toMatchObject({ bodies: 1, functions: 1, globals: 1, types: 1 });
  });

  it("lose them when the calls of their type are in such a function", async () => {
    const look = "(call_indirect $t (type $v) (i32.const 1)) i32.const 0";
    const before = module(look, "(func $entry (type $r) (call_indirect $t (type $r) (i32.const 1)))");
    await expectCollected(before, module(look, "(func $entry (type $r) unreachable)"));
  });

  it.each([
    ["is called in the table", "(call_indirect $t (type $r) (i32.const 1))"],
    ["is called as the last thing", "(return_call_indirect $t (type $r) (i32.const 1))"],
    ["is called as an equal type", "(call_indirect $t (type $same) (i32.const 1))", "(type $same (func (result i32)))"],
    ["is called by its name", "(call_indirect $t (type $v) (i32.const 1)) (call $entry)"],
    ["is referred to by its name", "(call_indirect $t (type $v) (ref.is_null (ref.func $entry))) i32.const 0"],
    ["is got from the table", "(table.get $t (i32.const 1)) drop i32.const 0"],
    ["is copied from the table", "(table.copy $other $t (i32.const 0) (i32.const 1) (i32.const 1)) i32.const 0"],
    [
      "is in a global",
      "i32.const 0 (call_indirect $t (type $v) (i32.const 1))",
      '(global (export "g0") funcref (ref.func $entry))',
    ],
    ["is exported", "(call_indirect $t (type $v) (i32.const 1)) i32.const 0", '(export "e" (func $entry))'],
    [
      "starts the module",
      "(call_indirect $t (type $v) (i32.const 1)) i32.const 0",
      "(func $s call $entry drop) (start $s)",
    ],
    ["is in a table that is exported", "i32.const 0", '(export "t" (table $t))'],
    [
      "is in a passive segment, too",
      "(elem.drop $p) (call_indirect $t (type $v) (i32.const 1)) i32.const 0",
      "(elem $p func $entry)",
    ],
  ])("stay as they are when one %s", async (_, look, more = "") => {
    await expectKept(module(look, ENTRY, more));
  });

  it("stay as they are in an imported table", async () => {
    await expectKept(`(module (import "" "t" (table 1 funcref))
      (func (result i32) i32.const 7) (elem (i32.const 0) 0))`);
  });

  it("stay as they are when called as a supertype, however far up", async () => {
    const text = (called: string, entry: string) => `(module
      (type $top (sub (func (result anyref)))) (type $middle (sub $top (func (result eqref))))
      (type $low (sub final $middle (func (result i31ref)))) (type $aside (sub $top (func (result structref))))
      (table $t 1 funcref) (func $entry (type $low) ${entry}) (elem (i32.const 0) func $entry)
      (func (export "f") (param (ref null $aside)) (call_indirect $t (type ${called}) (i32.const 0)) drop))`;
    const ENTRY = "(ref.i31 (i32.const 1))";
    for (const called of ["$low", "$middle", "$top"]) await expectKept(text(called, ENTRY));
    expect((await expectCollected(text("$aside", ENTRY), text("$aside", "unreachable"))).removed.bodies).toBe(1);
  });

  it("stay as they are when called as a type that an equal group defines", async () => {
    const group = (name: string) => `(rec (type $${name} (func (param (ref null $s${name})) (result i32)))
      (type $s${name} (struct (field (ref null $${name})))))`;
    await expectKept(`(module ${group("a")} ${group("b")}
      (table $t 1 funcref) (func $entry (type $a) i32.const 7) (elem (i32.const 0) func $entry)
      (func (export "f") (result i32) (call_indirect $t (type $b) (ref.null $sb) (i32.const 0))))`);
  });

  it("that lost them trap as before when called as another type", async () => {
    const text = module("(call_indirect $t (type $v) (i32.const 1)) i32.const 0", ENTRY);
    for (const { f } of await bothInstances(text)) expect(() => f?.()).toThrow(/signature/);
  });

  it("keep expressions' references", async () => {
    const text = (entry: string) => `(module (type $r (func (result i32))) (type $v (func)) (table $t 3 funcref)
      (func $entry (type $r) ${entry}) (elem (i32.const 1) funcref (ref.func $entry) (ref.null func))
      (func (export "f") (call_indirect $t (type $v) (i32.const 1))))`;
    await expectCollected(text("i32.const 7"), text("unreachable"));
  });
});

describe("memories and data segments", () => {
  it("go together when nobody reads the memory", async () => {
    await expectCollected(
      `(module (memory $dead 1) (memory $m 1) (data $d (memory $dead) (i32.const 65535) "x")
        (data $e (memory $m) (i32.const 8) "y") (func (export "f") (result i32) (i32.load $m (i32.const 8))))`,
      `(module (memory $m 1) (data $e (i32.const 8) "y")
        (func (export "f") (result i32) (i32.load $m (i32.const 8))))`,
    );
  });

  it.each([
    ["does not fit", '(memory 1) (data (i32.const 65535) "xy")'],
    ["has an offset that the host chooses", '(import "" "" (global i32)) (memory 1) (data (global.get 0) "x")'],
    ["does not fit a page of one byte", '(memory 1 (pagesize 1)) (data (i32.const 0) "xy")'],
    ["does not fit a 64-bit memory", '(memory i64 1) (data (i64.const 0x1_0000_0000) "x")'],
  ])("stay when instantiation may trap, since the segment %s", async (_, text) => {
    await expectKept(`(module ${text})`);
  });

  it("stay when the memory is exported", async () => {
    await expectKept('(module (memory (export "m") 1) (data (i32.const 0) "x"))');
  });

  it("go when passive and no live instruction names them, and the data count follows", async () => {
    const { module } = await expectCollected(
      `(module (memory 1) (data $a "a") (data $b "b") (data $c "c") (func (export "f") (data.drop $b)) (func (data.drop $a)))`,
      `(module (data $b "b") (func (export "f") (data.drop $b)))`,
    );
    expect(module.dataCount).toBe(1);
  });

  it("go with the data count when there is no other", async () => {
    await expectCollected('(module (memory 1) (data $a "a") (func (data.drop $a)))', "(module)");
  });

  it("of many memories are still the same ones", async () => {
    const exports = await bothInstances(`(module (memory 1) (memory $a 1) (memory 1) (memory $b 1)
      (data (memory 0) (i32.const 0) "dead") (data (memory $a) (i32.const 0) "\\01") (data $passive "\\02")
      (data (memory $b) (i32.const 0) "\\03")
      (func (export "read") (result i32)
        (memory.init $b $passive (i32.const 1) (i32.const 0) (i32.const 1))
        (memory.copy $a $b (i32.const 1) (i32.const 0) (i32.const 2))
        (i32.add (i32.load $a (i32.const 0)) (i32.load $b offset=1 (i32.const 0)))))`);
    expect(exports.map(({ read }) => read?.())).toEqual([0x2_0301 + 2, 0x2_0301 + 2]);
  });
});

describe("ref.func", () => {
  it("keeps what it needs of declared segments, and no more", async () => {
    await expectCollected(
      `(module (func $a) (func $b) (func $c) (elem $x declare func $a $b) (elem $y declare func $c $c)
        (func (export "f") (result funcref) ref.func $b))`,
      `(module (type (func)) (func $b) (elem $x declare func $b) (func (export "f") (result funcref) ref.func $b))`,
    );
  });

  it("keeps an entry of a function that is exported too: what exports there are may change later", async () => {
    await expectKept(`(module (func $a (export "a")) (elem declare func $a)
      (func (export "f") (result funcref) ref.func $a))`);
  });

  it.each([
    ["a passive segment", "(elem func $a $b)"],
    ["an active segment of a table that goes", "(table 2 funcref) (elem (i32.const 0) $a $b)"],
    ["a global that goes", "(global funcref (ref.func $b))"],
    ["a table that goes", "(table 2 funcref (ref.func $b))"],
  ])("is declared anew when it was by %s", async (_, declaration) => {
    await expectCollected(
      `(module (func $a) (func $b) ${declaration} (func (export "f") (result funcref) ref.func $b))`,
      `(module (type (func)) (func $b) (elem declare func $b) (func (export "f") (result funcref) ref.func $b))`,
    );
  });

  it.each([
    ["an export", '(export "b" (func $b))'],
    ["a live global", '(global (export "g") funcref (ref.func $b))'],
    ["a live segment", '(table (export "t") 1 funcref) (elem (i32.const 0) $b)'],
  ])("is not declared anew when %s does it", async (_, declaration) => {
    await expectKept(`(module (func $b) ${declaration} (func (export "f") (result funcref) ref.func $b))`);
  });

  it("is declared by expressions, whose types may go", async () => {
    await expectCollected(
      `(module (type (func)) (type $dead (func (param i32))) (type $s (struct (field funcref)))
        (func $a) (func $b) (elem $x declare (ref null $s) (struct.new $s (ref.func $b)))
        (elem $y declare funcref (ref.func $a) (ref.null func)) (func (export "f") (result funcref) ref.func $a ref.func $b drop))`,
      `(module (type (func)) (type (func (result funcref))) (func $a) (func $b) (elem $x declare func $b)
        (elem $y declare func $a) (func (export "f") (result funcref) ref.func $a ref.func $b drop))`,
    );
    await expectKept(`(module (func $a) (elem declare funcref (ref.func $a))
      (func (export "f") (result funcref) ref.func $a))`);
    const text = (types: string, elem: string) => `(module (type $t (func)) (type (func (result funcref))) ${types}
      (func $a (type $t)) (elem declare ${elem}) (func (export "f") (result funcref) ref.func $a))`;
    await expectCollected(text("(type $same (func))", "(ref null $same) (ref.func $a)"), text("", "func $a"));
  });

  it("is declared once where entries go", async () => {
    await expectCollected(
      `(module (type (func)) (func $a) (func $b) (elem declare func $b $a $b) (func (export "f") (result funcref) ref.func $b))`,
      `(module (type (func)) (func $b) (elem declare func $b) (func (export "f") (result funcref) ref.func $b))`,
    );
  });

  it("loses entries that nothing needs when nothing else goes", async () => {
    const text = (
      entries: string,
    ) => `(module (func $a (export "a")) (func $b (export "b")) (elem declare func ${entries})
      (func (export "f") (result funcref) ref.func $a))`;
    const { removed } = await expectCollected(text("$a $b"), text("$a"));
    expect(removed).toEqual(NOTHING);
  });

  it("in a segment that an instruction names keeps the whole segment", async () => {
    await expectKept('(module (func $a) (elem $x declare func $a) (func (export "f") elem.drop $x))');
  });
});

describe("globals", () => {
  it("go, mutable or not, unless code, exports or live initial values name them", async () => {
    await expectCollected(
      `(module (import "" "base" (global $base i32)) (global $dead (mut i32) (i32.const 1)) (func $only-dead)
        (global $dead2 funcref (ref.func $only-dead)) (global $used i32 (i32.add (global.get $base) (i32.const 1)))
        (global $user i32 (global.get $used)) (func $f) (global $ref (mut funcref) (ref.func $f))
        (func (export "f") (result i32) (global.set $ref (ref.null func)) (global.get $user)))`,
      `(module (type (func)) (import "" "base" (global $base i32)) (global $used i32 (i32.add (global.get $base) (i32.const 1)))
        (global $user i32 (global.get $used)) (func $f) (global $ref (mut funcref) (ref.func $f))
        (func (export "f") (result i32) (global.set $ref (ref.null func)) (global.get $user)))`,
    );
  });
});

describe("types", () => {
  it("of a recursion group stay or go together, in order", async () => {
    await expectCollected(
      `(module (type $dead0 (func (param f32))) (rec (type $deada (func)) (type $deadb (struct (field (ref $deada)))))
        (type $used-by-group (func (param i64)))
        (rec (type $a (struct (field $x (ref null $b)))) (type $b (struct (field $y (ref null $used-by-group)))))
        (type $dead1 (array i8)) (type $sub (sub (struct))) (type $subsub (sub final $sub (struct (field (ref null $a)))))
        (func (export "f") (param (ref null $subsub))))`,
      `(module (type $used-by-group (func (param i64)))
        (rec (type $a (struct (field $x (ref null $b)))) (type $b (struct (field $y (ref null $used-by-group)))))
        (type $sub (sub (struct))) (type $subsub (sub final $sub (struct (field (ref null $a)))))
        (func (export "f") (param (ref null $subsub))))`,
    );
  });

  it("of arrays stay", async () => {
    const text = (dead: string) => `(module ${dead} (type $s (struct)) (type $a (array (ref null $s)))
      (func (export "f") (param (ref $a))))`;
    await expectCollected(text("(type (func (param f32)))"), text(""));
  });

  it("of an empty recursion group, of which there are none, do not matter", async () => {
    const text = (dead: string) => `(module (type (func)) (rec) ${dead} (rec) (func (export "f")))`;
    await expectCollected(text("(type (struct))"), text(""));
  });

  it("of locals stay", async () => {
    const text = (dead: string) =>
      `(module ${dead} (type $s (struct)) (func (export "f") (local i32 (ref null $s)) (local $n (ref null $s))))`;
    await expectCollected(text("(type (struct (field i32)))"), text(""));
  });

  it("of tags, globals and tables stay, imported or defined", async () => {
    const text = (dead: string) => `(module ${dead} (type $a (struct)) (type $b (array i8)) (type $c (func (param i32)))
      (type $d (func (param f32))) (type $e (struct (field i64))) (type $f (array i16))
      (import "" "g" (global (ref $a))) (import "" "t" (table 1 (ref null $b)))
      (import "" "x" (tag (type $c))) (export "1" (global 0)) (export "2" (table 0)) (export "3" (tag 0))
      (table (export "4") 1 (ref null $f))
      (tag (export "5") (type $d)) (global (export "6") (ref null $e) (ref.null none)))`;
    await expectCollected(text("(type (func))"), text(""));
  });

  it("of element segments stay", async () => {
    const text = (dead: string) => `(module ${dead} (type $s (struct)) (table (export "t") 1 structref)
      (elem (i32.const 0) (ref null $s) (ref.null none)))`;
    await expectCollected(text("(type (array i8))"), text(""));
  });

  it("keep the encoding of a signed integer", async () => {
    const many = Array.from({ length: 100 }, (_, i) => `(struct (field (ref null $last)) (field i${i % 2 ? 32 : 64}))`);
    const text = (
      dead: string,
    ) => `(module ${dead} (rec ${many.map((one) => `(type ${one})`).join("")} (type $last (struct)))
      (func (export "f") (drop (ref.null $last))))`;
    const { module } = await expectCollected(text("(type (array i8))"), text(""));
    expect(WebAssembly.validate(encodeModule(module).toBytes())).toBe(true);
  });

  it("of other modules are still the same types", async () => {
    const imports = {
      "": { f: new WebAssembly.Instance(new WebAssembly.Module(await wat(STRUCT_MAKER))).exports.make },
    };
    const exports = await bothInstances(
      `(module (type (func (param f32))) (rec (type $a (struct (field i32))) (type $b (struct)))
        (import "" "f" (func $make (param i32) (result (ref $a)))) (func unreachable)
        (func (export "get") (param i32) (result i32) (struct.get $a 0 (call $make (local.get 0)))))`,
      imports as WebAssembly.Imports,
    );
    expect(exports.map(({ get }) => get?.(42))).toEqual([42, 42]);
  });
});

const STRUCT_MAKER = `(module (rec (type $a (struct (field i32))) (type $b (struct)))
  (func (export "make") (param i32) (result (ref $a)) (struct.new $a (local.get 0))))`;

describe("tags", () => {
  it("go unless code names them", async () => {
    await expectCollected(
      `(module (tag $dead (param f32)) (tag $a (param i32)) (tag $dead2) (tag $b)
        (func (export "f") (result i32) (block $l (result i32) (try_table (catch $a $l) (throw $b)) unreachable)))`,
      `(module (type (func (param i32))) (type (func)) (tag $a (param i32)) (tag $b)
        (func (export "f") (result i32) (block $l (result i32) (try_table (catch $a $l) (throw $b)) unreachable)))`,
    );
  });

  it("still tell exceptions apart", async () => {
    const exports =
      await bothInstances(`(module (tag (param i32)) (tag $a (param i32)) (tag (param i32)) (tag $b (param i32))
      (func (export "f") (param i32) (result i32)
        (block $b (result i32)
          (block $a (result i32)
            (try_table (catch $a $a) (catch $b $b)
              (if (local.get 0) (then (throw $a (i32.const 10))))
              (throw $b (i32.const 20)))
            unreachable)
          (i32.add (i32.const 1)))))`);
    expect(exports.map(({ f }) => [f?.(0), f?.(1)])).toEqual([
      [20, 11],
      [20, 11],
    ]);
  });
});

it("keeps tail calls, indirect calls and 64-bit tables at work", async () => {
  const exports = await bothInstances(
    `(module (import "dead" "f" (func (param f64)))
    (table 1 funcref) (table $t i64 4 funcref) (type (func (result f32))) (type $unary (func (param i32) (result i32)))
    (elem (table 0) (i32.const 0) func 0)
    (elem (table $t) (i64.const 1) func $double $sum)
    (func unreachable)
    (func $double (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
    (func $sum (param i32) (result i32) (call $sum-from (local.get 0) (i32.const 0)))
    (func $sum-from (param i32 i32) (result i32)
      (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
      (return_call $sum-from (i32.sub (local.get 0) (i32.const 1)) (i32.add (local.get 0) (local.get 1))))
    (func (export "run") (param i64 i32) (result i32)
      (return_call_indirect $t (type $unary) (local.get 1) (local.get 0))))`,
    { dead: { f: () => {} } },
  );
  const results = exports.map(({ run }) => [run?.(1n, 21), run?.(2n, 100_000)]);
  expect(results).toEqual([
    [42, 5000050000 | 0],
    [42, 5000050000 | 0],
  ]);
});

describe("custom sections", () => {
  async function collectWith(sections: Readonly<Record<string, Uint8Array>>, text = "(module (func))") {
    const module = await moduleOf(text);
    for (const [name, contents] of Object.entries(sections)) module.addCustomSection(name, contents);
    const { module: result, droppedSections } = collectGarbage(module);
    return { kept: result.customSections.map(({ name }) => name), droppedSections, result };
  }

  it("go when they are tied to indices or offsets", async () => {
    const tied = [
      ".debug_info",
      ".debug_line",
      "external_debug_info",
      "sourceMappingURL",
      "linking",
      "reloc.CODE",
      "metadata.code.branch_hint",
    ];
    const others = ["dylink.0", "producers", "target_features", "component-type:a", "debug", "relocated"];
    const contents = Object.fromEntries([...others, ...tied].map((name) => [name, new Uint8Array([0])]));
    const { kept, droppedSections } = await collectWith(contents);
    expect(kept).toEqual(others);
    expect(droppedSections).toEqual(tied);
  });

  it("all stay when nothing goes", async () => {
    const module = await moduleOf('(module $m (func $f (export "f")))');
    module.addCustomSection(".debug_info", new Uint8Array([1]));
    expectUnchanged(module);
  });

  it("go when they are names that cannot be read", async () => {
    const { kept, droppedSections } = await collectWith({ name: new Uint8Array([0x01, 0x7f]) });
    expect({ kept, droppedSections }).toEqual({ kept: [], droppedSections: ["name"] });
  });

  it("lose names of removed items, and subsections that are not known", async () => {
    const { module } = collectGarbage(await moduleOf(everything("unreachable", { dead: true })));
    const names = new ModuleNames(module);
    expect(names.module).toBe("everything");
    expect([...names.of("functions")]).toEqual([
      [0, "imported"],
      [1, "f"],
    ]);
    const unknown = new ByteWriter().section(0, new ByteWriter().name("m")).section(12, new ByteWriter().u8(0));
    const { result } = await collectWith({ name: unknown.toBytes() });
    expect(result.customSection("name")?.contents).toEqual(new Uint8Array([0, 2, 1, 0x6d]));
    const { kept, droppedSections } = await collectWith({}, "(module (func $only-dead (param $p i32)))");
    expect({ kept, droppedSections }).toEqual({ kept: [], droppedSections: [] });
  });
});

it("does not change the module that it is given", async () => {
  const bytes = await wat(everything("unreachable", { dead: true }));
  const module = decodeModule(bytes);
  collectGarbage(module);
  expect(encodeModule(module).toBytes()).toEqual(bytes);
});

const C_PROGRAM = `
  #include <stdlib.h>
  #include <string.h>
  static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
  static int reverse(const void *a, const void *b) { return *(const int *)b - *(const int *)a; }
  static int (*volatile order)(const void *, const void *) = compare;
  __attribute__((export_name("sorted"))) int sorted(int n, int seed) {
    int *v = malloc(n * sizeof *v);
    for (int i = 0; i < n; i++) v[i] = (i * 7919 + seed) % 1009;
    qsort(v, n, sizeof *v, order);
    int result = v[n / 3];
    free(v);
    return result;
  }
  __attribute__((export_name("flip"))) void flip(void) { order = order == compare ? reverse : compare; }
  __attribute__((export_name("unused"))) double unused(char *s) { return strtod(s, 0) + strlen(s); }`;

describe("a C program", () => {
  it("works as before, without what only a removed export used", async () => {
    const program = decodeModule(await compileC({ "program.c": C_PROGRAM }));
    const before = encodeModule(program).toBytes();
    const trimmed = program.copy();
    trimmed.exports = program.exports.filter(({ name }) => name !== "unused");
    const { module, removed } = collectGarbage(trimmed);
    const after = encodeModule(module).toBytes();
    expect(removed.functions).toBeGreaterThan(3);
    expect(after.length).toBeLessThan(before.length);
    expectUnchanged(decodeModule(after));
    expect(runProgram(after)).toEqual(runProgram(before));
  });

  function runProgram(bytes: Uint8Array<ArrayBuffer>): unknown[] {
    const compiled = new WebAssembly.Module(bytes);
    const imports = WebAssembly.Module.imports(compiled).map(({ name }) => [name, () => 0] as const);
    const instance = new WebAssembly.Instance(compiled, { wasi_snapshot_preview1: Object.fromEntries(imports) });
    const { sorted, flip, _initialize } = instance.exports as Exports;
    _initialize?.();
    const results = [sorted?.(100, 3), sorted?.(1000, 77)];
    flip?.();
    return [...results, sorted?.(100, 3), sorted?.(1000, 77), sorted?.(20_000, 5)];
  }
});

it("keeps a module of 10 MB valid nearly all of whose bodies change", () => {
  const path = "node_modules/@bytecodealliance/componentize-js/lib/starlingmonkey_embedding.wasm";
  const module = decodeModule(new Uint8Array(readFileSync(path)));
  const trimmed = module.copy();
  trimmed.exports = module.exports.filter(({ name }) => !/wizer/.test(name));
  const collected = collectGarbage(trimmed);
  const moved = collected.module.code.filter((body) => body.buffer !== module.code[0]?.buffer);
  expect(moved.length).toBeGreaterThan(10_000);
  expect(WebAssembly.validate(encodeModule(collected.module).toBytes())).toBe(true);
});

it("tells which index an item has now", async () => {
  const { indexOf } = collectGarbage(
    await moduleOf(`(module (import "" "a" (func)) (import "" "b" (func $b)) (global i32 (i32.const 0))
      (global $g (export "g") i32 (i32.const 1)) (func) (func (export "f") (call $b)))`),
  );
  expect([0, 1, 2, 3].map((index) => indexOf("func", index))).toEqual([undefined, 0, undefined, 1]);
  expect([0, 1].map((index) => indexOf("global", index))).toEqual([undefined, 0]);
});
