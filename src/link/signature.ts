import type { FuncType } from "../module/types.js";
import type { ValueType } from "../module/value-types.js";

/** A function type that means the same in every module: `[i32 i32] -> [i64]`. */
export type Signature = string;

/** Modules have few types and many functions. */
const known = new WeakMap<FuncType, Signature | undefined>();

/** @returns `undefined` for one that refers to types of its own module */
export function signatureOf(type: FuncType): Signature | undefined {
  if (!known.has(type)) known.set(type, format(type));
  return known.get(type);
}

function format({ params, results }: FuncType): Signature | undefined {
  const [taken, given] = [params.map(nameOf), results.map(nameOf)];
  if (taken.includes(undefined) || given.includes(undefined)) return undefined;
  return `[${taken.join(" ")}] -> [${given.join(" ")}]`;
}

function nameOf(type: ValueType): string | undefined {
  if (typeof type === "string") return type;
  const { heap, nullable } = type;
  if (heap.kind === "type") return undefined;
  return `${nullable ? "ref null" : "ref"} ${heap.shared ? "shared " : ""}${heap.name}`;
}
