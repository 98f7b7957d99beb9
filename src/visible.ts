import { shortened } from "./shortened.js";

/**
 * What changes a terminal or a log without being seen: control characters, what turns the direction of text, line
 * separators, halves of characters, and what has no width.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}]/gu;

/**
 * A text of others, such as a name in a component or what a guest has printed, as a part of a line of ours: what could
 * rewrite a terminal, reorder the line or begin another one is shown as an escape (`\x1b`).
 */
export function visible(text: string): string {
  return text.replace(HIDDEN, (char, at: number) => (belongs(char, text, at) ? char : escapeOf(char)));
}

const JOINING = /\u200c|\u200d|[\ufe00-\ufe0f]/;

/** A tab, or a joiner or selector behind a letter of another script or a picture, which need them to be written. */
function belongs(char: string, text: string, at: number): boolean {
  return char === "\t" || (JOINING.test(char) && text.charCodeAt(at - 1) > 0x7f);
}

function escapeOf(char: string): string {
  const code = char.codePointAt(0) as number;
  const digits = code.toString(16);
  if (code > 0xffff) return `\\u{${digits}}`;
  return code > 0xff ? `\\u${digits.padStart(4, "0")}` : `\\x${digits.padStart(2, "0")}`;
}

/** JSON that says the same to who reads it, and nothing to a terminal. */
export function toVisibleJson(value: unknown, indent?: number): string {
  // Only the line ends between values are not in a string.
  return JSON.stringify(value, undefined, indent).replace(HIDDEN, (char) =>
    char === "\n" ? char : jsonEscapeOf(char),
  );
}

function jsonEscapeOf(char: string): string {
  const units = Array.from({ length: char.length }, (_, i) => char.charCodeAt(i));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}

const MAX_LINE = 4000;

/** A sentence of ours, with names of others in it, for people to read: it has an end. */
export function asLine(text: string): string {
  return shortened(visible(text), MAX_LINE);
}
