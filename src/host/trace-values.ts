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

export function shortenValue(value: unknown, describe: DescribeResource, depth = 0): TracedValue {
  switch (typeof value) {
    case "boolean":
      return value;
    case "number":
      // JSON has no NaN and no infinities.
      return Number.isFinite(value) ? value : String(value);
    case "bigint":
      return BigInt.asIntN(53, value) === value ? Number(value) : value.toString();
    case "string":
      return shortenText(value);
    case "object":
      return value === null ? null : shortenObject(value, describe, depth);
    default:
      return value === undefined ? null : shortenText(String(value));
  }
}

export function shortenText(text: string): string {
  return text.length <= MAX_STRING
    ? text
    : `${text.slice(0, MAX_STRING)}… (${text.length - MAX_STRING} more characters)`;
}

function shortenObject(object: object, describe: DescribeResource, depth: number): TracedValue {
  const resource = describe(object);
  if (resource !== undefined) return resource;
  if (object instanceof Uint8Array) {
    return { bytes: object.length, start: Buffer.from(object.subarray(0, MAX_BYTES)).toString("hex") };
  }
  if (depth === MAX_DEPTH) return "…";
  if (Array.isArray(object)) return shortenList(object, describe, depth);
  if (ArrayBuffer.isView(object)) return shortenList(object as unknown as ArrayLike<unknown>, describe, depth);
  if (object instanceof Error) return shortenText(object.message);
  const handle = asyncValue(object);
  if (handle !== undefined) return { handle };
  const fields = Object.entries(object).map(([name, field]) => [name, shortenValue(field, describe, depth + 1)]);
  return Object.fromEntries(fields) as Record<string, TracedValue>;
}

/** What is taken for a stream or a future, in either direction. Records have fields of the guest's types, no symbols. */
function asyncValue(object: object): "stream" | "future" | undefined {
  if (Symbol.asyncIterator in object || Symbol.iterator in object) return "stream";
  return "then" in object && typeof object.then === "function" ? "future" : undefined;
}

function shortenList(list: ArrayLike<unknown>, describe: DescribeResource, depth: number): TracedValue[] {
  const shown = Array.from({ length: Math.min(MAX_ITEMS, list.length) }, (_, i) =>
    shortenValue(list[i], describe, depth + 1),
  );
  return list.length > MAX_ITEMS ? [...shown, { more: list.length - MAX_ITEMS }] : shown;
}
