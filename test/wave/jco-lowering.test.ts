import { beforeAll, describe, expect, test } from "vitest";
import type { ValueType } from "../../src/component/value-types.js";
import { toCamelCase, toExportKey } from "../../src/wave/js-names.js";
import { parseCall } from "../../src/wave/parser.js";
import { typecheckArgs } from "../../src/wave/typecheck.js";
import { func, prim } from "./calls.js";
import { type Exports, type Lowered, stubbedGlue } from "./jco-glue.js";

const WIT = `
  package local:app@1.2.3;
  interface names {
    x2-y3: func();
    HTTP-server: func();
    abc-X2-yz: func();
    a-B-c: func();
    a-1b: func();
    if: func();
  }
  interface run-all { go: func(); }
  interface values {
    record rec { some-field: u8, HTTP-mode: option<u8>, a-1b: bool, to-string: option<u8> }
    variant var { a-one, two(u8), HTTP-three(f64) }
    enum num { e-one, HTTP-two }
    flags few { f-one, HTTP-two, %constructor, last-1 }
    scalars: func(a: bool, b: s8, c: u32, d: s64, e: u64, f: f32, g: f64, h: char);
    named: func(a: rec, b: var, c: var, d: num, e: few);
    options: func(a: option<u8>, b: option<u8>, c: option<option<u8>>, d: option<option<u8>>, e: option<option<option<u8>>>);
    results: func(a: result<u8, u8>, b: result, c: result<_, option<u8>>);
    lists: func(a: list<u8>, b: list<u32>, c: list<s64>, d: list<f32>, e: list<bool>);
    others: func(a: string, b: tuple<u8, u16>, c: list<u8, 2>, d: map<char, u32>);
  }
  world w {
    export names;
    export run-all;
    export values;
    export init: func();
    export my-init2: func();
    export delete: func();
    export inline-iface: interface { foo-bar: func(); }
  }`;

const option = (payload: ValueType): ValueType => ({ kind: "option", payload });
const u8 = prim("u8");
const variant: ValueType = {
  kind: "variant",
  cases: [{ name: "a-one" }, { name: "two", type: u8 }, { name: "HTTP-three", type: prim("f64") }],
};

let exports: Exports;
let lowered: () => Lowered;
beforeAll(async () => {
  ({ exports, lowered } = await stubbedGlue(WIT));
}, 30_000);

/** Calls a function of `values` as the text says, and gives the core values that the guest would have received. */
function lower(text: string, params: Record<string, ValueType>): Lowered {
  const call = parseCall(text);
  exports["local:app/values@1.2.3"]?.[toCamelCase(call.name)]?.(...typecheckArgs(call, func(params)));
  return lowered();
}

describe("jco's names", () => {
  test("of root exports", () => {
    const names = ["init", "my-init2", "delete", "inline-iface", "local:app/names@1.2.3", "local:app/run-all@1.2.3"];
    for (const name of names) expect(exports).toHaveProperty([toExportKey(name)]);
    // The aliases of interfaces go by the same rule.
    expect(exports[toCamelCase("run-all")]).toBe(exports["local:app/run-all@1.2.3"]);
  });

  test("of functions in an interface", () => {
    const names = ["x2-y3", "HTTP-server", "abc-X2-yz", "a-B-c", "a-1b", "if"];
    expect(Object.keys(exports["local:app/names@1.2.3"] ?? {}).sort()).toEqual(names.map(toCamelCase).sort());
    expect(names.map(toCamelCase)).toEqual(["x2Y3", "httpServer", "abcX2Yz", "aBC", "a1b", "if"]);
  });
});

describe("jco lowers", () => {
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
    // A core i32 or i64 has no sign, so jco may pass either reading.
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
