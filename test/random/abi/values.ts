import type { Prng } from "../prng.js";
import type { FaultSource } from "./faults.js";
import {
  align,
  type Core,
  casesOf,
  discriminantSize,
  elementOf,
  fieldsOf,
  isRecordLike,
  isVariantLike,
  layout,
  offsetsOf,
  type Pointer,
  payloadOffset,
  type Resource,
  recordLayout,
  type Type,
} from "./shapes.js";

export type Encoding = "utf8" | "utf16" | "latin1+utf16";
export const ENCODINGS: readonly Encoding[] = ["utf8", "utf16", "latin1+utf16"];

/** A value: numbers also for `bool`, `char` and `flags`; lists, records and tuples are arrays. Handles come about later. */
export type Value = number | bigint | string | readonly Value[] | VariantValue | undefined;

export interface VariantValue {
  readonly index: number;
  readonly payload: Value;
}

const TEXTS = [
  "",
  "a",
  "hello",
  "0123456789abcdef",
  "é",
  "naïve ÿ",
  "abcé",
  "ÿabc",
  "ł",
  "abcł",
  "łabc",
  "éł",
  "日本語",
];
const MORE_TEXTS = [
  "😀",
  "a😀b",
  "é😀",
  "日😀",
  "\u0000",
  "\u0100\u00ff",
  "\u07ff\u0800",
  "\ud7ff\ue000",
  "\u{10ffff}",
];

export function randomText(random: Prng): string {
  const text = random.pick([...TEXTS, ...MORE_TEXTS]);
  if (random.chance(0.5)) return text;
  const other = random.pick([...TEXTS, ...MORE_TEXTS]).repeat(random.chance(0.03) ? 40 : random.between(0, 3));
  return text + other;
}

const INTEGERS = [
  0n,
  1n,
  2n,
  127n,
  128n,
  255n,
  256n,
  32767n,
  32768n,
  65535n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
];
const CHARS = [0, 0x41, 0x7f, 0x80, 0xff, 0x100, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff];
// One NaN: what becomes of the bits of others is left to engines.
const FLOATS = [0, -0, 1.5, -2.25, Infinity, -Infinity, NaN, 2 ** -149, 3.4028234663852886e38];

export function randomValue(type: Type, random: Prng): Value {
  const of = (inner: Type) => randomValue(inner, random);
  if (isRecordLike(type)) return fieldsOf(type).map(of);
  if (isVariantLike(type)) {
    const cases = casesOf(type);
    const index = random.below(cases.length);
    const payload = cases[index];
    return { index, payload: payload === undefined ? undefined : of(payload) };
  }
  switch (type.kind) {
    case "list":
    case "map": {
      const element = elementOf(type);
      const isLarge = random.chance(0.03) && !isRecordLike(element) && !isVariantLike(element);
      const length = isLarge ? random.between(30, 90) : random.pick([0, 0, 1, 2, 3, 4]);
      return Array.from({ length }, () => of(element));
    }
    case "string":
      return randomText(random);
    case "bool":
      return random.below(2);
    case "char":
      return random.pick(CHARS);
    case "f32":
    case "f64":
      return random.pick(FLOATS);
    case "flags":
      return random.chance(0.5) ? random.u32() % 2 ** type.count : 2 ** type.count - 1;
    case "own":
    case "borrow":
      return undefined;
    default: {
      const bits = Number(type.kind.slice(1));
      const any = random.chance(0.5) ? random.pick(INTEGERS) : (BigInt(random.u32()) << 32n) | BigInt(random.u32());
      const wide = random.chance(0.3) ? -any : any;
      const value = type.kind.startsWith("u") ? BigInt.asUintN(bits, wide) : BigInt.asIntN(bits, wide);
      return bits === 64 ? value : Number(value);
    }
  }
}

/** Where values lie in a memory before anything runs. */
export class StaticData {
  static readonly START = 0x1000;
  static readonly END = 0x20000;

  readonly bytes = new Uint8Array(StaticData.END - StaticData.START);
  readonly view = new DataView(this.bytes.buffer);
  private end = StaticData.START;

  allocate(size: number, alignment: number): number {
    const at = align(this.end, alignment);
    if (at + size > StaticData.END) throw new RangeError("the values of a case are too large");
    this.end = at + size;
    return at;
  }

  /** As a data segment. */
  segment(pointer: Pointer): string {
    const used = this.bytes.subarray(0, this.end - StaticData.START);
    const text = Array.from(used, (byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
    return `(data (${pointer}.const ${StaticData.START}) "${text}")`;
  }
}

/** Gives core expressions for handles. */
export interface HandleSource {
  own(resource: Resource): string;
  borrow(resource: Resource): string;
}

/** Writes values into static data, and core code for what cannot be there. */
export class ValueWriter {
  /** Stores of handles, to be made before the value is used. */
  readonly holes: string[] = [];

  constructor(
    private readonly data: StaticData,
    private readonly pointer: Pointer,
    private readonly encoding: Encoding,
    private readonly random: Prng,
    private readonly faults: FaultSource,
    private readonly handles: HandleSource,
  ) {}

  /** Several values in memory as one record; gives its address. */
  block(types: readonly Type[], values: readonly Value[]): number {
    const { size, align: alignment } = recordLayout(types, this.pointer);
    const at = this.data.allocate(size, alignment);
    const offsets = offsetsOf(types, this.pointer);
    for (const [i, type] of types.entries()) this.store(type, values[i], at + (offsets[i] as number));
    return this.wrongAddress(at, alignment);
  }

  /** An address, unless it is the place for a fault. */
  wrongAddress(at: number, alignment: number): number {
    if (this.faults.here("pointer out of bounds")) return this.random.pick([0xffff_fff0, 0x7fff_0000, 0xfff_ff00]);
    if (alignment > 1 && this.faults.here("misaligned pointer")) return at + alignment / 2;
    return at;
  }

  /** Where a result is to be put. */
  wrongReturnAddress(at: number, alignment: number): number {
    if (this.faults.here("return pointer out of bounds")) return this.random.pick([0xffff_fff0, 0x7fff_0000]);
    return alignment > 1 && this.faults.here("misaligned return pointer") ? at + alignment / 2 : at;
  }

  store(type: Type, value: Value, at: number): void {
    if (isRecordLike(type)) {
      const fields = fieldsOf(type);
      const offsets = offsetsOf(fields, this.pointer);
      const values = value as readonly Value[];
      for (const [i, field] of fields.entries()) this.store(field, values[i], at + (offsets[i] as number));
      return;
    }
    if (isVariantLike(type)) {
      const cases = casesOf(type);
      const { index, payload } = value as VariantValue;
      this.setUnsigned(at, discriminantSize(cases.length), this.discriminant(index, cases.length));
      const payloadType = cases[index];
      if (payloadType !== undefined) this.store(payloadType, payload, at + payloadOffset(cases, this.pointer));
      return;
    }
    switch (type.kind) {
      case "string":
      case "list":
      case "map": {
        const [ptr, length] = this.range(type, value);
        const size = this.pointer === "i32" ? 4 : 8;
        this.setUnsigned(at, size, ptr);
        this.setUnsigned(at + size, size, length);
        return;
      }
      case "own":
      case "borrow":
        this.holes.push(`(i32.store (${this.pointer}.const ${at}) ${this.handle(type)})`);
        return;
      case "f32":
        this.data.view.setFloat32(at - StaticData.START, value as number, true);
        return;
      case "f64":
        this.data.view.setFloat64(at - StaticData.START, value as number, true);
        return;
      default:
        this.setUnsigned(at, layout(type, this.pointer).size, this.integer(type, value as number | bigint, false));
    }
  }

  private setUnsigned(at: number, size: number, value: number | bigint): void {
    const bits = BigInt.asUintN(size * 8, BigInt(value));
    for (let i = 0; i < size; i++) {
      this.data.bytes[at - StaticData.START + i] = Number((bits >> BigInt(8 * i)) & 0xffn);
    }
  }

  private discriminant(index: number, count: number): number {
    return this.faults.here("discriminant") ? this.random.pick([count, 255, count + 1]) : index;
  }

  /** What is not part of the value is left as it may be: bits above it, `true` as any number, flags without labels. */
  private integer(type: Type, value: number | bigint, isFlat: boolean): number | bigint {
    const { random } = this;
    switch (type.kind) {
      case "bool":
        return value === 0 ? 0 : random.pick(isFlat ? [1, 2, 255, 256, 0x8000_0000] : [1, 2, 128, 255]);
      case "char":
        return this.faults.here("char") ? random.pick([0xd800, 0xdfff, 0x11_0000, 0xffff_ffff]) : value;
      case "flags":
        return random.chance(0.3) ? (BigInt(value) | (0xffn << BigInt(type.count))) & 0xffff_ffffn : value;
      case "u8":
      case "s8":
      case "u16":
      case "s16": {
        if (!isFlat || random.chance(0.6)) return value;
        const bits = Number(type.kind.slice(1));
        return BigInt.asUintN(bits, BigInt(value)) | ((BigInt(random.u32()) << BigInt(bits)) & 0xffff_ffffn);
      }
      default:
        return value;
    }
  }

  private handle(type: Extract<Type, { readonly kind: "own" | "borrow" }>): string {
    if (this.faults.here("unknown handle")) return `(i32.const ${this.random.pick([0, 77, -1])})`;
    return type.kind === "own" ? this.handles.own(type.resource) : this.handles.borrow(type.resource);
  }

  /** Puts a string or list into memory. */
  private range(type: Type, value: Value): [ptr: number | bigint, length: number | bigint] {
    const [ptr, length, alignment] = type.kind === "string" ? this.string(value as string) : this.list(type, value);
    const wrong = this.wrongAddress(ptr, alignment);
    if (this.faults.here("length too large")) {
      return [wrong, this.random.pick([0x1000_0000, 0x4000_0000, 0x7fff_ffff, 0x2_0000])];
    }
    return [wrong, length];
  }

  private string(text: string): [ptr: number, length: number | bigint, alignment: number] {
    const [bytes, length] = this.encoded(text);
    const alignment = this.encoding === "utf8" ? 1 : 2;
    const at = this.data.allocate(bytes.length, alignment);
    this.data.bytes.set(bytes, at - StaticData.START);
    return [at, length, alignment];
  }

  private encoded(text: string): [bytes: Uint8Array, length: number | bigint] {
    const { random, encoding } = this;
    const isLatin1 = [...text].every((char) => (char.codePointAt(0) as number) <= 0xff);
    if (encoding === "latin1+utf16" && isLatin1 && random.chance(0.7)) {
      return [Buffer.from(text, "latin1"), text.length];
    }
    if (encoding === "utf8") {
      const wrong = [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x61, 0xe2, 0x82]];
      const bytes = this.faults.here("encoding") ? Buffer.from(random.pick(wrong)) : Buffer.from(text, "utf8");
      return [bytes, bytes.length];
    }
    const units = this.faults.here("encoding") ? random.pick(["\ud800", "a\udc00", "\udc00\ud800", "\ud800a"]) : text;
    const bytes = Buffer.alloc(units.length * 2);
    for (let i = 0; i < units.length; i++) bytes.writeUInt16LE(units.charCodeAt(i), 2 * i);
    const tag = encoding === "utf16" ? 0n : this.pointer === "i32" ? 2n ** 31n : 2n ** 63n;
    return [bytes, BigInt(units.length) | tag];
  }

  private list(type: Type, value: Value): [ptr: number, length: number, alignment: number] {
    const element = elementOf(type as Extract<Type, { readonly kind: "list" | "map" }>);
    const values = value as readonly Value[];
    const { size, align: alignment } = layout(element, this.pointer);
    const at = this.data.allocate(size * values.length, alignment);
    for (const [i, one] of values.entries()) this.store(element, one, at + i * size);
    return [at, values.length, alignment];
  }

  /** Core expressions for a value that is passed flat. */
  flat(type: Type, value: Value): string[] {
    if (isRecordLike(type)) {
      const values = value as readonly Value[];
      return fieldsOf(type).flatMap((field, i) => this.flat(field, values[i]));
    }
    if (isVariantLike(type))
      return this.flatVariant(casesOf(type), layout(type, this.pointer).flat, value as VariantValue);
    switch (type.kind) {
      case "string":
      case "list":
      case "map":
        return this.range(type, value).map((part) => `(${this.pointer}.const ${part})`);
      case "own":
      case "borrow":
        return [this.handle(type)];
      case "f32":
      case "f64":
        return [`(${type.kind}.const ${floatText(value as number)})`];
      default: {
        const [core] = layout(type, this.pointer).flat;
        return [`(${core}.const ${this.integer(type, value as number | bigint, true)})`];
      }
    }
  }

  private flatVariant(cases: readonly (Type | undefined)[], joined: readonly Core[], value: VariantValue): string[] {
    const type = cases[value.index];
    const have = type === undefined ? [] : layout(type, this.pointer).flat;
    const payload = type === undefined ? [] : this.flat(type, value.payload);
    const wanted = joined.slice(1);
    const passed = payload.map((one, i) => this.widened(one, have[i] as Core, wanted[i] as Core));
    // What the case does not have may be anything.
    const rest = wanted.slice(payload.length).map((core) => `(${core}.const ${this.random.chance(0.5) ? 0 : 77})`);
    return [`(i32.const ${this.discriminant(value.index, cases.length)})`, ...passed, ...rest];
  }

  private widened(expression: string, have: Core, want: Core): string {
    // Asked for in any case: what chance decides must not depend on how wide addresses are.
    const hasGarbage = this.random.chance(0.5);
    if (have === want) return expression;
    if (have === "f64") return `(i64.reinterpret_f64 ${expression})`;
    const bits = have === "f32" ? `(i32.reinterpret_f32 ${expression})` : expression;
    if (want === "i32") return bits;
    const extended = `(i64.extend_i32_u ${bits})`;
    return !hasGarbage ? extended : `(i64.or ${extended} (i64.const 0x5a5a000000000000))`;
  }
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Object.is(value, -0) ? "-0" : String(value);
}
