import { toCamelCase } from "../wave/js-names.js";
import type { Convention, NumberKind, VariantValue } from "./convention.js";
import { GuestResource } from "./guest-resource.js";
import { liftForHost, lowerFromHost } from "./host-streams.js";
import { bytesOfNumbers, NUMBER_ARRAYS, numbersOfBytes } from "./lift.js";
import { hostString } from "./strings.js";
import { type CaseType, casesOf, type OfKind, type ValType, type VariantLike } from "./types.js";

/** JavaScript values as jco has them: what `imports` take and give. */
export const hostConvention: Convention = {
  toString: (string) => string.text(),
  fromString: (value) => hostString(typeof value === "string" ? value : failType("a string", value)),
  toRecord: (type) => (type.kind === "tuple" ? (fields) => fields : toObject(keysOf(type))),
  fromRecord: (type) => (type.kind === "tuple" ? fromTuple(type.items.length) : fromObject(keysOf(type))),
  toVariant,
  fromVariant,
  toFlags: (type) => {
    const keys = type.labels.map(toCamelCase);
    return (bits) => toObject(keys)(keys.map((_, i) => ((bits >>> i) & 1) === 1));
  },
  fromFlags: (type) => {
    const read = fromObject(type.labels.map(toCamelCase));
    return (value) => read(value).reduce((bits: number, flag, i) => (flag ? (bits | (1 << i)) >>> 0 : bits), 0);
  },
  // The guest's memory changes as soon as it goes on.
  toNumbers: numbersOfBytes,
  fromNumbers,
  toList: (type) =>
    type.kind === "map" ? (elements) => new Map(elements as [unknown, unknown][]) : (elements) => elements,
  fromList: () => (value) => (Array.isArray(value) ? value : [...iterable(value)]),
  toHandle: (rep, type, isOwn, { instance }) => {
    if (type.impl === undefined) return rep;
    return new GuestResource(type, rep as number, isOwn, instance.store);
  },
  fromHandle: (value, type, isOwn) => {
    if (type.impl !== undefined) return GuestResource.repOf(value, type, isOwn);
    return typeof value === "object" && value !== null
      ? value
      : failType(`a resource ${type.name ?? ""}`.trim(), value);
  },
  toReadable: (shared, type, { instance }) => liftForHost(shared, type, instance.store),
  fromReadable: (value, type, { instance }) => lowerFromHost(value, type, instance.store),
};

function fromNumbers(kind: NumberKind, value: unknown): Uint8Array {
  if (value instanceof NUMBER_ARRAYS[kind]) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return bytesOfNumbers(kind, [...(iterable(value) as Iterable<number>)]);
}

function iterable(value: unknown): Iterable<unknown> {
  const isIterable = typeof value === "object" && value !== null && Symbol.iterator in value;
  return isIterable ? (value as Iterable<unknown>) : failType("a list", value);
}

function keysOf(type: OfKind<"record">): readonly string[] {
  return type.fields.map(({ label }) => toCamelCase(label));
}

function toObject(keys: readonly string[]): (values: readonly unknown[]) => unknown {
  return (values) => {
    const object: Record<string, unknown> = {};
    for (const [i, key] of keys.entries()) object[key] = values[i];
    return object;
  };
}

/** Of a field that is an option only the object's own property counts, not what all objects have. */
function fromObject(keys: readonly string[]): (value: unknown) => readonly unknown[] {
  return (value) => {
    if (typeof value !== "object" || value === null) return failType("an object", value);
    const object = value as Readonly<Record<string, unknown>>;
    return keys.map((key) => (key in Object.prototype && !Object.hasOwn(object, key) ? undefined : object[key]));
  };
}

function fromTuple(length: number): (value: unknown) => readonly unknown[] {
  return (value) => {
    if (Array.isArray(value) && value.length === length) return value;
    return failType(`an array of ${length} values`, value);
  };
}

type Tagged = { readonly tag: string; readonly val?: unknown };

function toVariant(type: VariantLike): (index: number, payload: unknown) => unknown {
  if (type.kind === "enum") return (index) => type.labels[index];
  if (type.kind === "option" && !isNullable(type.payload)) {
    return (index, payload) => (index === 0 ? undefined : payload);
  }
  const cases = casesOf(type);
  const isResult = type.kind === "result";
  return (index, payload): Tagged => {
    const { label, type: payloadType } = cases[index] as CaseType;
    return payloadType === undefined && !isResult ? { tag: label } : { tag: label, val: payload };
  };
}

function fromVariant(type: VariantLike): (value: unknown) => VariantValue {
  if (type.kind === "option" && !isNullable(type.payload)) {
    return (value) => (value === undefined || value === null ? NONE : { index: 1, payload: value });
  }
  const indices = new Map(casesOf(type).map(({ label }, index) => [label, index]));
  if (type.kind === "enum") {
    return (value) => ({ index: indices.get(value as string) ?? failCase(value, indices), payload: undefined });
  }
  return (value) => {
    if (type.kind === "option" && (value === undefined || value === null)) return NONE;
    const { tag, val } = (typeof value === "object" && value !== null ? value : {}) as Tagged;
    return { index: indices.get(tag) ?? failCase(tag ?? value, indices), payload: val };
  };
}

const NONE: VariantValue = { index: 0, payload: undefined };

/** An option whose `none` is `undefined`, which an option around it then cannot use for its own. */
function isNullable(type: ValType): boolean {
  return type.kind === "option" && !isNullable(type.payload);
}

function failCase(value: unknown, cases: ReadonlyMap<string, number>): never {
  return failType(`one of ${[...cases.keys()].slice(0, 12).join(", ")}`, value);
}

/** The host is JavaScript, and what a caller provides may return anything. */
function failType(wanted: string, value: unknown): never {
  const found = typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : value === null ? "null" : typeof value;
  throw new TypeError(`${wanted} was expected from the host, and ${found} was given`);
}
