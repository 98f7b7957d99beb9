import type { LiftLowerContext } from "./context.js";
import type { ReadableEndShared } from "./copy.js";
import type { Representation, ResourceType } from "./resources.js";
import type { AbiString } from "./strings.js";
import type { OfKind, ValType, VariantLike } from "./types.js";

/** Of a variant: its case by number, and what that carries. */
export interface VariantValue {
  readonly index: number;
  readonly payload: unknown;
}

/** The lists whose elements have a typed array. */
export type NumberKind = "u8" | "s8" | "u16" | "s16" | "u32" | "s32" | "u64" | "s64" | "f32" | "f64";

/**
 * What values are between lifting and lowering: JavaScript values for the host, and whatever is made and read fastest
 * between guests. Functions that take a type give the conversion for it, which is made once.
 */
export interface Convention {
  toString(string: AbiString): unknown;
  fromString(value: unknown): AbiString;
  toRecord(type: OfKind<"record"> | OfKind<"tuple">): (fields: unknown[]) => unknown;
  fromRecord(type: OfKind<"record"> | OfKind<"tuple">): (value: unknown) => readonly unknown[];
  toVariant(type: VariantLike): (index: number, payload: unknown) => unknown;
  fromVariant(type: VariantLike): (value: unknown) => VariantValue;
  toFlags(type: OfKind<"flags">): (bits: number) => unknown;
  fromFlags(type: OfKind<"flags">): (value: unknown) => number;
  /** @param bytes - a view of the guest's memory, aligned */
  toNumbers(kind: NumberKind, bytes: Uint8Array): unknown;
  /** The bytes of the elements, which may be a view. */
  fromNumbers(kind: NumberKind, value: unknown): Uint8Array;
  toList(type: ValType): (elements: unknown[]) => unknown;
  fromList(type: ValType): (value: unknown) => readonly unknown[];
  toHandle(rep: Representation, type: ResourceType, isOwn: boolean, cx: LiftLowerContext): unknown;
  fromHandle(value: unknown, type: ResourceType, isOwn: boolean): Representation;
  toReadable(end: ReadableEndShared, type: OfKind<"stream"> | OfKind<"future">, cx: LiftLowerContext): unknown;
  fromReadable(value: unknown, type: OfKind<"stream"> | OfKind<"future">, cx: LiftLowerContext): ReadableEndShared;
}
