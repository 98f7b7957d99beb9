import { describe, expect, test } from "vitest";
import { type NumberType, readGlobals } from "../../src/snapshot/globals.js";
import { wat } from "../component/support.js";

async function globalsOf(text: string): Promise<WebAssembly.Global[]> {
  const module = await WebAssembly.compile(new Uint8Array(await wat(`(module ${text})`)));
  return Object.values(new WebAssembly.Instance(module).exports) as WebAssembly.Global[];
}

async function bitsOf(type: NumberType, init: string, mutable = true): Promise<string> {
  const declared = mutable ? `(mut ${type})` : type;
  const [global] = await globalsOf(`(global (export "g") ${declared} (${init}))`);
  const [bits] = readGlobals([{ global: global as WebAssembly.Global, type, mutable }]);
  // In the order in which people write numbers: the first byte is the least significant.
  return Buffer.from(bits as Uint8Array)
    .reverse()
    .toString("hex");
}

describe("globals are read bit by bit", () => {
  test.each<[NumberType, string, string]>([
    ["i32", "i32.const -2147483648", "80000000"],
    ["i64", "i64.const -9223372036854775807", "8000000000000001"],
    ["f32", "f32.const 1.5", "3fc00000"],
    ["f32", "f32.const -0", "80000000"],
    ["f32", "f32.const nan", "7fc00000"],
    ["f32", "f32.const -nan", "ffc00000"],
    ["f32", "f32.const nan:0x200001", "7fa00001"],
    ["f32", "f32.const -nan:0x1", "ff800001"],
    ["f64", "f64.const -inf", "fff0000000000000"],
    ["f64", "f64.const nan:0x4000000000001", "7ff4000000000001"],
    ["f64", "f64.const -nan:0xfffffffffffff", "ffffffffffffffff"],
    ["v128", "v128.const i64x2 0x7fc00002ffa00001 -2", "fffffffffffffffe7fc00002ffa00001"],
  ])("%s %s", async (type, init, expected) => {
    expect(await bitsOf(type, init)).toBe(expected);
    expect(await bitsOf(type, init, false)).toBe(expected);
  });

  test("which WebAssembly.Global.value does not do", async () => {
    const [nan, vector] = await globalsOf(
      '(global (export "n") f32 (f32.const -nan:0x1)) (global (export "v") v128 (v128.const i64x2 0 0))',
    );
    const bits = new Uint32Array(new Float32Array([(nan as WebAssembly.Global).value as number]).buffer)[0];
    expect(bits).not.toBe(0xff800001);
    expect(() => (vector as WebAssembly.Global).value).toThrow(TypeError);
  });

  test("however many there are, in their order", async () => {
    const types = ["i32", "i64", "v128"] as const;
    const of = (i: number) => types[i % 3] as (typeof types)[number];
    const constant = (i: number) => (of(i) === "v128" ? `v128.const i64x2 ${i} -1` : `${of(i)}.const ${i}`);
    const text = Array.from({ length: 4200 }, (_, i) => `(global (export "g${i}") (mut ${of(i)}) (${constant(i)}))`);
    const globals = await globalsOf(text.join(" "));
    const bits = readGlobals(globals.map((global, i) => ({ global, type: of(i), mutable: true })));
    expect(bits).toHaveLength(4200);
    for (const [i, one] of bits.entries()) {
      expect(one).toHaveLength({ i32: 4, i64: 8, v128: 16 }[of(i)]);
      expect(new DataView(one.buffer, one.byteOffset).getUint32(0, true)).toBe(i);
    }
  });

  test("none at all", () => {
    expect(readGlobals([])).toEqual([]);
  });
});
