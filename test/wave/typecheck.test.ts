import { describe, expect, test } from "vitest";
import type { PrimitiveKind, ValueType } from "../../src/component/value-types.js";
import { parseCall } from "../../src/wave/parser.js";
import { typecheckArgs } from "../../src/wave/typecheck.js";
import { failure, func, prim, value } from "./calls.js";

const list = (element: ValueType): ValueType => ({ kind: "list", element });
const option = (payload: ValueType): ValueType => ({ kind: "option", payload });
const u8 = prim("u8");
const string = prim("string");

const record: ValueType = {
  kind: "record",
  fields: [
    { name: "must-have", type: u8 },
    { name: "HTTP-mode", type: option(u8) },
  ],
};
const allOptional: ValueType = { kind: "record", fields: [{ name: "to-string", type: option(u8) }] };
const variant: ValueType = {
  kind: "variant",
  cases: [{ name: "empty" }, { name: "body", type: list(u8) }, { name: "err", type: string }],
};
const status: ValueType = { kind: "enum", labels: ["ok", "not-found"] };
const perms: ValueType = { kind: "flags", labels: ["read", "write-all", "constructor"] };

function error(wave: string, type: ValueType): string {
  return failure(() => value(wave, type));
}

const HINT = ` (strings are in "", and in a shell the whole call is in '')`;

describe("numbers", () => {
  test.each<[PrimitiveKind, string, number | bigint]>([
    ["s8", "-128", -128],
    ["s8", "127", 127],
    ["u8", "255", 255],
    ["s16", "-32768", -32768],
    ["u16", "65535", 65535],
    ["s32", "-2147483648", -2147483648],
    ["u32", "4294967295", 4294967295],
    ["s64", "-9223372036854775808", -(2n ** 63n)],
    ["s64", "-0", 0n],
    ["u64", "18446744073709551615", 2n ** 64n - 1n],
    ["f32", "0.1", Math.fround(0.1)],
    ["f32", "3.4028234664e38", 3.4028234663852886e38],
    // wasm-wave's accept-floats: "Too large; infinity", "Too small; round to zero".
    ["f32", "3.4028234664e39", Number.POSITIVE_INFINITY],
    ["f32", "1.4012984643e-46", 0],
    ["f64", "3.14", 3.14],
    ["f64", "6.022e+23", 6.022e23],
    ["f64", "-0.0e-0", -0],
    ["f64", "nan", Number.NaN],
    ["f64", "inf", Number.POSITIVE_INFINITY],
    ["f32", "-inf", Number.NEGATIVE_INFINITY],
  ])("%s %s", (kind, wave, expected) => {
    expect(value(wave, prim(kind))).toBe(expected);
  });

  test.each<[PrimitiveKind, string, string]>([
    ["u8", "256", "Argument 'a' of 'f' must be u8 (a whole number from 0 to 255), found 256, at column 3."],
    ["u8", "-1", "found -1"],
    ["u8", "-0", "found -0"],
    ["u8", "1.0", "found 1.0"],
    ["u8", "1e2", "found 1e2"],
    ["u8", '"1"', 'found "1"'],
    ["s8", "-129", "must be s8 (a whole number from -128 to 127)"],
    ["s16", "32768", "must be s16 (a whole number from -32768 to 32767)"],
    ["u16", "65536", "must be u16"],
    ["s32", "2147483648", "must be s32"],
    ["u32", "4294967296", "must be u32"],
    ["s64", "9223372036854775808", "from -9223372036854775808 to 9223372036854775807"],
    ["u64", "18446744073709551616", "must be u64"],
    ["s64", "nan", "found nan"],
    ["f32", "true", "must be f32, found true"],
    ["f64", "infinity", "must be f64, found infinity"],
    ["f64", "'1'", "must be f64, found '1'"],
  ])("%s is not %s", (kind, wave, message) => {
    expect(error(wave, prim(kind))).toContain("init-signature: ");
    expect(error(wave, prim(kind))).toContain(message);
  });
});

describe("bool, char and string", () => {
  test.each<[PrimitiveKind, string, unknown]>([
    ["bool", "true", true],
    ["bool", "false", false],
    ["char", "'🌊'", "🌊"],
    ["string", '"abc"', "abc"],
    ["string", '"""\nabc\n"""', "abc"],
  ])("%s %s", (kind, wave, expected) => {
    expect(value(wave, prim(kind))).toBe(expected);
  });

  test.each<[PrimitiveKind, string]>([
    ["bool", "1"],
    ["bool", "%true"],
    ["char", '"a"'],
    ["string", "'a'"],
    ["string", "abc"],
  ])("%s is not %s", (kind, wave) => {
    expect(error(wave, prim(kind))).toBe(
      `init-signature: Argument 'a' of 'f' must be ${kind}, found ${wave}${kind === "string" ? HINT : ""}, at column 3.`,
    );
  });
});

describe("lists and tuples", () => {
  test.each<[PrimitiveKind, string, unknown]>([
    ["u8", "[1, 255]", Uint8Array.of(1, 255)],
    ["s8", "[-1]", Int8Array.of(-1)],
    ["u16", "[1]", Uint16Array.of(1)],
    ["s16", "[-1]", Int16Array.of(-1)],
    ["u32", "[4294967295]", Uint32Array.of(4294967295)],
    ["s32", "[-1]", Int32Array.of(-1)],
    ["u64", "[18446744073709551615]", BigUint64Array.of(2n ** 64n - 1n)],
    ["s64", "[-1]", BigInt64Array.of(-1n)],
    ["f32", "[0.1, nan, -inf]", Float32Array.of(0.1, Number.NaN, Number.NEGATIVE_INFINITY)],
    ["f64", "[0.1, -0]", Float64Array.of(0.1, -0)],
    ["bool", "[true]", [true]],
    ["char", "['a', 'b', 'c']", ["a", "b", "c"]],
    ["string", "[]", []],
  ])("list<%s> %s", (kind, wave, expected) => {
    expect(value(wave, list(prim(kind)))).toStrictEqual(expected);
  });

  test("nest", () => {
    expect(value("[[1], []]", list(list(u8)))).toStrictEqual([Uint8Array.of(1), new Uint8Array()]);
    expect(value('("abc", 123)', { kind: "tuple", items: [string, u8] })).toEqual(["abc", 123]);
  });

  test("of fixed length", () => {
    expect(value("[1, 2]", { kind: "list", element: u8, length: 2 })).toStrictEqual(Uint8Array.of(1, 2));
    expect(error("[1]", { kind: "list", element: u8, length: 2 })).toContain(
      "must be list<u8, 2>, found [1], which has 1 elements",
    );
  });

  test("name the element that is wrong", () => {
    expect(error("[[1], [2, 300]]", list(list(u8)))).toContain("Argument 'a[1][1]' of 'f' must be u8");
    expect(error('["x", 5]', list(string))).toBe(
      "init-signature: Argument 'a[1]' of 'f' must be string, found 5 (strings are in \"\", and in a shell the whole call is in ''), at column 9.",
    );
    expect(error("(1, x)", { kind: "tuple", items: [u8, u8] })).toContain("Argument 'a.1' of 'f' must be u8");
    expect(error("(1)", { kind: "tuple", items: [u8, u8] })).toContain(
      "must be tuple<u8, u8>, found (1), which has 1 values",
    );
    expect(error("[1]", { kind: "tuple", items: [u8] })).toContain("must be tuple<u8>, found [1]");
    expect(error("(1)", list(u8))).toContain("must be list<u8>, found (1)");
  });
});

describe("maps", () => {
  const map: ValueType = { kind: "map", key: string, value: u8 };

  test("are written as the list of their entries", () => {
    expect(value('[("a", 1), ("b", 2)]', map)).toEqual(
      new Map([
        ["a", 1],
        ["b", 2],
      ]),
    );
    expect(error('[("a", 1), ("a", 2)]', map)).toContain(
      "must be map<string, u8>, found the same key twice, at column 14.",
    );
    expect(error("{a: 1}", map)).toContain("must be map<string, u8>, found {a: 1}");
    expect(error('["a"]', map)).toContain("Argument 'a[0]' of 'f' must be tuple<string, u8>");
  });
});

describe("records", () => {
  test("have camel-case properties", () => {
    expect(value("{must-have: 123, HTTP-mode: 1}", record)).toEqual({ mustHave: 123, httpMode: 1 });
    expect(value("{HTTP-mode: some(1), %must-have: 123,}", record)).toEqual({ mustHave: 123, httpMode: 1 });
  });

  test("may leave out what is none, which is an own property nevertheless", () => {
    expect(value("{must-have: 1}", record)).toStrictEqual({ mustHave: 1, httpMode: undefined });
    expect(value("{must-have: 1, HTTP-mode: none}", record)).toStrictEqual({ mustHave: 1, httpMode: undefined });
    expect(value("{:}", allOptional)).toStrictEqual({ toString: undefined });
  });

  test.each<[string, ValueType, string]>([
    [
      "{HTTP-mode: none}",
      record,
      "must be record { must-have: u8, HTTP-mode: option<u8> } and has no field 'must-have', found {HTTP-mode: none}",
    ],
    ["{must-have: 1, must-have: 2}", record, "found the field 'must-have' twice, at column 18."],
    ["{must-have: 1, other: 2}", record, "found an unknown field 'other', at column 18."],
    ["{must-have: 256}", record, "Argument 'a.must-have' of 'f' must be u8"],
    ["{must-have}", record, "found {must-have}"],
    ["{}", allOptional, "must be record { to-string: option<u8> }, found {}"],
    ["1", record, "found 1"],
  ])("%s is an error", (wave, type, message) => {
    expect(error(wave, type)).toContain("init-signature: ");
    expect(error(wave, type)).toContain(message);
  });
});

describe("variants and enums", () => {
  test.each<[string, ValueType, unknown]>([
    ["empty", variant, { tag: "empty" }],
    ["body([79, 75])", variant, { tag: "body", val: Uint8Array.of(79, 75) }],
    ['%err("oops")', variant, { tag: "err", val: "oops" }],
    ["%ok", status, "ok"],
    ["not-found", status, "not-found"],
  ])("%s", (wave, type, expected) => {
    expect(value(wave, type)).toStrictEqual(expected);
  });

  test.each<[string, ValueType, string]>([
    [
      "other",
      variant,
      "must be variant { empty, body(list<u8>), err(string) }, found an unknown case 'other', at column 3.",
    ],
    ["body", variant, "must have a payload: body(...) with a list<u8>, found 'body' alone"],
    ["empty(1)", variant, "found a payload for the case 'empty', which has none, at column 9."],
    ["body([256])", variant, "Argument 'a.body[0]' of 'f' must be u8"],
    ['err("oops")', variant, "(a case that reads like a keyword is written %err)"],
    ['"empty"', variant, 'found "empty"'],
    ["ok", status, "must be enum { ok, not-found }, found ok (a case that reads like a keyword is written %ok)"],
    ["missing", status, "found an unknown case 'missing'"],
    ["not-found(1)", status, "found a payload for the case 'not-found'"],
  ])("%s is an error", (wave, type, message) => {
    expect(error(wave, type)).toContain("init-signature: ");
    expect(error(wave, type)).toContain(message);
  });
});

describe("flags", () => {
  test("have a property for every flag", () => {
    expect(value("{write-all, read,}", perms)).toStrictEqual({ read: true, writeAll: true, constructor: false });
    expect(value("{}", perms)).toStrictEqual({ read: false, writeAll: false, constructor: false });
  });

  test.each([
    ["{read, read}", "found the flag 'read' twice, at column 10."],
    ["{read, execute}", "must be flags { read, write-all, constructor }, found an unknown flag 'execute'"],
    ["{:}", "found {:}"],
    ["read", "found read"],
  ])("%s is an error", (wave, message) => {
    expect(error(wave, perms)).toContain(message);
  });
});

describe("options", () => {
  test.each<[string, ValueType, unknown]>([
    ["123", option(u8), 123],
    ["some(123)", option(u8), 123],
    ["none", option(u8), undefined],
    ['"flat some"', option(string), "flat some"],
    ["{must-have: 1}", option(record), { mustHave: 1, httpMode: undefined }],
    ["%ok", option(status), "ok"],
    ["none", option(option(u8)), { tag: "none" }],
    ["some(none)", option(option(u8)), { tag: "some", val: undefined }],
    ["some(1)", option(option(u8)), { tag: "some", val: 1 }],
    ["some(some(1))", option(option(u8)), { tag: "some", val: 1 }],
    ["none", option(option(option(u8))), undefined],
    ["some(none)", option(option(option(u8))), { tag: "none" }],
    ["some(some(none))", option(option(option(u8))), { tag: "some", val: undefined }],
    ["some(ok)", option({ kind: "result" }), { tag: "ok", val: undefined }],
  ])("%s", (wave, type, expected) => {
    expect(value(wave, type)).toStrictEqual(expected);
  });

  test.each<[string, ValueType]>([
    ["1", option(option(u8))],
    ["ok", option({ kind: "result" })],
    ["some(some(0))", option(u8)],
    ['"x"', option(u8)],
  ])("%s is an error", (wave, type) => {
    expect(error(wave, type)).toContain("init-signature: ");
  });
});

describe("results", () => {
  const both: ValueType = { kind: "result", ok: string, err: u8 };
  const okOnly: ValueType = { kind: "result", ok: u8 };
  const errOnly: ValueType = { kind: "result", err: string };
  const neither: ValueType = { kind: "result" };

  test.each<[string, ValueType, unknown]>([
    ['"flat ok"', both, { tag: "ok", val: "flat ok" }],
    ['ok("explicit ok")', both, { tag: "ok", val: "explicit ok" }],
    ["err(1)", both, { tag: "err", val: 1 }],
    ["123", okOnly, { tag: "ok", val: 123 }],
    ["err", okOnly, { tag: "err", val: undefined }],
    ["ok", errOnly, { tag: "ok", val: undefined }],
    ['err("oops")', errOnly, { tag: "err", val: "oops" }],
    ["ok", neither, { tag: "ok", val: undefined }],
    ["ok(some(1))", { kind: "result", ok: option(u8) }, { tag: "ok", val: 1 }],
    ["err(none)", { kind: "result", err: option(option(u8)) }, { tag: "err", val: { tag: "none" } }],
  ])("%s", (wave, type, expected) => {
    expect(value(wave, type)).toStrictEqual(expected);
  });

  test.each<[string, ValueType, string]>([
    ["ok", okOnly, "must have a payload: ok(...) with a u8, found 'ok' alone"],
    ["err(0)", okOnly, "must be result<u8>, found a payload for the case 'err', which has none"],
    ["ok(0)", neither, "must be result, found a payload for the case 'ok'"],
    ["o(0)", errOnly, "must be result<_, string>, found o(0)"],
    ["err(300)", both, "Argument 'a.err' of 'f' must be u8"],
    ["some(1)", { kind: "result", ok: option(u8) }, "must be result<option<u8>>, found some(1)"],
  ])("%s is an error", (wave, type, message) => {
    expect(error(wave, type)).toContain(message);
  });
});

describe("types without values in a text", () => {
  test.each<[ValueType, string]>([
    [{ kind: "own", resource: "descriptor" }, "descriptor"],
    [{ kind: "borrow", resource: "descriptor" }, "borrow<descriptor>"],
    [{ kind: "stream" }, "stream"],
    [{ kind: "future" }, "future"],
    [{ kind: "error-context" }, "error-context"],
  ])("%j", (type, text) => {
    expect(error("1", type)).toBe(
      `init-signature: Argument 'a' of 'f' is of type ${text}, whose values cannot be written in a call, at column 3.`,
    );
    expect(value("none", option(type))).toBeUndefined();
  });
});

describe("the number of arguments", () => {
  const two = func({ name: string, level: u8 });
  const check = (text: string, type = two) => typecheckArgs(parseCall(text), type);

  test("none are needed when there are no parameters", () => {
    expect(check("init", func({}))).toEqual([]);
    expect(check("init()", func({}))).toEqual([]);
  });

  test("trailing options may be left out", () => {
    const type = func({ a: option(u8), b: option(u8), c: option(option(u8)) });
    const expected = [1, undefined, { tag: "none" }];
    for (const text of ["f(some(1))", "f(1, none)", "f(some(1), none, none)"])
      expect(check(text, type)).toEqual(expected);
    expect(check("f", type)).toEqual([undefined, undefined, { tag: "none" }]);
  });

  test.each([
    ['setup("x")', "'setup' is func(name: string, level: u8) and takes 2 arguments, found 1, at column 10."],
    ['setup("x", 1, 2, 3)', "takes 2 arguments, found 4, at column 15."],
    ["setup()", "takes 2 arguments, found 0, at column 7."],
    ["setup", "takes 2 arguments, found a name without arguments, at column 6."],
  ])("%s", (text, message) => {
    expect(failure(() => check(text))).toContain("init-signature: ");
    expect(failure(() => check(text))).toContain(message);
  });

  test("is named as a range with options", () => {
    const type = func({ a: u8, b: option(u8) });
    expect(failure(() => check("f(1, 2, 3)", type))).toContain("takes 1 to 2 arguments, found 3");
    expect(failure(() => check("f(1)", func({})))).toContain(
      "'f' is func() and takes 0 arguments, found 1, at column 3.",
    );
    expect(failure(() => check("f", func({ a: u8 })))).toContain("takes 1 argument,");
  });
});
