import type { DifferentialCase } from "../../support/differential.js";
import type { Call, Outcome, Value } from "../../support/session.js";

export const INIT = { options: { initFunc: "init" }, init: { export: "init", args: [] } } as const;

export const ok = (value: Value): Outcome => ({ ok: value });

export const call = (name: Call["export"], ...args: NonNullable<Call["args"]>): Call => ({ export: name, args });

/** Calls and what each of them gives, side by side. */
export function steps(...pairs: readonly (readonly [Call, DifferentialCase["expected"][number]])[]) {
  return { calls: pairs.map(([call]) => call), expected: pairs.map(([, outcome]) => outcome) };
}

/** What a function gives for 0, 1, 2 and so on. */
export function each(name: Call["export"], outcomes: readonly (number | DifferentialCase["expected"][number])[]) {
  return outcomes.map((one, index) => [call(name, index), typeof one === "number" ? ok(one) : one] as const);
}

/** The bytes of a text as a little-endian u64, as the fixtures' `word` reads them. */
export const word = (text: string): Outcome => ok(`${Buffer.from(text, "latin1").readBigUInt64LE()}n`);

export const u32 = (text: string): number => Buffer.from(text, "latin1").readUInt32LE();
