import { describe, expect, it } from "vitest";
import {
  type BitsType,
  constExprOfBits,
  evaluateConstExpr,
  f32ConstExpr,
  globalGetExpr,
  i32ConstExpr,
  i64ConstExpr,
  referencedFunction,
  refFuncExpr,
  skipConstExpr,
} from "../../src/binary/const-expr.js";
import { ByteReader } from "../../src/binary/reader.js";
import { ByteWriter } from "../../src/binary/writer.js";
import { moduleOf } from "../module/wat.js";

/** The initial value of the module's last global. */
async function initOf(type: string, expr: string): Promise<Uint8Array> {
  const { globals } = await moduleOf(`(module (import "" "" (global i32)) (func $f) (global ${type} ${expr}))`);
  return globals.at(-1)?.init as Uint8Array;
}

describe("evaluateConstExpr", () => {
  it.each<[string, string, number | bigint | undefined]>([
    ["i32", "i32.const -5", -5],
    ["i32", "i32.const 0xffffffff", -1],
    ["i64", "i64.const -9223372036854775808", -(2n ** 63n)],
    ["i32", "global.get 0", 1000],
    ["i32", "(i32.add (global.get 0) (i32.const 24))", 1024],
    ["i32", "(i32.sub (i32.const 0) (global.get 0))", -1000],
    ["i32", "(i32.mul (i32.const 0x10001) (i32.const 0x10001))", 0x20001],
    ["i32", "(i32.add (i32.const 0x7fffffff) (i32.const 1))", -0x80000000],
    ["i64", "(i64.add (i64.const 0x7fffffffffffffff) (i64.const 1))", -(2n ** 63n)],
    ["i64", "(i64.sub (i64.const 3) (i64.mul (i64.const 2) (i64.const 5)))", -7n],
    ["f32", "f32.const 1", undefined],
    ["funcref", "ref.func $f", undefined],
    ["funcref", "ref.null func", undefined],
  ])("%s: %s", async (type, text, expected) => {
    const value = evaluateConstExpr(await initOf(type, `(${text.replace(/^\(|\)$/g, "")})`), (index) =>
      index === 0 ? 1000 : undefined,
    );
    expect(value).toBe(expected);
  });

  it("does not know what a global is unless told", () => {
    expect(evaluateConstExpr(globalGetExpr(3))).toBeUndefined();
  });

  it.each([
    ["mixed types", [0x41, 1, 0x42, 1, 0x6a, 0x0b]],
    ["too few operands", [0x41, 1, 0x6a, 0x0b]],
    ["two values", [0x41, 1, 0x41, 1, 0x0b]],
    ["nothing", [0x0b]],
    ["no end", [0x41, 1]],
  ])("is undefined for %s", (_, bytes) => {
    expect(evaluateConstExpr(new Uint8Array(bytes))).toBeUndefined();
  });
});

describe("skipConstExpr", () => {
  it.each([
    "i32.const 0x0b",
    "f64.const 0x1.0b0b0b0b0b0bp+0",
    "v128.const i8x16 11 11 11 11 11 11 11 11 11 11 11 11 11 11 11 11",
    "array.new_fixed $a 2 (i32.const 11) (i32.const 11)",
  ])("stops at the end of (%s)", async (text) => {
    const type = text.startsWith("array") ? "(ref $a)" : text.slice(0, text.indexOf("."));
    const module = await moduleOf(
      `(module (type $a (array i32)) (global ${type} (${text})) (global i32 (i32.const 7)))`,
    );
    const [first, second] = module.globals;
    expect(first?.init.at(-1)).toBe(0x0b);
    expect(second?.init).toEqual(i32ConstExpr(7));
    expect(skipConstExpr(new ByteReader(first?.init as Uint8Array))).toEqual(first?.init);
  });
});

describe("constExprOfBits", () => {
  const SIZES: Record<BitsType, number> = { i32: 4, i64: 8, f32: 4, f64: 8, v128: 16 };
  const STORES: Record<BitsType, readonly number[]> = {
    i32: [0x36],
    i64: [0x37],
    f32: [0x38],
    f64: [0x39],
    v128: [0xfd, 0x0b],
  };
  const TYPE_BYTES: Record<BitsType, number> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

  /** What V8 makes of the expression as the initial value of a global. */
  function bitsOf(type: BitsType, init: Uint8Array): Uint8Array {
    const store = new ByteWriter().u8(0).u8(0x41).u8(0).u8(0x23).u8(0);
    for (const byte of STORES[type]) store.u8(byte);
    store.u8(0).u8(0).u8(0x0b);
    const bytes = new ByteWriter()
      .bytes(new Uint8Array([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]))
      .section(1, new ByteWriter().u8(1).u8(0x60).u8(0).u8(0))
      .section(3, new ByteWriter().u8(1).u8(0))
      .section(5, new ByteWriter().u8(1).u8(0).u8(1))
      .section(6, new ByteWriter().u8(1).u8(TYPE_BYTES[type]).u8(0).bytes(init))
      .section(7, new ByteWriter().u8(1).name("m").u8(2).u8(0))
      .section(8, new ByteWriter().u8(0))
      .section(10, new ByteWriter().u8(1).sized(store))
      .toBytes();
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
    return new Uint8Array((exports.m as WebAssembly.Memory).buffer, 0, SIZES[type]);
  }

  it.each<[BitsType, string]>([
    ["i32", "ffffffff"],
    ["i32", "00000080"],
    ["i64", "0000000000000080"],
    ["i64", "efcdab8967452301"],
    ["f32", "0100807f"],
    ["f32", "563492ff"],
    ["f64", "010000000000f07f"],
    ["f64", "efcdab896745f3ff"],
    ["v128", "000102030405060708090a0b0c0d0eff"],
  ])("keeps each bit of %s %s", (type, hex) => {
    expect(Buffer.from(bitsOf(type, constExprOfBits(type, Buffer.from(hex, "hex")))).toString("hex")).toBe(hex);
  });

  it("takes no other number of bytes", () => {
    expect(() => f32ConstExpr(new Uint8Array(8))).toThrow(RangeError);
    expect(() => constExprOfBits("i64", new Uint8Array(4))).toThrow(RangeError);
  });
});

it("writes what it reads", () => {
  expect(evaluateConstExpr(i32ConstExpr(0xfffffffe))).toBe(-2);
  expect(evaluateConstExpr(i64ConstExpr(2n ** 64n - 1n))).toBe(-1n);
  expect(referencedFunction(refFuncExpr(1234))).toBe(1234);
  expect(referencedFunction(i32ConstExpr(1234))).toBeUndefined();
});
