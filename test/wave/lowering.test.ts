import { describe, expect, test } from "vitest";
import type { CoreValue } from "../../src/abi/core-types.js";
import { hostConvention } from "../../src/abi/host-convention.js";
import { ComponentInstance } from "../../src/abi/instance.js";
import { Lowerers } from "../../src/abi/lower.js";
import { CanonicalOptions } from "../../src/abi/options.js";
import { TypeInterner } from "../../src/abi/types.js";
import type { ValueType } from "../../src/component/value-types.js";
import { toCamelCase } from "../../src/wave/js-names.js";
import { parseCall } from "../../src/wave/parser.js";
import { typecheckArgs } from "../../src/wave/typecheck.js";
import { abiType, testStore } from "../abi/support.js";
import { func, prim } from "./calls.js";

const option = (payload: ValueType): ValueType => ({ kind: "option", payload });
const u8 = prim("u8");
const variant: ValueType = {
  kind: "variant",
  cases: [{ name: "a-one" }, { name: "two", type: u8 }, { name: "HTTP-three", type: prim("f64") }],
};

/** Lowers the arguments of a call, and gives the core values and the memory that the guest would find. */
function lower(text: string, params: Record<string, ValueType>): { args: unknown[]; memory: DataView } {
  const type = func(params);
  const interner = new TypeInterner();
  const types = type.params.map((param) => abiType(param.type, interner));
  const memory = new WebAssembly.Memory({ initial: 1 });
  let top = 1024;
  const realloc = (_pointer: unknown, _size: unknown, align: unknown, size: unknown) => {
    const pointer = Math.ceil(top / Number(align)) * Number(align);
    top = pointer + Number(size);
    return pointer;
  };
  const none = { postReturn: undefined, callback: undefined, async: false };
  const options = new CanonicalOptions({ encoding: "utf8", ptrType: "i32", memory, realloc, ...none });
  const store = testStore();
  const cx = { options, instance: new ComponentInstance(store, undefined), lends: undefined, borrows: undefined };
  options.refresh();
  const lowerers = new Lowerers(hostConvention, "i32");
  const flat = types.flatMap((one, i) => {
    const core: CoreValue[] = [];
    lowerers.of(one).lowerFlat(cx, typecheckArgs(parseCall(text), type)[i], core);
    return core;
  });
  return { args: flat, memory: new DataView(memory.buffer) };
}

test("names in JavaScript are those that jco gives", () => {
  const names = ["x2-y3", "HTTP-server", "abc-X2-yz", "a-B-c", "a-1b", "if"];
  expect(names.map(toCamelCase)).toEqual(["x2Y3", "httpServer", "abcX2Yz", "aBC", "a1b", "if"]);
});

describe("arguments become core values", () => {
  test("scalars", () => {
    const params = {
      a: prim("bool"),
      b: prim("s8"),
      c: prim("u32"),
      d: prim("s64"),
      e: prim("u64"),
      f: prim("f32"),
      g: prim("f64"),
      h: prim("char"),
    };
    const { args } = lower("scalars(true, -5, 4294967295, -1, 18446744073709551615, 0.5, -inf, '🌊')", params);
    const [a, b, c, d, e, ...rest] = args;
    expect([a, b, d, ...rest]).toEqual([1, -5, -1n, 0.5, Number.NEGATIVE_INFINITY, 0x1f30a]);
    // A core i32 or i64 has no sign: either reading will do.
    expect(Number(c) >>> 0).toBe(4294967295);
    expect(BigInt.asUintN(64, BigInt(String(e)))).toBe(2n ** 64n - 1n);
  });

  test("records, variants, enums and flags", () => {
    const record: ValueType = {
      kind: "record",
      fields: [
        { name: "some-field", type: u8 },
        { name: "HTTP-mode", type: option(u8) },
        { name: "a-1b", type: prim("bool") },
        { name: "to-string", type: option(u8) },
      ],
    };
    const params = {
      a: record,
      b: variant,
      c: variant,
      d: { kind: "enum", labels: ["e-one", "HTTP-two"] },
      e: { kind: "flags", labels: ["f-one", "HTTP-two", "constructor", "last-1"] },
    } satisfies Record<string, ValueType>;
    const { args } = lower(
      "named({some-field: 7, HTTP-mode: 8, a-1b: true}, a-one, two(9), HTTP-two, {HTTP-two, last-1})",
      params,
    );
    const [b, c] = [args.slice(6, 8), args.slice(8, 10)];
    // `to-string` is none, and `constructor` is not set, whatever Object.prototype has under these names.
    expect(args.slice(0, 6)).toEqual([7, 1, 8, 1, 0, 0]);
    expect(b[0]).toBe(0);
    expect(c).toEqual([1, 9n]);
    expect(args.slice(10)).toEqual([1, 0b1010]);
  });

  test("options", () => {
    const params = {
      a: option(u8),
      b: option(u8),
      c: option(option(u8)),
      d: option(option(u8)),
      e: option(option(option(u8))),
    };
    expect(lower("options(none, 1, none, some(none), some(some(some(2))))", params).args).toEqual(
      [
        [0, 0],
        [1, 1],
        [0, 0, 0],
        [1, 0, 0],
        [1, 1, 1, 2],
      ].flat(),
    );
    expect(lower("options(0, none, some(some(0)))", params).args).toEqual(
      [
        [1, 0],
        [0, 0],
        [1, 1, 0],
        [0, 0, 0],
        [0, 0, 0, 0],
      ].flat(),
    );
  });

  test("results", () => {
    const params = {
      a: { kind: "result", ok: u8, err: u8 },
      b: { kind: "result" },
      c: { kind: "result", err: option(u8) },
    } satisfies Record<string, ValueType>;
    expect(lower("results(5, err, err(6))", params).args).toEqual([0, 5, 1, 1, 1, 6]);
    expect(lower("results(err(5), ok, ok)", params).args).toEqual([1, 5, 0, 0, 0, 0]);
  });

  test("lists", () => {
    const list = (element: ValueType): ValueType => ({ kind: "list", element });
    const params = {
      a: list(u8),
      b: list(prim("u32")),
      c: list(prim("s64")),
      d: list(prim("f32")),
      e: list(prim("bool")),
    };
    const { args, memory } = lower("lists([1, 2], [4294967295], [-1, 3], [nan, -inf], [false, true])", params);
    const [a, , b, , c, , d, , e] = args.map(Number);
    expect(args.filter((_, index) => index % 2 === 1)).toEqual([2, 1, 2, 2, 2]);
    expect([memory.getUint8(a ?? 0), memory.getUint8((a ?? 0) + 1)]).toEqual([1, 2]);
    expect(memory.getUint32(b ?? 0, true)).toBe(4294967295);
    expect([memory.getBigInt64(c ?? 0, true), memory.getBigInt64((c ?? 0) + 8, true)]).toEqual([-1n, 3n]);
    expect([memory.getFloat32(d ?? 0, true), memory.getFloat32((d ?? 0) + 4, true)]).toEqual([Number.NaN, -Infinity]);
    expect(memory.getUint16(e ?? 0, true)).toBe(0x0100);
  });

  test("strings, tuples, fixed-length lists and maps", () => {
    const params = {
      a: prim("string"),
      b: { kind: "tuple", items: [u8, prim("u16")] },
      c: { kind: "list", element: u8, length: 2 },
      d: { kind: "map", key: prim("char"), value: prim("u32") },
    } satisfies Record<string, ValueType>;
    const { args, memory } = lower("others(\"☃\", (1, 65535), [2, 3], [('a', 5)])", params);
    const [string, length, ...rest] = args.map(Number);
    expect(Buffer.from(memory.buffer, string, length).toString()).toBe("☃");
    expect(rest.slice(0, 4)).toEqual([1, 65535, 2, 3]);
    const [map, size] = rest.slice(4);
    expect([size, memory.getUint32(map ?? 0, true), memory.getUint32((map ?? 0) + 4, true)]).toEqual([1, 97, 5]);
  });
});
