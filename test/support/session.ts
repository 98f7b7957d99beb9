import type { Preopen } from "../../src/index.js";
import { toCamelCase } from "../../src/wave/js-names.js";

/** The result of an earlier call in the same session, by its position: how a test passes a resource on. */
export interface HandleRef {
  readonly handle: number;
}

/** Component values as jco takes them: 64-bit integers are bigints, records and variants are objects. */
export type Arg =
  | boolean
  | number
  | bigint
  | string
  | null
  | undefined
  | HandleRef
  | Uint8Array
  | readonly Arg[]
  | { readonly [field: string]: Arg };

export interface Call {
  /** A function of the root, or an interface as the component exports it and a function of it, both in WIT's spelling. */
  readonly export: string | readonly [string, string];
  readonly args?: readonly Arg[];
}

export interface WasiSettings {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: Uint8Array;
  readonly preopens?: readonly { readonly host: string; readonly guest: string }[];
}

/** Of preopens, those that every engine knows. */
export function directoriesOf(preopens: readonly Preopen[] = []): NonNullable<WasiSettings["preopens"]> {
  return preopens.filter((preopen) => "host" in preopen);
}

export interface SessionOptions {
  readonly wasi?: WasiSettings;
  readonly calls: readonly Call[];
}

/**
 * A component value in the form that all engines agree on: 64-bit integers as `"5n"`, floats that JSON lacks as
 * `"NaN"`, `"Infinity"`, `"-Infinity"` and `"-0"`, lists and tuples as arrays, fields and flags in camelCase, an absent
 * option as null, a resource as `{resource: true}`.
 */
export type Value = boolean | number | string | null | readonly Value[] | { readonly [field: string]: Value };

/** How a call ended. A trap's message is the engine's own, so compare with {@link sameOutcomes}. */
export type Outcome =
  | { readonly ok: Value }
  | { readonly err: Value }
  | { readonly trap: string }
  | { readonly exit: number };

export interface SessionResult {
  readonly outcomes: readonly Outcome[];
  readonly stdout: string;
  readonly stderr: string;
}

/** The component did not come to life: an unknown export, a failed link, a trap in a start function. */
export class InstantiationError extends Error {
  override readonly name = "InstantiationError";
}

/** Traps without their messages, which differ between engines. */
export function comparable(outcomes: readonly Outcome[]): unknown[] {
  return outcomes.map((outcome) => ("trap" in outcome ? { trap: true } : outcome));
}

export function isHandleRef(arg: Arg): arg is HandleRef {
  return typeof arg === "object" && arg !== null && "handle" in arg && Object.keys(arg).length === 1;
}

/** Brings what jco returned into the common form. */
export function normalise(value: unknown): Value {
  if (value === undefined || value === null) return null;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "number") return normaliseNumber(value);
  if (typeof value === "boolean" || typeof value === "string") return value;
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as Iterable<unknown>, normalise);
  if (Array.isArray(value)) return value.map(normalise);
  if (typeof value === "object") return normaliseObject(value);
  throw new TypeError(`not a component value: ${String(value)}`);
}

function normaliseNumber(value: number): Value {
  if (Number.isFinite(value) && !Object.is(value, -0)) return value;
  return Object.is(value, -0) ? "-0" : String(value);
}

function normaliseObject(value: object): Value {
  if (Object.getPrototypeOf(value) !== Object.prototype) return { resource: true };
  const fields = Object.entries(value).map(
    ([name, field]) => [name.includes("-") ? toCamelCase(name) : name, normalise(field)] as const,
  );
  // jco leaves a `val` of undefined on variant cases without a payload; the other engines have none.
  return Object.fromEntries(fields.filter(([name, field]) => !("tag" in value && name === "val" && field === null)));
}
