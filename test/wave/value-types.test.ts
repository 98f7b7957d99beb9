import { describe, expect, test } from "vitest";
import { type FunctionType, formatFunctionType, formatType, type ValueType } from "../../src/component/value-types.js";

const u8: ValueType = { kind: "u8" };
const string: ValueType = { kind: "string" };

describe("formatType", () => {
  test.each<[string, ValueType]>([
    ["bool", { kind: "bool" }],
    [
      "record { a: u8, b-c: string }",
      {
        kind: "record",
        fields: [
          { name: "a", type: u8 },
          { name: "b-c", type: string },
        ],
      },
    ],
    ["variant { a, b(u8) }", { kind: "variant", cases: [{ name: "a" }, { name: "b", type: u8 }] }],
    ["flags { a, b }", { kind: "flags", labels: ["a", "b"] }],
    ["flags {}", { kind: "flags", labels: [] }],
    ["enum { a, b }", { kind: "enum", labels: ["a", "b"] }],
    ["list<u8>", { kind: "list", element: u8 }],
    ["list<u8, 4>", { kind: "list", element: u8, length: 4 }],
    ["tuple<u8, string>", { kind: "tuple", items: [u8, string] }],
    ["option<option<u8>>", { kind: "option", payload: { kind: "option", payload: u8 } }],
    ["result", { kind: "result" }],
    ["result<u8>", { kind: "result", ok: u8 }],
    ["result<_, string>", { kind: "result", err: string }],
    ["result<u8, string>", { kind: "result", ok: u8, err: string }],
    ["map<string, u8>", { kind: "map", key: string, value: u8 }],
    ["descriptor", { kind: "own", resource: "descriptor" }],
    ["borrow<descriptor>", { kind: "borrow", resource: "descriptor" }],
    ["stream", { kind: "stream" }],
    ["future", { kind: "future" }],
    ["error-context", { kind: "error-context" }],
  ])("%s", (text, type) => {
    expect(formatType(type)).toBe(text);
  });

  test("cuts off long types, with the brackets closed", () => {
    const labels = Array.from({ length: 1000 }, (_, index) => `label-${index}`);
    const text = formatType({ kind: "enum", labels });
    expect(text).toMatch(/^enum \{ label-0, label-1, .*, … \}$/);
    expect(text.length).toBeLessThan(160);
  });

  test("takes no exponential time for a type that shares its parts", () => {
    let type: ValueType = u8;
    for (let depth = 0; depth < 200; depth++) type = { kind: "tuple", items: [type, type] };
    expect(formatType(type).length).toBeLessThan(1000);
  });
});

describe("formatFunctionType", () => {
  test.each<[string, FunctionType]>([
    ["func()", { async: false, params: [] }],
    ["async func() -> u8", { async: true, params: [], result: u8 }],
    [
      "func(name: string, level: u8) -> result<_, string>",
      {
        async: false,
        params: [
          { name: "name", type: string },
          { name: "level", type: u8 },
        ],
        result: { kind: "result", err: string },
      },
    ],
  ])("%s", (text, type) => {
    expect(formatFunctionType(type)).toBe(text);
  });
});
