import { syntaxError } from "./source.js";

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\",
  "'": "'",
  '"': '"',
  t: "\t",
  n: "\n",
  r: "\r",
};
const ESCAPE = /\\(?:u\{([0-9a-fA-F]{1,6})\}|(['"tnr\\])|)/g;
const LAST_SCALAR = 0x10ffff;

/** `start` is where `raw`, a piece between quotes, begins in `text`. */
export function decodeEscapes(text: string, raw: string, start: number): string {
  // Component-model strings are sequences of Unicode scalar values, and so is WAVE's text: a lone surrogate is neither.
  if (!raw.isWellFormed()) throw syntaxError(text, start, "the text holds half of a surrogate pair");
  return raw.replace(ESCAPE, (all: string, hex: string | undefined, simple: string | undefined, at: number) => {
    if (simple !== undefined) return SIMPLE_ESCAPES[simple] ?? simple;
    if (hex !== undefined && isScalar(Number.parseInt(hex, 16))) return String.fromCodePoint(Number.parseInt(hex, 16));
    const problem =
      hex === undefined
        ? "unknown escape (the escapes are \\' \\\" \\\\ \\t \\n \\r \\u{...})"
        : `${all} is not a Unicode scalar value`;
    throw syntaxError(text, start + at, problem);
  });
}

function isScalar(code: number): boolean {
  return code <= LAST_SCALAR && (code < 0xd800 || code > 0xdfff);
}

/**
 * What a `"""` string means (wasm-wave README, "Multiline Strings"): the first and the last line break are not part of
 * it, and neither is the indentation of the closing quotes, which every line must have.
 */
export function dedent(text: string, raw: string, start: number): string {
  const opening = /^\r?\n/.exec(raw);
  if (opening === null) throw syntaxError(text, start, 'a line break must follow the opening """');
  const lines = raw.slice(opening[0].length).split("\n");
  const indent = raw.slice(raw.lastIndexOf("\n") + 1);
  if (!/^ *$/.test(indent)) {
    throw syntaxError(text, start + raw.length, 'only spaces may precede the closing """ on its line');
  }
  let lineStart = start + opening[0].length;
  // Whatever `opening` ended is the only line of an empty string, so there is nothing to remove from it.
  return lines
    .slice(0, -1)
    .map((line) => {
      if (!line.startsWith(indent)) {
        throw syntaxError(text, lineStart, 'every line must be indented at least as much as the closing """');
      }
      // The line break of a CRLF text is still one `\n`, which is why a kept `\r` has to be escaped.
      const content = decodeEscapes(text, line.slice(indent.length).replace(/\r$/, ""), lineStart + indent.length);
      lineStart += line.length + 1;
      return content;
    })
    .join("\n");
}
