import type { LiftLowerContext } from "./context.js";
import type { Convention } from "./convention.js";
import { lowerReadable } from "./copy.js";
import type { CoreType, CoreValue, PtrType } from "./core-types.js";
import type { ErrorContext } from "./error-context.js";
import {
  alignTo,
  discriminantSize,
  fieldOffsets,
  flattenTypes,
  layoutOf,
  payloadOffset,
  recordLayout,
} from "./layout.js";
import { bitsOfF32, bitsOfF64, isNumber, numbersOfBytes } from "./lift.js";
import type { CoreValueIter } from "./options.js";
import { lowerBorrow, lowerOwn } from "./resource-handles.js";
import type { BorrowScope } from "./resources.js";
import { storeStringIntoRange } from "./strings.js";
import { trapIf } from "./trap.js";
import { casesOf, fieldTypesOf, type OfKind, type ValType, type VariantLike } from "./types.js";

/** How values of a type are lowered: CanonicalABI.md, `store` and `lower_flat`, composed of those of the types in it. */
export interface Lowerer {
  store(cx: LiftLowerContext, value: unknown, ptr: number): void;
  /** Appends the core values. */
  lowerFlat(cx: LiftLowerContext, value: unknown, flat: CoreValue[]): void;
}

/** Makes lowerers, one for each type. */
export class Lowerers {
  readonly #known = new WeakMap<ValType, Lowerer>();

  constructor(
    private readonly convention: Convention,
    private readonly ptrType: PtrType,
  ) {}

  of(type: ValType): Lowerer {
    let lowerer = this.#known.get(type);
    if (lowerer === undefined) this.#known.set(type, (lowerer = this.#make(type)));
    return lowerer;
  }

  #make(type: ValType): Lowerer {
    switch (type.kind) {
      case "string":
        return range((cx, value) => storeStringIntoRange(cx, this.convention.fromString(value)));
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
        return handleLowerer((cx, value) =>
          lowerOwn(cx.instance, this.convention.fromHandle(value, type.resource, true), type.resource),
        );
      case "borrow":
        return handleLowerer((cx, value) => {
          const rep = this.convention.fromHandle(value, type.resource, false);
          return lowerBorrow(cx.instance, rep, type.resource, cx.borrows as BorrowScope);
        });
      case "stream":
      case "future":
        return handleLowerer((cx, value) =>
          lowerReadable(cx.instance, this.convention.fromReadable(value, type, cx), type.kind),
        );
      case "error-context":
        return handleLowerer((cx, value) => cx.instance.handles.add(value as ErrorContext));
      default:
        return PRIMITIVES[type.kind];
    }
  }

  /** CanonicalABI.md, `store_list_into_range`. */
  #list(element: ValType, type: ValType): Lowerer {
    const { alignment, size } = layoutOf(element, this.ptrType);
    if (isNumber(element)) {
      const { kind } = element;
      return range((cx, value) => {
        const bytes = this.convention.fromNumbers(kind, value);
        const ptr = cx.options.allocate(cx.instance, alignment, bytes.length);
        cx.options.bytes.set(bytes, ptr);
        return [ptr, cx.options.toCore(bytes.length / size)];
      });
    }
    const fromList = this.convention.fromList(type);
    const storeElements = this.elements(element);
    return range((cx, value) => {
      const elements = fromList(value);
      const ptr = cx.options.allocate(cx.instance, alignment, elements.length * size);
      storeElements(cx, elements, ptr);
      return [ptr, cx.options.toCore(elements.length)];
    });
  }

  /** CanonicalABI.md, `store_list_into_valid_range`. */
  elements(element: ValType): (cx: LiftLowerContext, elements: readonly unknown[], ptr: number) => void {
    const lowerer = this.of(element);
    const { size } = layoutOf(element, this.ptrType);
    return (cx, elements, ptr) => {
      for (const [i, one] of elements.entries()) lowerer.store(cx, one, ptr + i * size);
    };
  }

  /** As {@link elements}, for what lists of the element are in this convention. */
  allElements(element: ValType): (cx: LiftLowerContext, list: unknown, ptr: number) => void {
    if (isNumber(element)) {
      const { kind } = element;
      return (cx, list, ptr) => cx.options.bytes.set(this.convention.fromNumbers(kind, list), ptr);
    }
    const fromList = this.convention.fromList({ kind: "list", element, length: undefined });
    const storeElements = this.elements(element);
    return (cx, list, ptr) => storeElements(cx, fromList(list), ptr);
  }

  #fixedLengthList(type: OfKind<"list">, length: number): Lowerer {
    const { element } = type;
    const lowerer = this.of(element);
    const storeElements = this.elements(element);
    const elementsOf = this.#elementsOf(type, length);
    return {
      store: (cx, value, ptr) => storeElements(cx, elementsOf(value), ptr),
      lowerFlat: (cx, value, flat) => {
        for (const one of elementsOf(value)) lowerer.lowerFlat(cx, one, flat);
      },
    };
  }

  #elementsOf(type: OfKind<"list">, length: number): (value: unknown) => readonly unknown[] {
    const fromList = this.#fromList(type);
    return (value) => {
      const elements = fromList(value);
      if (elements.length === length) return elements;
      throw new TypeError(`a list of ${length} elements was expected, and one of ${elements.length} was given`);
    };
  }

  #fromList(type: OfKind<"list">): (value: unknown) => readonly unknown[] {
    const { element } = type;
    if (!isNumber(element)) return this.convention.fromList(type);
    return (value) => [...numbersOfBytes(element.kind, this.convention.fromNumbers(element.kind, value))];
  }

  #record(type: OfKind<"record"> | OfKind<"tuple">): Lowerer {
    const fields = fieldTypesOf(type).map((field) => this.of(field));
    const offsets = fieldOffsets(fieldTypesOf(type), this.ptrType);
    const fromRecord = this.convention.fromRecord(type);
    return {
      store: (cx, value, ptr) => {
        const values = fromRecord(value);
        for (const [i, field] of fields.entries()) field.store(cx, values[i], ptr + (offsets[i] as number));
      },
      lowerFlat: (cx, value, flat) => {
        const values = fromRecord(value);
        for (const [i, field] of fields.entries()) field.lowerFlat(cx, values[i], flat);
      },
    };
  }

  #variant(type: VariantLike): Lowerer {
    const { ptrType } = this;
    const cases = casesOf(type);
    const payloads = cases.map((one) => one.type && this.of(one.type));
    const payloadTypes = cases.map((one) => (one.type && layoutOf(one.type, ptrType).flat) ?? []);
    const size = discriminantSize(cases.length);
    const offset = payloadOffset(type, ptrType);
    const fromVariant = this.convention.fromVariant(type);
    const joined = layoutOf(type, ptrType).flat?.slice(1) ?? [];
    return {
      store: (cx, value, ptr) => {
        const { index, payload } = fromVariant(value);
        storeUnsigned(cx, index, ptr, size);
        payloads[index]?.store(cx, payload, ptr + offset);
      },
      lowerFlat: (cx, value, flat) => {
        const { index, payload } = fromVariant(value);
        flat.push(index);
        const start = flat.length;
        payloads[index]?.lowerFlat(cx, payload, flat);
        coerce(flat, start, payloadTypes[index] as readonly CoreType[], joined);
      },
    };
  }

  #flags(type: OfKind<"flags">): Lowerer {
    const { size } = layoutOf(type, this.ptrType);
    const fromFlags = this.convention.fromFlags(type);
    return {
      store: (cx, value, ptr) => storeUnsigned(cx, fromFlags(value), ptr, size as 1 | 2 | 4),
      lowerFlat: (_, value, flat) => flat.push(fromFlags(value)),
    };
  }

  /**
   * CanonicalABI.md, `lower_flat_values`.
   *
   * @returns a function; its last parameter gives the address to store to, where the caller has one
   */
  values(
    types: readonly ValType[],
    maxFlat: number,
  ): (cx: LiftLowerContext, values: readonly unknown[], outParam?: CoreValueIter) => CoreValue[] {
    const lowerers = types.map((type) => this.of(type));
    const flatTypes = flattenTypes(types, this.ptrType);
    if (flatTypes !== undefined && flatTypes.length <= maxFlat) {
      return (cx, values) => {
        const flat: CoreValue[] = [];
        for (const [i, lowerer] of lowerers.entries()) lowerer.lowerFlat(cx, values[i], flat);
        return flat;
      };
    }
    const { alignment, size } = recordLayout(types, this.ptrType);
    const offsets = fieldOffsets(types, this.ptrType);
    return (cx, values, outParam) => {
      const ptr = outParam?.nextPtr(cx.options) ?? cx.options.allocate(cx.instance, alignment, size);
      trapIf(ptr !== alignTo(ptr, alignment), "unaligned pointer");
      trapIf(ptr + size > cx.options.bytes.length, "pointer out of bounds of memory");
      for (const [i, lowerer] of lowerers.entries()) lowerer.store(cx, values[i], ptr + (offsets[i] as number));
      return outParam === undefined ? [cx.options.toCore(ptr)] : [];
    };
  }
}

function range(store: (cx: LiftLowerContext, value: unknown) => readonly [ptr: number, length: CoreValue]): Lowerer {
  return {
    store: (cx, value, at) => {
      const [ptr, length] = store(cx, value);
      cx.options.storeCore(at, cx.options.toCore(ptr));
      cx.options.storeCore(at + cx.options.ptrSize, length);
    },
    lowerFlat: (cx, value, flat) => {
      const [ptr, length] = store(cx, value);
      flat.push(cx.options.toCore(ptr), length);
    },
  };
}

function storeUnsigned({ options: { view } }: LiftLowerContext, value: number, ptr: number, size: 1 | 2 | 4): void {
  if (size === 1) view.setUint8(ptr, value);
  else if (size === 2) view.setUint16(ptr, value, true);
  else view.setUint32(ptr, value, true);
}

function handleLowerer(lower: (cx: LiftLowerContext, value: unknown) => number): Lowerer {
  return {
    store: (cx, value, ptr) => cx.options.view.setUint32(ptr, lower(cx, value), true),
    lowerFlat: (cx, value, flat) => flat.push(lower(cx, value)),
  };
}

type Primitive = Exclude<
  ValType["kind"],
  | "string"
  | "list"
  | "map"
  | "record"
  | "tuple"
  | "variant"
  | "enum"
  | "option"
  | "result"
  | "flags"
  | "own"
  | "borrow"
  | "stream"
  | "future"
  | "error-context"
>;

/** The host's numbers are converted as JavaScript does it everywhere: modulo the size of their type. */
const PRIMITIVES: Readonly<Record<Primitive, Lowerer>> = {
  bool: int32(
    (value) => (value ? 1 : 0),
    (view, ptr, value) => view.setUint8(ptr, value),
  ),
  u8: int32(
    (value) => (value as number) & 0xff,
    (view, ptr, value) => view.setUint8(ptr, value),
  ),
  s8: int32(
    (value) => ((value as number) << 24) >> 24,
    (view, ptr, value) => view.setInt8(ptr, value),
  ),
  u16: int32(
    (value) => (value as number) & 0xffff,
    (view, ptr, value) => view.setUint16(ptr, value, true),
  ),
  s16: int32(
    (value) => ((value as number) << 16) >> 16,
    (view, ptr, value) => view.setInt16(ptr, value, true),
  ),
  u32: int32(
    (value) => (value as number) >>> 0,
    (view, ptr, value) => view.setUint32(ptr, value, true),
  ),
  s32: int32(
    (value) => (value as number) | 0,
    (view, ptr, value) => view.setInt32(ptr, value, true),
  ),
  char: int32(fromChar, (view, ptr, value) => view.setUint32(ptr, value, true)),
  u64: int64((value) => BigInt.asUintN(64, value)),
  s64: int64((value) => BigInt.asIntN(64, value)),
  f32: {
    store: ({ options }, value, ptr) => options.view.setUint32(ptr, bitsOfF32(Number(value)), true),
    lowerFlat: (_, value, flat) => flat.push(canonicalNan(Number(value))),
  },
  f64: {
    store: ({ options }, value, ptr) => options.view.setBigUint64(ptr, bitsOfF64(Number(value)), true),
    lowerFlat: (_, value, flat) => flat.push(canonicalNan(Number(value))),
  },
};

/** V8 keeps the bits of a NaN that comes from somewhere, or not. */
function canonicalNan(value: number): number {
  return Number.isNaN(value) ? Number.NaN : value;
}

function int32(
  convert: (value: unknown) => number,
  store: (view: DataView, ptr: number, value: number) => void,
): Lowerer {
  return {
    store: ({ options }, value, ptr) => store(options.view, ptr, convert(value)),
    lowerFlat: (_, value, flat) => flat.push(convert(value)),
  };
}

function int64(wrap: (value: bigint) => bigint): Lowerer {
  const convert = (value: unknown) => wrap(typeof value === "bigint" ? value : BigInt(value as number));
  return {
    store: ({ options }, value, ptr) => options.view.setBigInt64(ptr, BigInt.asIntN(64, convert(value)), true),
    lowerFlat: (_, value, flat) => flat.push(convert(value)),
  };
}

/** CanonicalABI.md, `char_to_i32`. */
function fromChar(value: unknown): number {
  const code = typeof value === "string" ? value.codePointAt(0) : undefined;
  const isWhole = code !== undefined && (value as string).length === (code > 0xffff ? 2 : 1);
  if (isWhole && (code < 0xd800 || code > 0xdfff)) return code;
  throw new TypeError("a char must be a string of one Unicode scalar value");
}

/** CanonicalABI.md, `lower_flat_variant`: puts the payload of one case into values that all cases share. */
function coerce(flat: CoreValue[], start: number, have: readonly CoreType[], want: readonly CoreType[]): void {
  for (const [i, type] of have.entries()) {
    if (type !== want[i]) flat[start + i] = coerced(flat[start + i] as CoreValue, type, want[i] as CoreType);
  }
  for (const type of want.slice(have.length)) flat.push(type === "i64" ? 0n : 0);
}

function coerced(value: CoreValue, have: CoreType, want: CoreType): CoreValue {
  if (have === "f64") return bitsOfF64(value as number);
  const bits = have === "f32" ? bitsOfF32(value as number) : (value as number) >>> 0;
  return want === "i64" ? BigInt(bits) : bits;
}
