import type { LiftLowerContext } from "./context.js";
import type { Convention, NumberKind } from "./convention.js";
import { liftReadable } from "./copy.js";
import type { CoreType, CoreValue, PtrType } from "./core-types.js";
import { ErrorContext } from "./error-context.js";
import {
  alignTo,
  discriminantSize,
  fieldOffsets,
  flattenTypes,
  layoutOf,
  payloadOffset,
  recordLayout,
} from "./layout.js";
import { CoreValueIter, toAddress } from "./options.js";
import { liftBorrow, liftOwn } from "./resource-handles.js";
import { loadStringFromRange } from "./strings.js";
import { trap, trapIf } from "./trap.js";
import { casesOf, fieldTypesOf, type OfKind, type ValType, type VariantLike } from "./types.js";

/** How values of a type are lifted: CanonicalABI.md, `load` and `lift_flat`, composed of those of the types in it. */
export interface Lifter {
  load(cx: LiftLowerContext, ptr: number): unknown;
  liftFlat(cx: LiftLowerContext, values: CoreValueIter): unknown;
}

/** CanonicalABI.md, `MAX_LIST_BYTE_LENGTH`. */
const MAX_LIST_BYTE_LENGTH = 2 ** 28 - 1;

/** Makes lifters, one for each type. */
export class Lifters {
  readonly #known = new WeakMap<ValType, Lifter>();

  constructor(
    private readonly convention: Convention,
    private readonly ptrType: PtrType,
  ) {}

  of(type: ValType): Lifter {
    let lifter = this.#known.get(type);
    if (lifter === undefined) this.#known.set(type, (lifter = this.#make(type)));
    return lifter;
  }

  #make(type: ValType): Lifter {
    switch (type.kind) {
      case "string":
        return this.#range((cx, ptr, length) => this.convention.toString(loadStringFromRange(cx, ptr, length)));
      case "list":
        return type.length === undefined ? this.#list(type.element, type) : this.#fixedLengthList(type, type.length);
      case "map":
        return this.#list({ kind: "tuple", items: [type.key, type.value] }, type);
      case "record":
      case "tuple":
        return this.#record(type);
      case "variant":
      case "enum":
      case "option":
      case "result":
        return this.#variant(type);
      case "flags":
        return this.#flags(type);
      case "own":
      case "borrow":
        return handleLifter((cx, index) => {
          const isOwn = type.kind === "own";
          const rep = isOwn
            ? liftOwn(cx.instance, index, type.resource)
            : liftBorrow(cx.instance, index, type.resource, cx.lends);
          return this.convention.toHandle(rep, type.resource, isOwn, cx);
        });
      case "stream":
      case "future":
        return handleLifter((cx, index) =>
          this.convention.toReadable(liftReadable(cx.instance, index, type), type, cx),
        );
      case "error-context":
        return handleLifter(liftErrorContext);
      default:
        return PRIMITIVES[type.kind];
    }
  }

  /** A pointer and a length. */
  #range(lift: (cx: LiftLowerContext, ptr: number, length: CoreValue) => unknown): Lifter {
    const { ptrType } = this;
    return {
      load: (cx, ptr) => lift(cx, toAddress(cx.options.loadCore(ptr)), cx.options.loadCore(ptr + cx.options.ptrSize)),
      liftFlat: (cx, values) => lift(cx, toAddress(values.next(ptrType)), values.next(ptrType)),
    };
  }

  /** CanonicalABI.md, `load_list_from_range`. */
  #list(element: ValType, type: ValType): Lifter {
    const { alignment, size } = layoutOf(element, this.ptrType);
    const loadElements = this.elements(element, type);
    // Elements that are values of their own take more than their bytes.
    const overhead = isNumber(element) ? 0 : 4;
    return this.#range((cx, ptr, coreLength) => {
      const length = toAddress(coreLength);
      const byteLength = length * size;
      trapIf(byteLength > MAX_LIST_BYTE_LENGTH, "list content out-of-bounds");
      trapIf(ptr !== alignTo(ptr, alignment), "unaligned pointer");
      trapIf(ptr + byteLength > cx.options.bytes.length, "list content out-of-bounds");
      cx.instance.store.spend(byteLength + length * overhead);
      return loadElements(cx, ptr, length);
    });
  }

  /** CanonicalABI.md, `load_list_from_valid_range`. */
  elements(element: ValType, type: ValType): (cx: LiftLowerContext, ptr: number, length: number) => unknown {
    const { convention } = this;
    const { size } = layoutOf(element, this.ptrType);
    if (isNumber(element)) {
      const { kind } = element;
      return (cx, ptr, length) => convention.toNumbers(kind, cx.options.bytes.subarray(ptr, ptr + length * size));
    }
    const lifter = this.of(element);
    const toList = convention.toList(type);
    return (cx, ptr, length) => {
      const elements: unknown[] = [];
      for (let i = 0; i < length; i++) elements.push(lifter.load(cx, ptr + i * size));
      return toList(elements);
    };
  }

  #fixedLengthList(type: OfKind<"list">, length: number): Lifter {
    const lifter = this.of(type.element);
    const loadElements = this.elements(type.element, type);
    const toList = this.#fromElements(type.element, type);
    return {
      load: (cx, ptr) => loadElements(cx, ptr, length),
      liftFlat: (cx, values) => toList(Array.from({ length }, () => lifter.liftFlat(cx, values))),
    };
  }

  /** A list that was not loaded from memory. */
  #fromElements(element: ValType, type: ValType): (elements: unknown[]) => unknown {
    if (!isNumber(element)) return this.convention.toList(type);
    const { kind } = element;
    return (elements) => this.convention.toNumbers(kind, bytesOfNumbers(kind, elements as (number | bigint)[]));
  }

  #record(type: OfKind<"record"> | OfKind<"tuple">): Lifter {
    const fields = fieldTypesOf(type).map((field) => this.of(field));
    const offsets = fieldOffsets(fieldTypesOf(type), this.ptrType);
    const toRecord = this.convention.toRecord(type);
    return {
      load: (cx, ptr) => toRecord(fields.map((field, i) => field.load(cx, ptr + (offsets[i] as number)))),
      liftFlat: (cx, values) => toRecord(fields.map((field) => field.liftFlat(cx, values))),
    };
  }

  #variant(type: VariantLike): Lifter {
    const cases = casesOf(type);
    const payloads = cases.map((one) => one.type && this.of(one.type));
    const size = discriminantSize(cases.length);
    const offset = payloadOffset(type, this.ptrType);
    const toVariant = this.convention.toVariant(type);
    const joined = layoutOf(type, this.ptrType).flat?.slice(1) ?? [];
    const checked = (index: number) => (index < cases.length ? index : trap("invalid variant discriminant"));
    return {
      load: (cx, ptr) => {
        const index = checked(loadUnsigned(cx, ptr, size));
        return toVariant(index, payloads[index]?.load(cx, ptr + offset));
      },
      liftFlat: (cx, values) => {
        const index = checked((values.next("i32") as number) >>> 0);
        const coerced = new CoercedValueIter(values, joined);
        const payload = payloads[index]?.liftFlat(cx, coerced);
        coerced.skipRest();
        return toVariant(index, payload);
      },
    };
  }

  #flags(type: OfKind<"flags">): Lifter {
    const { size } = layoutOf(type, this.ptrType);
    const toFlags = this.convention.toFlags(type);
    // Bits that have no label are ignored (CanonicalABI.md, `unpack_flags_from_int`).
    const known = type.labels.length >= 32 ? 0xffff_ffff : 2 ** type.labels.length - 1;
    const unpack = (bits: number) => toFlags((bits & known) >>> 0);
    return {
      load: (cx, ptr) => unpack(loadUnsigned(cx, ptr, size as 1 | 2 | 4)),
      liftFlat: (_, values) => unpack(values.next("i32") as number),
    };
  }

  /** CanonicalABI.md, `lift_flat_values`. */
  values(types: readonly ValType[], maxFlat: number): (cx: LiftLowerContext, values: CoreValueIter) => unknown[] {
    const lifters = types.map((type) => this.of(type));
    const flat = flattenTypes(types, this.ptrType);
    if (flat !== undefined && flat.length <= maxFlat) {
      return (cx, values) => {
        cx.instance.store.refuel();
        return lifters.map((lifter) => lifter.liftFlat(cx, values));
      };
    }
    const { alignment, size } = recordLayout(types, this.ptrType);
    const offsets = fieldOffsets(types, this.ptrType);
    return (cx, values) => {
      cx.instance.store.refuel();
      const ptr = values.nextPtr(cx.options);
      trapIf(ptr !== alignTo(ptr, alignment), "unaligned pointer");
      trapIf(ptr + size > cx.options.bytes.length, "pointer out of bounds of memory");
      return lifters.map((lifter, i) => lifter.load(cx, ptr + (offsets[i] as number)));
    };
  }
}

export function isNumber(type: ValType): type is ValType & { kind: NumberKind } {
  return /^([us](8|16|32|64)|f32|f64)$/.test(type.kind);
}

function loadUnsigned({ options: { view } }: LiftLowerContext, ptr: number, size: 1 | 2 | 4): number {
  return size === 1 ? view.getUint8(ptr) : size === 2 ? view.getUint16(ptr, true) : view.getUint32(ptr, true);
}

function handleLifter(lift: (cx: LiftLowerContext, index: number) => unknown): Lifter {
  return {
    load: (cx, ptr) => lift(cx, cx.options.view.getUint32(ptr, true)),
    liftFlat: (cx, values) => lift(cx, (values.next("i32") as number) >>> 0),
  };
}

/** CanonicalABI.md, `lift_error_context`. */
function liftErrorContext({ instance }: LiftLowerContext, index: number): ErrorContext {
  const entry = instance.handles.get(index);
  return entry instanceof ErrorContext ? entry : trap(`handle index ${index} is no error context`);
}

/** CanonicalABI.md, `canonicalize_nan32` and `canonicalize_nan64`: JavaScript knows one NaN, whose bits it may choose. */
const CANONICAL_NAN_32 = 0x7fc0_0000;
const CANONICAL_NAN_64 = 0x7ff8_0000_0000_0000n;

const PRIMITIVES: Readonly<Record<Exclude<ValType["kind"], "string" | Constructed>, Lifter>> = {
  bool: int32(
    (value) => value !== 0,
    (view, ptr) => view.getUint8(ptr) !== 0,
  ),
  u8: int32(
    (value) => value & 0xff,
    (view, ptr) => view.getUint8(ptr),
  ),
  s8: int32(
    (value) => (value << 24) >> 24,
    (view, ptr) => view.getInt8(ptr),
  ),
  u16: int32(
    (value) => value & 0xffff,
    (view, ptr) => view.getUint16(ptr, true),
  ),
  s16: int32(
    (value) => (value << 16) >> 16,
    (view, ptr) => view.getInt16(ptr, true),
  ),
  u32: int32(
    (value) => value >>> 0,
    (view, ptr) => view.getUint32(ptr, true),
  ),
  s32: int32(
    (value) => value | 0,
    (view, ptr) => view.getInt32(ptr, true),
  ),
  char: int32(
    (value) => toChar(value >>> 0),
    (view, ptr) => toChar(view.getUint32(ptr, true)),
  ),
  u64: {
    load: ({ options }, ptr) => options.view.getBigUint64(ptr, true),
    liftFlat: (_, values) => BigInt.asUintN(64, values.next("i64") as bigint),
  },
  s64: {
    load: ({ options }, ptr) => options.view.getBigInt64(ptr, true),
    liftFlat: (_, values) => BigInt.asIntN(64, values.next("i64") as bigint),
  },
  f32: {
    load: ({ options }, ptr) => options.view.getFloat32(ptr, true),
    liftFlat: (_, values) => values.next("f32"),
  },
  f64: {
    load: ({ options }, ptr) => options.view.getFloat64(ptr, true),
    liftFlat: (_, values) => values.next("f64"),
  },
};

type Constructed = Exclude<ValType["kind"], "bool" | "char" | NumberKind>;

function int32(flat: (value: number) => unknown, load: (view: DataView, ptr: number) => unknown): Lifter {
  return {
    load: ({ options }, ptr) => load(options.view, ptr),
    liftFlat: (_, values) => flat(values.next("i32") as number),
  };
}

/** CanonicalABI.md, `convert_i32_to_char`. */
function toChar(value: number): string {
  trapIf(value >= 0x110000 || (value >= 0xd800 && value <= 0xdfff), "invalid `char` bit pattern");
  return String.fromCodePoint(value);
}

const scratch = new DataView(new ArrayBuffer(8));

/** CanonicalABI.md, `core_f32_reinterpret_i32` and the like. */
function f32OfBits(bits: number): number {
  scratch.setUint32(0, bits);
  return scratch.getFloat32(0);
}

export function bitsOfF32(value: number): number {
  if (Number.isNaN(value)) return CANONICAL_NAN_32;
  scratch.setFloat32(0, value);
  return scratch.getUint32(0);
}

function f64OfBits(bits: bigint): number {
  scratch.setBigUint64(0, bits);
  return scratch.getFloat64(0);
}

export function bitsOfF64(value: number): bigint {
  if (Number.isNaN(value)) return CANONICAL_NAN_64;
  scratch.setFloat64(0, value);
  return scratch.getBigUint64(0);
}

/** CanonicalABI.md, `CoerceValueIter`: reads the payload of one case out of values that all cases share. */
class CoercedValueIter extends CoreValueIter {
  #position = 0;

  constructor(
    private readonly shared: CoreValueIter,
    private readonly types: readonly CoreType[],
  ) {
    super([]);
  }

  override next(want: CoreType): CoreValue {
    const have = this.types[this.#position++] as CoreType;
    const value = this.shared.next(have);
    if (have === want) return value;
    if (want === "i32") return Number(BigInt.asIntN(32, value as bigint));
    if (want === "f32") return f32OfBits(Number(BigInt.asUintN(32, BigInt(value))));
    return f64OfBits(BigInt.asUintN(64, value as bigint));
  }

  skipRest(): void {
    while (this.#position < this.types.length) this.shared.next(this.types[this.#position++] as CoreType);
  }
}

const SETTERS: Readonly<Record<NumberKind, (view: DataView, at: number, value: number | bigint) => void>> = {
  u8: (view, at, value) => view.setUint8(at, value as number),
  s8: (view, at, value) => view.setInt8(at, value as number),
  u16: (view, at, value) => view.setUint16(at, value as number, true),
  s16: (view, at, value) => view.setInt16(at, value as number, true),
  u32: (view, at, value) => view.setUint32(at, value as number, true),
  s32: (view, at, value) => view.setInt32(at, value as number, true),
  u64: (view, at, value) => view.setBigUint64(at, BigInt(value), true),
  s64: (view, at, value) => view.setBigInt64(at, BigInt(value), true),
  f32: (view, at, value) => view.setUint32(at, bitsOfF32(value as number), true),
  f64: (view, at, value) => view.setBigUint64(at, bitsOfF64(value as number), true),
};

/** The elements of a list of numbers as they are in memory. */
export function bytesOfNumbers(kind: NumberKind, values: readonly (number | bigint)[]): Uint8Array {
  const { size } = layoutOf({ kind }, "i32");
  const bytes = new Uint8Array(values.length * size);
  const view = new DataView(bytes.buffer);
  const set = SETTERS[kind];
  for (const [i, value] of values.entries()) set(view, i * size, value);
  return bytes;
}

export const NUMBER_ARRAYS = {
  u8: Uint8Array,
  s8: Int8Array,
  u16: Uint16Array,
  s16: Int16Array,
  u32: Uint32Array,
  s32: Int32Array,
  u64: BigUint64Array,
  s64: BigInt64Array,
  f32: Float32Array,
  f64: Float64Array,
} as const satisfies Record<NumberKind, unknown>;

/** The elements of a list of numbers that is in memory, which may change afterwards. */
export function numbersOfBytes(kind: NumberKind, bytes: Uint8Array): InstanceType<(typeof NUMBER_ARRAYS)[NumberKind]> {
  return new NUMBER_ARRAYS[kind](bytes.slice().buffer);
}
