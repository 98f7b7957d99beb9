import { isDeepStrictEqual } from "node:util";
import { atomOf, type Form, type List, textOf } from "./sexpr.js";

/** A value of a .wast file (`(list.const (u8.const 1))`), without its type. */
export type WastValue =
  | { readonly kind: "number" | "string" | "bool"; readonly value: unknown }
  | { readonly kind: "list" | "tuple"; readonly items: readonly WastValue[] }
  | { readonly kind: "record"; readonly fields: readonly (readonly [string, WastValue])[] }
  | { readonly kind: "variant"; readonly label: string; readonly payload: WastValue | undefined }
  | { readonly kind: "enum"; readonly label: string }
  | { readonly kind: "option"; readonly payload: WastValue | undefined }
  | { readonly kind: "result"; readonly tag: "ok" | "err"; readonly payload: WastValue | undefined }
  | { readonly kind: "flags"; readonly labels: readonly string[] };

export function readValue({ items: [head, ...rest] }: List): WastValue {
  const of = (forms: readonly Form[]) => forms.map((form) => readValue(form as List));
  const [first] = rest;
  const payload = (form: Form | undefined) => (form === undefined ? undefined : readValue(form as List));
  switch (atomOf(head)) {
    case "bool.const":
      return { kind: "bool", value: atomOf(first) === "true" };
    case "char.const":
    case "str.const":
      return { kind: "string", value: textOf(first) };
    case "u64.const":
    case "s64.const":
      return { kind: "number", value: BigInt(atomOf(first)?.replaceAll("_", "") ?? "") };
    case "f32.const":
    case "f64.const":
      return { kind: "number", value: float(atomOf(first) ?? "") };
    case "list.const":
      return { kind: "list", items: of(rest) };
    case "tuple.const":
      return { kind: "tuple", items: of(rest) };
    case "record.const":
      return {
        kind: "record",
        fields: rest.map((field) => {
          // The value stands without parentheses of its own.
          const [, name, ...value] = (field as List).items;
          return [textOf(name) ?? "", readValue({ ...(field as List), items: value })] as const;
        }),
      };
    case "variant.const":
      return { kind: "variant", label: textOf(first) ?? "", payload: payload(rest[1]) };
    case "enum.const":
      return { kind: "enum", label: textOf(first) ?? "" };
    case "option.none":
      return { kind: "option", payload: undefined };
    case "option.some":
      return { kind: "option", payload: payload(first) };
    case "result.ok":
      return { kind: "result", tag: "ok", payload: payload(first) };
    case "result.err":
      return { kind: "result", tag: "err", payload: payload(first) };
    case "flags.const":
      return { kind: "flags", labels: rest.map((label) => textOf(label) ?? "") };
    default:
      return { kind: "number", value: Number(atomOf(first)?.replaceAll("_", "")) };
  }
}

function float(text: string): number {
  if (text.includes("nan")) return Number.NaN;
  if (text.includes("inf")) return text.startsWith("-") ? -Infinity : Infinity;
  const hex = /^([-+]?)0x([0-9a-f]+)(?:\.([0-9a-f]*))?(?:p([-+]?\d+))?$/i.exec(text.replaceAll("_", ""));
  if (hex === null) return Number(text.replaceAll("_", ""));
  const [, sign, whole = "", part = "", exponent = "0"] = hex;
  const value = Number.parseInt(whole + part, 16) * 2 ** (Number(exponent) - 4 * part.length);
  return sign === "-" ? -value : value;
}

/** As the host's convention has it. */
export function toHost(value: WastValue): unknown {
  switch (value.kind) {
    case "list":
    case "tuple":
      return value.items.map(toHost);
    case "record":
      return Object.fromEntries(value.fields.map(([name, field]) => [camel(name), toHost(field)]));
    case "variant":
      return value.payload === undefined ? { tag: value.label } : { tag: value.label, val: toHost(value.payload) };
    case "enum":
      return value.label;
    case "option":
      return value.payload === undefined ? undefined : toHost(value.payload);
    case "result":
      return { tag: value.tag, val: value.payload && toHost(value.payload) };
    case "flags":
      return Object.fromEntries(value.labels.map((label) => [camel(label), true]));
    default:
      return value.value;
  }
}

/** Whether a result in the host's convention is the value. */
export function isValue(actual: unknown, expected: WastValue): boolean {
  switch (expected.kind) {
    case "list":
    case "tuple": {
      const elements = [...(actual as Iterable<unknown>)];
      return elements.length === expected.items.length && expected.items.every((item, i) => isValue(elements[i], item));
    }
    case "record":
      return expected.fields.every(([name, field]) => isValue((actual as Record<string, unknown>)[camel(name)], field));
    case "variant":
    case "result": {
      const { tag, val } = actual as { tag: string; val?: unknown };
      const isSame = tag === (expected.kind === "variant" ? expected.label : expected.tag);
      return isSame && (expected.payload === undefined || isValue(val, expected.payload));
    }
    case "flags": {
      const set = Object.entries(actual as Record<string, boolean>).filter(([, isSet]) => isSet);
      return isDeepStrictEqual(new Set(set.map(([name]) => name)), new Set(expected.labels.map(camel)));
    }
    case "option": {
      if (expected.payload === undefined) return actual === undefined;
      return isValue(actual, expected.payload);
    }
    case "enum":
      return actual === expected.label;
    default:
      return isDeepStrictEqual(actual, expected.value);
  }
}

function camel(name: string): string {
  const words = name.toLowerCase().split("-");
  return words.map((word, i) => (i === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join("");
}
