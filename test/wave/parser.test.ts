import { describe, expect, test } from "vitest";
import { parseCall } from "../../src/wave/parser.js";
import { failure } from "./calls.js";

describe("parseCall", () => {
  test("gives nodes with their places", () => {
    expect(parseCall('setup("prod", [1, 2], {debug: true})').args).toEqual([
      { kind: "string", value: "prod", start: 6, end: 12 },
      {
        kind: "list",
        items: [
          { kind: "number", literal: "1", start: 15, end: 16 },
          { kind: "number", literal: "2", start: 18, end: 19 },
        ],
        start: 14,
        end: 20,
      },
      {
        kind: "record",
        fields: [
          {
            name: { label: "debug", start: 23, end: 28 },
            value: { kind: "bool", value: true, start: 30, end: 34 },
          },
        ],
        start: 22,
        end: 35,
      },
    ]);
  });

  test("skips comments and white space between tokens", () => {
    const text = "f ( // comment ) \n { // comment\r\n\ta : 1 , // comment\n }\n) // comment";
    expect(parseCall(text).args).toMatchObject([{ kind: "record", fields: [{ value: { literal: "1" } }] }]);
  });

  test("allows a trailing comma everywhere", () => {
    expect(parseCall("f([1,], (1,), {a,}, {a: 1,},)").args).toHaveLength(4);
  });

  test("tells keywords from escaped labels", () => {
    expect(parseCall("f(none, %none, ok, %ok, err(1), %err(1), nan, %nan, true, %true)").args).toMatchObject([
      { kind: "none" },
      { kind: "case", label: "none" },
      { kind: "ok" },
      { kind: "case", label: "ok" },
      { kind: "err", payload: { kind: "number" } },
      { kind: "case", label: "err", payload: { kind: "number" } },
      { kind: "number", literal: "nan" },
      { kind: "case", label: "nan" },
      { kind: "bool" },
      { kind: "case", label: "true" },
    ]);
  });

  test("allows keywords as field and flag names", () => {
    expect(parseCall("f({ok: ok, %none: none}, {true, %inf})").args).toMatchObject([
      { fields: [{ name: { label: "ok" } }, { name: { label: "none" } }] },
      { labels: [{ label: "true" }, { label: "inf" }] },
    ]);
  });

  test("tells the empty record from the empty flags", () => {
    expect(parseCall("f({:}, { : }, {})").args).toMatchObject([
      { kind: "record" },
      { kind: "record" },
      { kind: "flags" },
    ]);
  });

  // Most of these are wasm-wave's tests/ui/reject-*.waves.
  test.each([
    ["f([1,,2])", "column 6: expected a value, found ','"],
    ["f([,])", "column 4: expected a value, found ','"],
    ["f([))", "column 4: expected a value, found ')'"],
    ["f((]))", "column 4: expected a value, found ']'"],
    ["f(1", "column 4: expected ',' or ')', found the end of the text"],
    ["f(", "column 3: expected a value, found the end of the text"],
    ["f([1 2])", "column 6: expected ',' or ']', found '2'"],
    ["f(())", "column 3: a tuple has at least one value"],
    ["f({a: 1, b})", "column 11: expected ':' after the field name, found '}'"],
    ["f({a, b: 1})", "column 8: expected ',' or '}', found ':'"],
    ["f({a: 1,, b: 2})", "column 9: expected a field or flag name, found ','"],
    ['f({"a": 1})', "column 4: expected a field or flag name, found '\"a\"'"],
    ["f({: 1})", "column 6: expected '}', found '1'"],
    ["f(some)", "column 7: expected a payload: some(...), found ')'"],
    ["f(some())", "column 8: expected a value, found ')'"],
    ["f(ok())", "column 6: expected a value, found ')'"],
    ["f(none(1))", "column 7: expected ',' or ')', found '('"],
    ["f(some(1, 2))", "column 9: expected ')', found ','"],
    ["f(// ())", "column 9: expected a value, found the end of the text"],
    ["f(-nan)", "column 3: unexpected '-"],
    ["f(-infinity)", "column 3: unexpected '-infinity'"],
    ["f(NaN)", "column 3: 'NaN' is not a label"],
    ["f(someName)", "column 3: 'someName' is not a label (labels are in kebab-case, like 'some-name')"],
    ["f(a--b)", "column 3: 'a--b' is not a label"],
    ["f(0x10)", "column 3: '0x10' is not a number (numbers are decimal, as in JSON)"],
    ["f(01)", "'01' is not a number"],
    ["f(1.)", "'1.' is not a number"],
    ["f(1e)", "'1e' is not a number"],
    ["f(+1)", "column 3: unexpected '+'"],
    ["f(.5)", "column 3: unexpected '.5'"],
    ["f(1;)", "column 4: unexpected ';'"],
    ["f(\n  [1,\n  ?])", "at line 3, column 3: unexpected '?'"],
    ["f('☃', \"😀\", ?)", "column 13: unexpected '?'"],
  ])("%j is an error", (text, message) => {
    expect(failure(() => parseCall(text))).toContain("invalid-option: ");
    expect(failure(() => parseCall(text))).toContain(message);
  });

  test("limits the nesting as wasm-wave does", () => {
    const nested = (depth: number) => `f(${"[".repeat(depth)}${"]".repeat(depth)})`;
    expect(parseCall(nested(100)).args).toHaveLength(1);
    expect(failure(() => parseCall(nested(101)))).toContain("nested more than 100 levels deep");
    expect(failure(() => parseCall(`f(${"some(".repeat(1e5)}`))).toContain("nested more than 100 levels deep");
  });

  test("quotes only the beginning of a long call", () => {
    expect(failure(() => parseCall(`f("${"x".repeat(1000)}", ?)`)).length).toBeLessThan(150);
  });
});
