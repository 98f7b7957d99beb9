import { describe, expect, test } from "vitest";
import { ComponentInitError } from "../src/errors.js";
import { asLine, toVisibleJson, visible } from "../src/visible.js";

const point = (...codes: number[]) => String.fromCodePoint(...codes);

describe("a text of others", () => {
  test.each([
    ["an escape sequence", "\u001b[31m", "\\x1b[31m"],
    ["a line end", "a\nb\r\nc", "a\\x0ab\\x0d\\x0ac"],
    ["NUL, bell, backspace, delete", "\0\u0007\b\u007f", "\\x00\\x07\\x08\\x7f"],
    ["a control sequence of one character", "\u009b31m", "\\x9b31m"],
    ["what turns the direction of text", "\u202e\u2066\u200f\u061c", "\\u202e\\u2066\\u200f\\u061c"],
    ["line and paragraph separators", "\u2028\u2029", "\\u2028\\u2029"],
    ["what has no width", "a\u200bb\u2060\ufeff\u00ad\u3164", "a\\u200bb\\u2060\\ufeff\\xad\\u3164"],
    ["joiners where nothing is to be joined", "a\u200db\u200cc\ufe0f", "a\\u200db\\u200cc\\ufe0f"],
    ["a joiner at the start", "\u200da", "\\u200da"],
    ["letters that are tags", point(0xe0041), "\\u{e0041}"],
    ["half a character", "a\ud83db", "a\\ud83db"],
  ])("%s is shown as an escape", (_, text, shown) => {
    expect(visible(text)).toBe(shown);
    expect(visible(shown)).toBe(shown);
  });

  test.each([["ASCII ~ and\ttabs"], ["Grüße, 漢字, \u{1f600}"], ["❤️‍🔥"], ["می‌خواهم"], ["a\\x1b"]])(
    "%s stays",
    (text) => {
      expect(visible(text)).toBe(text);
    },
  );

  test("is shortened once, when it can be seen", () => {
    const long = asLine(`${"\u001b".repeat(1000)}${"y".repeat(1000)}`);
    expect(long).toBe(`${"\\x1b".repeat(1000)}… (1000 more characters)`);
    expect(asLine(long)).toBe(long);
  });
});

test("an error can be shown in a terminal, whoever prints it", () => {
  const { message, details } = new ComponentInitError("io", "no \u001b[2J\nfile", { details: ["  at \u202ename"] });
  expect({ message, details }).toEqual({ message: "no \\x1b[2J\\x0afile", details: ["  at \\u202ename"] });
});

describe("JSON", () => {
  const value = { "\u009b": ["\u001b\u007f\u202e\u2028\n\ud800", { tag: point(0xe0041, 0x1f600) }], ünï: "cödé" };

  test.each([undefined, 2])("holds the same, with nothing that a terminal would obey (indent %s)", (indent) => {
    const text = toVisibleJson(value, indent);
    expect(JSON.parse(text)).toEqual(value);
    expect(text).not.toMatch(/[^\P{Cc}\n]|\p{Cf}|\p{Cs}|\p{Zl}|\p{Zp}/u);
    expect(text).toContain("cödé");
  });

  test("has lines only between values", () => {
    expect(toVisibleJson(value)).not.toContain("\n");
  });
});
