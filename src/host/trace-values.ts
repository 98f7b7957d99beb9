import { shortened } from "../shortened.js";

/** A component value as a trace shows it: JSON, and never long. */
export type TracedValue =
  | null
  | boolean
  | number
  | string
  | readonly TracedValue[]
  | { readonly [field: string]: TracedValue };

/** What a trace shows of an object that is a resource; nothing for those that are none. */
export type DescribeResource = (object: object) => TracedValue | undefined;

const MAX_STRING = 200;
const MAX_ITEMS = 16;
const MAX_BYTES = 16;
const MAX_DEPTH = 6;
/** How many values are shown of one, however they are nested. */
const MAX_VALUES = 500;

/** @param maxString - how long texts in it may be */
export function shortenValue(value: unknown, describe: DescribeResource, maxString = MAX_STRING): TracedValue {
  return new Shortening(describe, maxString).of(value, 0);
}

export function shortenText(text: string): string {
  return shortened(text, MAX_STRING);
}

class Shortening {
  #left = MAX_VALUES;

  constructor(
    private readonly describe: DescribeResource,
    private readonly maxString: number,
  ) {}

  of(value: unknown, depth: number): TracedValue {
    this.#left--;
    switch (typeof value) {
      case "boolean":
        return value;
      case "number":
        // JSON has no NaN and no infinities.
        return Number.isFinite(value) ? value : String(value);
      case "bigint":
        return BigInt.asIntN(53, value) === value ? Number(value) : value.toString();
      case "string":
        return shortened(value, this.maxString);
      case "object":
        return value === null ? null : this.#object(value, depth);
      default:
        return value === undefined ? null : shortenText(String(value));
    }
  }

  #object(object: object, depth: number): TracedValue {
    const resource = this.describe(object);
    if (resource !== undefined) return resource;
    if (object instanceof Uint8Array) {
      return { bytes: object.length, start: Buffer.from(object.subarray(0, MAX_BYTES)).toString("hex") };
    }
    if (depth === MAX_DEPTH) return "…";
    if (Array.isArray(object)) return this.#list(object, depth);
    if (ArrayBuffer.isView(object)) return this.#list(object as unknown as ArrayLike<unknown>, depth);
    if (object instanceof Error) return shortenText(object.message);
    const handle = asyncValue(object);
    return handle === undefined ? this.#record(object, depth) : { handle };
  }

  #record(object: object, depth: number): TracedValue {
    const fields: [string, TracedValue][] = [];
    for (const [name, field] of Object.entries(object)) {
      if (this.#left <= 0) {
        fields.push(["…", "…"]);
        break;
      }
      fields.push([shortenText(name), this.of(field, depth + 1)]);
    }
    return Object.fromEntries(fields);
  }

  #list(list: ArrayLike<unknown>, depth: number): TracedValue[] {
    const shown: TracedValue[] = [];
    while (shown.length < Math.min(MAX_ITEMS, list.length) && this.#left > 0) {
      shown.push(this.of(list[shown.length], depth + 1));
    }
    return list.length > shown.length ? [...shown, { more: list.length - shown.length }] : shown;
  }
}

/** What is taken for a stream or a future, in either direction. Records have fields of the guest's types, no symbols. */
function asyncValue(object: object): "stream" | "future" | undefined {
  if (Symbol.asyncIterator in object || Symbol.iterator in object) return "stream";
  return "then" in object && typeof object.then === "function" ? "future" : undefined;
}
