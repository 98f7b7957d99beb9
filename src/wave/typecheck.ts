import {
  type FlagsType,
  type FunctionType,
  formatType,
  type ListType,
  type MapType,
  type OptionType,
  type RecordType,
  type ResultType,
  type TupleType,
  type ValueType,
  type VariantType,
} from "../component/value-types.js";
import { toCamelCase } from "./js-names.js";
import {
  type Context,
  checkCount,
  fail,
  found,
  inside,
  keyword,
  mismatch,
  needsPayload,
  unexpectedPayload,
} from "./mismatch.js";
import type { WaveCall, WaveLabel, WaveNode } from "./nodes.js";
import {
  type FloatKind,
  type IntegerKind,
  integerRange,
  isFloat,
  isNumberType,
  toFloat,
  toInteger,
  toTypedArray,
} from "./numbers.js";

/**
 * The arguments of a call as the JavaScript values of the host's convention, which is jco's (`src/abi/host-convention.ts`).
 * test/wave/lowering.test.ts holds what the guest gets of them.
 */
export function typecheckArgs(call: WaveCall, type: FunctionType): unknown[] {
  const args = call.args ?? [];
  checkCount(call, type, args);
  return type.params.map((param, index) => {
    const context = { call, path: param.name };
    const arg = args[index];
    return arg === undefined ? noneOf(param.type) : convert(arg, param.type, context);
  });
}

/** Shells take quotes away. */
function quoteHint(type: ValueType): string {
  return type.kind === "string" ? ` (strings are in "", and in a shell the whole call is in '')` : "";
}

function convert(node: WaveNode, type: ValueType, context: Context): unknown {
  if (isNumberType(type)) return convertNumber(node, type.kind, context);
  switch (type.kind) {
    case "bool":
    case "char":
    case "string":
      return node.kind === type.kind ? node.value : mismatch(node, type, context, quoteHint(type));
    case "record":
      return convertRecord(node, type, context);
    case "variant":
      return convertVariant(node, type, context);
    case "enum":
      return convertCase(node, type, type.labels, context).label;
    case "flags":
      return convertFlags(node, type, context);
    case "list":
      return convertList(node, type, context);
    case "map":
      return convertMap(node, type, context);
    case "tuple":
      return convertTuple(node, type, context);
    case "option":
      return convertOption(node, type, context);
    case "result":
      return convertResult(node, type, context);
    default:
      return fail(node, context, `is of type ${formatType(type)}, whose values cannot be written in a call`);
  }
}

function convertNumber(node: WaveNode, kind: IntegerKind | FloatKind, context: Context): number | bigint {
  if (isFloat(kind)) return node.kind === "number" ? toFloat(node.literal, kind) : mismatch(node, { kind }, context);
  const value = node.kind === "number" ? toInteger(node.literal, kind) : undefined;
  if (value !== undefined) return value;
  const { min, max } = integerRange(kind);
  return fail(node, context, `must be ${kind} (a whole number from ${min} to ${max}), ${found(node, context)}`);
}

function convertRecord(node: WaveNode, type: RecordType, context: Context): Record<string, unknown> {
  if (node.kind !== "record") return mismatch(node, type, context);
  checkLabels(
    node.fields.map(({ name }) => name),
    type.fields.map(({ name }) => name),
    "field",
    type,
    context,
  );
  const values = new Map(node.fields.map(({ name, value }) => [name.label, value]));
  const entries = type.fields.map(({ name, type: fieldType }): [string, unknown] => {
    const value = values.get(name);
    if (value !== undefined) return [toCamelCase(name), convert(value, fieldType, inside(context, `.${name}`))];
    // Only `none` may be left out. It becomes a property all the same: who reads the object could look for a field
    // named `to-string` or `constructor` in Object.prototype, and find it.
    if (fieldType.kind === "option") return [toCamelCase(name), noneOf(fieldType)];
    return fail(node, context, `must be ${formatType(type)} and has no field '${name}', ${found(node, context)}`);
  });
  return Object.fromEntries(entries);
}

function convertFlags(node: WaveNode, type: FlagsType, context: Context): Record<string, boolean> {
  if (node.kind !== "flags") return mismatch(node, type, context);
  checkLabels(node.labels, type.labels, "flag", type, context);
  const set = new Set(node.labels.map(({ label }) => label));
  // Every flag is a property, for the same reason as in records.
  return Object.fromEntries(type.labels.map((label) => [toCamelCase(label), set.has(label)]));
}

function checkLabels(
  written: readonly WaveLabel[],
  known: readonly string[],
  what: "field" | "flag",
  type: ValueType,
  context: Context,
): void {
  const seen = new Set<string>();
  for (const name of written) {
    if (!known.includes(name.label)) {
      fail(name, context, `must be ${formatType(type)}, found an unknown ${what} '${name.label}'`);
    }
    if (seen.has(name.label)) {
      fail(name, context, `must be ${formatType(type)}, found the ${what} '${name.label}' twice`);
    }
    seen.add(name.label);
  }
}

function convertVariant(node: WaveNode, type: VariantType, context: Context): { tag: string; val?: unknown } {
  const { label, payload } = convertCase(
    node,
    type,
    type.cases.map(({ name }) => name),
    context,
  );
  const payloadType = type.cases.find(({ name }) => name === label)?.type;
  if (payloadType === undefined) return { tag: label };
  if (payload === undefined) return fail(node, context, needsPayload(label, payloadType));
  return { tag: label, val: convert(payload, payloadType, inside(context, `.${label}`)) };
}

/** The case of an enum or variant, checked to be one of them, and to have a payload only if it can have one. */
function convertCase(node: WaveNode, type: ValueType, labels: readonly string[], context: Context) {
  if (node.kind !== "case") {
    const word = keyword(node, context);
    const hint = labels.includes(word) ? ` (a case that reads like a keyword is written %${word})` : "";
    return mismatch(node, type, context, hint);
  }
  if (!labels.includes(node.label)) {
    fail(node, context, `must be ${formatType(type)}, found an unknown case '${node.label}'`);
  }
  const hasPayload = type.kind === "variant" && type.cases.some((each) => each.name === node.label && each.type);
  if (node.payload !== undefined && !hasPayload) fail(node.payload, context, unexpectedPayload(node.label, type));
  return { label: node.label, payload: node.payload };
}

function convertList(node: WaveNode, type: ListType, context: Context): unknown {
  if (node.kind !== "list") return mismatch(node, type, context);
  if (type.length !== undefined && node.items.length !== type.length) {
    return mismatch(node, type, context, `, which has ${node.items.length} elements`);
  }
  const elements = node.items.map((item, index) => ({ item, context: inside(context, `[${index}]`) }));
  const { element } = type;
  if (!isNumberType(element)) return elements.map((each) => convert(each.item, element, each.context));
  const numbers = elements.map((each) => convertNumber(each.item, element.kind, each.context));
  return toTypedArray(element.kind, numbers);
}

/** wasm-wave has no maps yet, so they are what `map<K, V>` is short for: a `list<tuple<K, V>>`. */
function convertMap(node: WaveNode, type: MapType, context: Context): Map<unknown, unknown> {
  if (node.kind !== "list") return mismatch(node, type, context);
  const map = new Map<unknown, unknown>();
  const entryType: TupleType = { kind: "tuple", items: [type.key, type.value] };
  for (const [index, item] of node.items.entries()) {
    const [key, value] = convertTuple(item, entryType, inside(context, `[${index}]`));
    if (map.has(key)) fail(item, context, `must be ${formatType(type)}, found the same key twice`);
    map.set(key, value);
  }
  return map;
}

function convertTuple(node: WaveNode, type: TupleType, context: Context): unknown[] {
  if (node.kind !== "tuple") return mismatch(node, type, context);
  if (node.items.length !== type.items.length) {
    return mismatch(node, type, context, `, which has ${node.items.length} values`);
  }
  return type.items.map((itemType, index) => {
    const item = node.items[index];
    return item === undefined ? undefined : convert(item, itemType, inside(context, `.${index}`));
  });
}

function convertOption(node: WaveNode, type: OptionType, context: Context): unknown {
  if (node.kind === "none") return noneOf(type);
  const isShort = node.kind !== "some";
  if (isShort && !isFlat(type.payload)) return mismatch(node, type, context);
  const value = convert(isShort ? node : node.payload, type.payload, context);
  return isNullable(type.payload) ? { tag: "some", val: value } : value;
}

function convertResult(node: WaveNode, type: ResultType, context: Context): { tag: "ok" | "err"; val: unknown } {
  if (node.kind !== "ok" && node.kind !== "err") {
    if (type.ok === undefined || !isFlat(type.ok)) return mismatch(node, type, context);
    return { tag: "ok", val: convert(node, type.ok, context) };
  }
  const { kind: tag, payload } = node;
  const payloadType = type[tag];
  if (payloadType === undefined) {
    return payload === undefined ? { tag, val: undefined } : fail(payload, context, unexpectedPayload(tag, type));
  }
  if (payload === undefined) return fail(node, context, needsPayload(tag, payloadType));
  return { tag, val: convert(payload, payloadType, inside(context, `.${tag}`)) };
}

/** Whether `some` or `ok` may be left out around a value of this type (wasm-wave README, "Options" and "Results"). */
function isFlat(type: ValueType): boolean {
  return type.kind !== "option" && type.kind !== "result";
}

/** An option whose `none` is `undefined`, which an option around it then cannot use for its own. */
function isNullable(type: ValueType): boolean {
  return type.kind === "option" && !isNullable(type.payload);
}

function noneOf(type: ValueType): undefined | { tag: "none" } {
  return type.kind === "option" && isNullable(type.payload) ? { tag: "none" } : undefined;
}
