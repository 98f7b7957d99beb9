import type { PrimitiveKind } from "../component/value-types.js";

export type IntegerKind = Extract<PrimitiveKind, "s8" | "u8" | "s16" | "u16" | "s32" | "u32" | "s64" | "u64">;
export type FloatKind = Extract<PrimitiveKind, "f32" | "f64">;

export function isNumberType<T extends { kind: string }>(type: T): type is T & { kind: IntegerKind | FloatKind } {
  return /^([su](8|16|32|64)|f32|f64)$/.test(type.kind);
}

export function isFloat(kind: IntegerKind | FloatKind): kind is FloatKind {
  return kind.startsWith("f");
}

export function integerRange(kind: IntegerKind): { min: bigint; max: bigint } {
  const bits = BigInt(kind.slice(1));
  return kind.startsWith("u")
    ? { min: 0n, max: 2n ** bits - 1n }
    : { min: -(2n ** (bits - 1n)), max: 2n ** (bits - 1n) - 1n };
}

/** `undefined` when the literal is no such integer. Like wasm-wave, `1.0` and `1e3` are floats, and no unsigned is `-0`. */
export function toInteger(literal: string, kind: IntegerKind): number | bigint | undefined {
  if (!/^-?[0-9]+$/.test(literal) || (kind.startsWith("u") && literal.startsWith("-"))) return undefined;
  const value = BigInt(literal);
  const { min, max } = integerRange(kind);
  if (value < min || value > max) return undefined;
  return kind.endsWith("64") ? value : Number(value);
}

/** Rounds to the nearest, and what is too large to infinity, as wasm-wave's own tests (accept-floats) require. */
export function toFloat(literal: string, kind: FloatKind): number {
  const value = SPECIAL_FLOATS[literal] ?? Number(literal);
  return kind === "f32" ? Math.fround(value) : value;
}

const SPECIAL_FLOATS: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  "-inf": Number.NEGATIVE_INFINITY,
};

/** The typed arrays that lists of numbers are in the host's convention: their bytes are copied at once. */
export function toTypedArray(kind: IntegerKind | FloatKind, values: readonly (number | bigint)[]): ArrayBufferView {
  if (kind === "s64") return BigInt64Array.from(values.map(BigInt));
  if (kind === "u64") return BigUint64Array.from(values.map(BigInt));
  return NUMBER_ARRAYS[kind].from(values.map(Number));
}

const NUMBER_ARRAYS = {
  s8: Int8Array,
  u8: Uint8Array,
  s16: Int16Array,
  u16: Uint16Array,
  s32: Int32Array,
  u32: Uint32Array,
  f32: Float32Array,
  f64: Float64Array,
} as const;
