/**
 * A WAVE value as it is written, before anyone knows its type. `start` and `end` are offsets into the call's text.
 * A label alone is a `case` without a payload: whether it means a variant or an enum is for the type to say.
 */
export type WaveNode = { start: number; end: number } & (
  | { kind: "bool"; value: boolean }
  /** Not converted yet, as only the type says whether it is a 64-bit integer or a float. Includes `nan`, `inf`, `-inf`. */
  | { kind: "number"; literal: string }
  | { kind: "char" | "string"; value: string }
  | { kind: "tuple" | "list"; items: WaveNode[] }
  | { kind: "record"; fields: WaveField[] }
  | { kind: "flags"; labels: WaveLabel[] }
  | { kind: "case"; label: string; payload?: WaveNode }
  /** The keywords: without the `%` prefix they never stand for a variant or enum case. */
  | { kind: "none" }
  | { kind: "some"; payload: WaveNode }
  | { kind: "ok" | "err"; payload?: WaveNode }
);

export type WaveLabel = { start: number; end: number; label: string };
export type WaveField = { name: WaveLabel; value: WaveNode };

export type WaveCall = {
  /** What was parsed, kept so that a later error can point into it. */
  text: string;
  /** As written; `parseItemName` takes it apart. */
  name: string;
  /** `undefined` without parentheses: the name alone, which means a call without arguments. */
  args: WaveNode[] | undefined;
};
