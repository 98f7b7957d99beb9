import type { Arg } from "../../support/session.js";
import { casesOf, type Spelling, type Type } from "./shapes.js";
import type { Value, VariantValue } from "./values.js";

/** A value in WAVE, which the tool takes. */
export function waveText(type: Type, value: Value, spelling: Spelling): string {
  const of = (inner: Type, one: Value) => waveText(inner, one, spelling);
  const items = value as readonly Value[];
  switch (type.kind) {
    case "bool":
      return value === 0 ? "false" : "true";
    case "char":
      return `'\\u{${(value as number).toString(16)}}'`;
    case "string":
      return `"${[...(value as string)].map((char) => `\\u{${(char.codePointAt(0) as number).toString(16)}}`).join("")}"`;
    case "f32":
    case "f64":
      return Number.isNaN(value) ? "nan" : Object.is(value, -0) ? "-0" : String(value).replace("Infinity", "inf");
    case "list":
      return `[${items.map((one) => of(type.element, one)).join(", ")}]`;
    case "fixed": {
      const elements = items.map((one) => of(type.element, one)).join(", ");
      return spelling.fixedLists ? `[${elements}]` : `(${elements})`;
    }
    case "tuple":
      return `(${type.items.map((item, i) => of(item, items[i])).join(", ")})`;
    case "record":
      return `{${type.items.map((item, i) => `f${i}: ${of(item, items[i])}`).join(", ")}}`;
    case "flags":
      return `{${labels(type.count, value as number).join(", ")}}`;
    case "enum":
      return `l${(value as VariantValue).index}`;
    case "variant":
    case "option":
    case "result": {
      const { index, payload } = value as VariantValue;
      const payloadType = casesOf(type)[index];
      return `${caseName(type.kind, index)}${payloadType === undefined ? "" : `(${of(payloadType, payload)})`}`;
    }
    case "own":
    case "borrow":
    case "stream":
    case "map":
      throw new Error(`the host gives no ${type.kind}`);
    default:
      return String(value);
  }
}

function caseName(kind: "variant" | "option" | "result", index: number): string {
  if (kind === "variant") return `c${index}`;
  return (kind === "option" ? ["none", "some"] : ["ok", "err"])[index] as string;
}

function labels(count: number, bits: number): string[] {
  return Array.from({ length: count }, (_, i) => i)
    .filter((i) => Math.floor(bits / 2 ** i) % 2 === 1)
    .map((i) => `l${i}`);
}

/** A value as sessions in Wasmtime take it, in JSON. */
export function sessionArg(type: Type, value: Value): Arg {
  const items = value as readonly Value[];
  switch (type.kind) {
    case "bool":
      return value !== 0;
    case "char":
      return String.fromCodePoint(value as number);
    case "u64":
    case "s64":
      return `${value}n`;
    case "f32":
    case "f64":
      return Number.isFinite(value) && !Object.is(value, -0)
        ? (value as number)
        : Object.is(value, -0)
          ? "-0"
          : String(value);
    case "list":
    case "fixed":
      return items.map((one) => sessionArg(type.element, one));
    case "tuple":
      return type.items.map((item, i) => sessionArg(item, items[i]));
    case "record":
      return Object.fromEntries(type.items.map((item, i) => [`f${i}`, sessionArg(item, items[i])]));
    case "flags":
      return Object.fromEntries(labels(type.count, value as number).map((label) => [label, true]));
    case "enum":
      return `l${(value as VariantValue).index}`;
    case "option": {
      const { index, payload } = value as VariantValue;
      const some = index === 1 ? sessionArg(type.payload, payload) : null;
      if (type.payload.kind !== "option") return some;
      return index === 1 ? { tag: "some", val: some } : { tag: "none" };
    }
    case "variant":
    case "result": {
      const { index, payload } = value as VariantValue;
      const payloadType = casesOf(type)[index];
      const tag = caseName(type.kind, index);
      return payloadType === undefined ? { tag } : { tag, val: sessionArg(payloadType, payload) };
    }
    case "own":
    case "borrow":
    case "stream":
    case "map":
      throw new Error(`the host gives no ${type.kind}`);
    default:
      return value as string | number | bigint;
  }
}
