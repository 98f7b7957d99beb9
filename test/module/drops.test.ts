import { describe, expect, it } from "vitest";
import { findRelaxedSimd, findSegmentUses } from "../../src/module/code-uses.js";
import { decodeModule } from "../../src/module/decode.js";
import { instrumentDrops } from "../../src/module/drops.js";
import { encodeModule } from "../../src/module/encode.js";
import type { CoreModule } from "../../src/module/model.js";
import { moduleOf } from "./wat.js";

const DROPPER = `(module
  (import "env" "start" (global $start i32))
  (memory (export "memory") 1) (table 4 funcref) (global $other (mut i32) (i32.const 7))
  (data $a (i32.const 0) "a") (data $b "b") (data $c "c") (elem $d func $init) (elem $e func $init)
  (func $init (export "init") (param $which i32) (local i64 f32)
    (if (i32.eq (local.get $which) (i32.const 1)) (then (data.drop $b)))
    (if (i32.eq (local.get $which) (i32.const 2)) (then (data.drop $c) (elem.drop $e) (data.drop $c))))
  (func (export "read-b") (memory.init $b (i32.const 8) (i32.const 0) (i32.const 1)))
  (func (export "use-d") (table.init $d (i32.const 0) (i32.const 0) (i32.const 1)))
  (func (export "component-init:dropped:data:1"))
  (export "other" (global $other)))`;

function instantiate(module: CoreModule): WebAssembly.Exports {
  const start = new WebAssembly.Global({ value: "i32" }, 0);
  const compiled = new WebAssembly.Module(encodeModule(module).toBytes());
  return new WebAssembly.Instance(compiled, { env: { start } }).exports;
}

type Call = (...args: number[]) => number;

function call(exports: WebAssembly.Exports, name: string, ...args: number[]): number {
  return (exports[name] as Call)(...args);
}

describe("instrumentDrops", () => {
  it("flags each segment that code drops, under a name that is free", async () => {
    const { flags } = instrumentDrops(await moduleOf(DROPPER));
    expect(flags).toEqual([
      { kind: "data", segment: 1, exportName: "component-init:dropped:data:1'" },
      { kind: "data", segment: 2, exportName: "component-init:dropped:data:2" },
      { kind: "element", segment: 1, exportName: "component-init:dropped:element:1" },
    ]);
  });

  it.each([
    [0, [0, 0, 0]],
    [1, [1, 0, 0]],
    [2, [0, 1, 1]],
  ])("shows in V8 what init(%i) drops", async (which, expected) => {
    const { module, flags } = instrumentDrops(await moduleOf(DROPPER));
    const exports = instantiate(module);
    call(exports, "init", which);
    expect(flags.map(({ exportName }) => (exports[exportName] as WebAssembly.Global).value)).toEqual(expected);
    expect((exports.other as WebAssembly.Global).value).toBe(7);
    // The drops still happen.
    if (which === 1) expect(() => call(exports, "read-b")).toThrow(WebAssembly.RuntimeError);
    else call(exports, "read-b");
  });

  it("changes only the functions that drop, and not the module that it is given", async () => {
    const module = await moduleOf(DROPPER);
    const before = encodeModule(module).toBytes();
    const { module: instrumented } = instrumentDrops(module);
    const changed = module.code.map((body, i) => body !== instrumented.code[i]);
    expect(changed).toEqual([true, false, false, false]);
    expect(encodeModule(module).toBytes()).toEqual(before);
  });

  it("gives a module that drops nothing back", async () => {
    const module = await moduleOf('(module (memory 1) (data "passive") (elem func))');
    expect(instrumentDrops(module)).toEqual({ module, flags: [] });
    expect(instrumentDrops(module).module).toBe(module);
  });
});

describe("findSegmentUses", () => {
  it("finds every instruction that names a segment", async () => {
    const module = await moduleOf(`(module
      (import "" "f" (func)) (memory 1) (table 1 funcref) (data "a") (data "b") (elem func) (elem func)
      (type $bytes (array (mut i8))) (type $funcs (array (mut funcref)))
      (func unreachable)
      (func unreachable memory.init 1 table.init 1 data.drop 0 elem.drop 1)
      (func unreachable array.new_data $bytes 1 array.init_data $bytes 0 array.new_elem $funcs 1 array.init_elem $funcs 0))`);
    const uses = findSegmentUses(module).map(({ instruction, kind, segment, func }) => [
      instruction,
      kind,
      segment,
      func,
    ]);
    expect(uses).toEqual([
      ["memory.init", "data", 1, 2],
      ["table.init", "element", 1, 2],
      ["data.drop", "data", 0, 2],
      ["elem.drop", "element", 1, 2],
      ["array.new_data", "data", 1, 3],
      ["array.init_data", "data", 0, 3],
      ["array.new_elem", "element", 1, 3],
      ["array.init_elem", "element", 0, 3],
    ]);
  });

  it("finds instructions whose number is longer than it need be", async () => {
    const module = await moduleOf('(module (memory 1) (data "a") (func data.drop 0))');
    module.code = [new Uint8Array([0x00, 0xfc, 0x89, 0x80, 0x00, 0x00, 0x0b])];
    expect(findSegmentUses(module)).toEqual([
      { instruction: "data.drop", kind: "data", segment: 0, func: 0, position: 1 },
    ]);
    const { module: instrumented, flags } = instrumentDrops(module);
    const exports = instantiate(instrumented);
    expect(flags.map(({ exportName }) => (exports[exportName] as WebAssembly.Global).value)).toEqual([0]);
  });

  it("is not taken in by immediates that look like one", async () => {
    const module = await moduleOf(
      '(module (memory 1) (data "a") (func (drop (f32.const nan:0x09fc))) (func data.drop 0))',
    );
    module.code = [new Uint8Array([0x00, 0x43, 0xfc, 0x09, 0xfc, 0x0d, 0x1a, 0x0b]), ...module.code.slice(1)];
    expect(findSegmentUses(module).map(({ func }) => func)).toEqual([1]);
  });

  it("tells file offsets of what it cannot scan", async () => {
    const module = await moduleOf('(module (memory 1) (data "a") (func data.drop 0 i32.const 1 drop))');
    const bytes = encodeModule(module).toBytes();
    const at = bytes.lastIndexOf(0x41);
    bytes[at] = 0x27;
    expect(() => findSegmentUses(decodeModule(bytes, 0x1000))).toThrow(
      `unknown instruction 0x27 at offset 0x${(0x1000 + at).toString(16)}`,
    );
  });
});

describe("findRelaxedSimd", () => {
  it("finds the functions, not others with vectors", async () => {
    const module = await moduleOf(`(module (import "" "f" (func))
      (func unreachable i8x16.abs i64x2.extmul_high_i32x4_u f64x2.convert_low_i32x4_u)
      (func unreachable i8x16.relaxed_swizzle)
      (func (drop (i32.const 0x1fd)) unreachable)
      (func unreachable i32x4.relaxed_dot_i8x16_i7x16_add_s))`);
    expect(findRelaxedSimd(module)).toEqual([2, 4]);
  });
});
