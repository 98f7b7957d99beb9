import { ComponentInitError } from "../errors.js";

const MAX_QUOTE = 40;

/** `column 7`, or `line 2, column 7` of a text with line breaks (a multi-line string, usually). Both count from 1. */
export function position(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  // People count characters: a pair of surrogates is one.
  const column = [...before.slice(lineStart)].length + 1;
  if (!text.includes("\n")) return `column ${column}`;
  return `line ${before.split("\n").length}, column ${column}`;
}

/** A piece of the text, fit for a one-line message. */
export function quote(text: string, start: number, end: number): string {
  const characters = [...text.slice(start, end).replace(/\s+/g, " ").trim()];
  if (characters.length <= MAX_QUOTE) return characters.join("");
  return `${characters.slice(0, MAX_QUOTE - 1).join("")}…`;
}

export function syntaxError(text: string, offset: number, problem: string): ComponentInitError {
  const whole = quote(text, 0, text.length);
  return new ComponentInitError(
    "invalid-option",
    `Cannot parse the call '${whole}' at ${position(text, offset)}: ${problem}.`,
  );
}
