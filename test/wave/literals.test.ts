import { describe, expect, test } from "vitest";
import { failure, prim, value } from "./calls.js";

const text = (wave: string) => value(wave, prim("string"));
const char = (wave: string) => value(wave, prim("char"));

describe("chars", () => {
  test.each([
    ["'x'", "x"],
    ["'☃'", "☃"],
    ["'🌊'", "🌊"],
    ["'\"'", '"'],
    ["'\\''", "'"],
    ["'\\\"'", '"'],
    ["'\\\\'", "\\"],
    ["'\\t'", "\t"],
    ["'\\n'", "\n"],
    ["'\\r'", "\r"],
    ["'\\u{0}'", "\0"],
    ["'\\u{000078}'", "x"],
    ["'\\u{10FFFF}'", "\u{10ffff}"],
  ])("%s", (wave, expected) => {
    expect(char(wave)).toBe(expected);
  });

  test.each([
    ["''", "a char is exactly one Unicode scalar value, found 0"],
    ["'ab'", 'found 2 (strings are written with ")'],
    // wasm-wave's README has this example, a snowman with a variation selector, and its lexer rejects it.
    ["'☃︎'", "found 2"],
    ["'\\z'", "column 4: unknown escape"],
    ["'\\x1f'", "unknown escape"],
    ["'\\u1f'", "unknown escape"],
    ["'\\u{}'", "unknown escape"],
    ["'\\u{1f'", "unknown escape"],
    ["'\\u{x}'", "unknown escape"],
    ["'\\u{12345678}'", "unknown escape"],
    ["'\\u{110000}'", "\\u{110000} is not a Unicode scalar value"],
    ["'\\u{D800}'", "\\u{D800} is not a Unicode scalar value"],
    ["'\\u{dfff}'", "\\u{dfff} is not a Unicode scalar value"],
    ["'\ud800'", "half of a surrogate pair"],
    ["'", "column 3: the char has no closing ' on its line"],
    ["'\n'", "the char has no closing ' on its line"],
    ["'\\'", "the char has no closing ' on its line"],
  ])("%j is an error", (wave, message) => {
    expect(failure(() => char(wave))).toContain("invalid-option: ");
    expect(failure(() => char(wave))).toContain(message);
  });
});

describe("strings", () => {
  test.each([
    ['""', ""],
    ['"abc\\t123"', "abc\t123"],
    ['"👋 Hello, world! 👋"', "👋 Hello, world! 👋"],
    ['"\\\\\\\'\\"\\t\\n\\r"', "\\'\"\t\n\r"],
    ["\"'\\'\\u{27}\"", "'''"],
    ['"☃\\u{2603}\\u{002603}"', "☃☃☃"],
    ['"// no comment"', "// no comment"],
  ])("%s", (wave, expected) => {
    expect(text(wave)).toBe(expected);
  });

  test.each([
    ['"\\u{d800}\\\\u{dc00}"', "column 4: \\u{d800} is not a Unicode scalar value"],
    ['"\\u{ffffffff}"', "unknown escape"],
    ['"a\\u{-1}"', "column 5: unknown escape"],
    ['"a', 'column 3: the string has no closing " on its line'],
    ['"\n"', "the string has no closing"],
    ['"\\"', "the string has no closing"],
    ['"\udc00"', "half of a surrogate pair"],
  ])("%j is an error", (wave, message) => {
    expect(failure(() => text(wave))).toContain(message);
  });
});

describe("multi-line strings", () => {
  test.each([
    ['"""\n"""', ""],
    ['"""\nA single line\n"""', "A single line"],
    ['"""\r\nA\r\nB\r\n"""', "A\nB"],
    [
      '"""\n    Indentation determined\n      by ending delimiter\n  """',
      "  Indentation determined\n    by ending delimiter",
    ],
    [
      '"""\n  Must escape carriage return at end of line: \\r\n  Must break up double quote triplets: ""\\""\n  """',
      'Must escape carriage return at end of line: \r\nMust break up double quote triplets: """"',
    ],
    [
      '"""\n\nEmpty leading and trailing lines are retained\n\n"""',
      "\nEmpty leading and trailing lines are retained\n",
    ],
    ['"""\n\\\\\\\'\\"\\t\\n\\r\\u{2603}\n"""', "\\'\"\t\n\r☃"],
  ])("%j", (wave, expected) => {
    expect(text(wave)).toBe(expected);
  });

  test.each([
    ['""""""', 'column 6: a line break must follow the opening """'],
    ['""" """', 'column 6: a line break must follow the opening """'],
    ['"""extra\n"""', "column 6: a line break must follow"],
    ['"""\nextra"""', 'only spaces may precede the closing """ on its line'],
    ['"""\n\t"""', "only spaces may precede"],
    ['"""\n""', 'the multi-line string has no closing """'],
    ['"""\n  a\n b\n  """', 'line 3, column 1: every line must be indented at least as much as the closing """'],
    ['"""\nInvalid surrogate: \\u{d800}\n"""', "line 2, column 20: \\u{d800} is not a Unicode scalar value"],
    ['"""\nInvalid escape: \\j\n"""', "line 2, column 17: unknown escape"],
    // An escape does not keep three quotes from ending the string.
    ['"""\na\\"""b\n"""', "only spaces may precede"],
    ['"""\n  Between """ words\n  """', "only spaces may precede"],
  ])("%j is an error", (wave, message) => {
    expect(failure(() => text(wave))).toContain(message);
  });
});
