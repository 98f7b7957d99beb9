import type { ConstExpr } from "../binary/const-expr.js";
import type { ByteReader } from "../binary/reader.js";
import { ByteWriter } from "../binary/writer.js";

/** Core specification 5.3.1 and 5.3.2. */
export type NumberType = "i32" | "i64" | "f32" | "f64";

export type ValueType = NumberType | "v128" | RefType;

export interface RefType {
  readonly kind: "ref";
  readonly nullable: boolean;
  readonly heap: HeapType;
}

export type HeapType =
  | { readonly kind: "abstract"; readonly name: AbstractHeapType; readonly shared: boolean }
  | {
      readonly kind: "type";
      /** In the type index space of the module. */
      readonly index: number;
      /** Custom descriptors: of this very type, not of a subtype. */
      readonly exact: boolean;
    };

const ABSTRACT_HEAP_TYPES = {
  nocont: 0x75,
  noexn: 0x74,
  nofunc: 0x73,
  noextern: 0x72,
  none: 0x71,
  func: 0x70,
  extern: 0x6f,
  any: 0x6e,
  eq: 0x6d,
  i31: 0x6c,
  struct: 0x6b,
  array: 0x6a,
  exn: 0x69,
  cont: 0x68,
} as const;

export type AbstractHeapType = keyof typeof ABSTRACT_HEAP_TYPES;

const NUMBER_TYPES = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;

const abstractHeapTypeNames = namesByByte<AbstractHeapType>(ABSTRACT_HEAP_TYPES);
const numberTypeNames = namesByByte<NumberType | "v128">(NUMBER_TYPES);

function namesByByte<N extends string>(bytes: Readonly<Record<N, number>>): ReadonlyMap<number, N> {
  return new Map((Object.keys(bytes) as N[]).map((name) => [bytes[name], name]));
}

export const funcref: RefType = nullableRef("func");
export const externref: RefType = nullableRef("extern");

function nullableRef(name: AbstractHeapType): RefType {
  return { kind: "ref", nullable: true, heap: { kind: "abstract", name, shared: false } };
}

export function isRefType(type: ValueType): type is RefType {
  return typeof type === "object";
}

/** As in the text format. */
export function formatValueType(type: ValueType): string {
  if (!isRefType(type)) return type;
  return type.nullable ? `(ref null ${formatHeapType(type.heap)})` : `(ref ${formatHeapType(type.heap)})`;
}

function formatHeapType(heap: HeapType): string {
  if (heap.kind === "type") return heap.exact ? `(exact ${heap.index})` : `${heap.index}`;
  return heap.shared ? `(shared ${heap.name})` : heap.name;
}

/** Whether both are the same type of the same module. */
export function equalValueTypes(left: ValueType, right: ValueType): boolean {
  return formatValueType(left) === formatValueType(right);
}

/** `ref.null` of a heap type. */
export function refNullExpr(heap: HeapType): ConstExpr {
  const writer = new ByteWriter().u8(0xd0);
  encodeHeapType(heap, writer);
  return writer.u8(0x0b).toBytes();
}

export function decodeValueType(reader: ByteReader): ValueType {
  const number = numberTypeNames.get(reader.peek());
  if (number === undefined) return decodeRefType(reader);
  reader.u8();
  return number;
}

export function decodeRefType(reader: ByteReader): RefType {
  const start = reader.position;
  const byte = reader.peek();
  if (byte === 0x63 || byte === 0x64) {
    reader.u8();
    return { kind: "ref", nullable: byte === 0x63, heap: decodeHeapType(reader) };
  }
  // The abbreviation: an abstract heap type alone stands for its nullable reference.
  const heap = decodeAbstractHeapType(reader);
  return heap === undefined
    ? reader.fail(`unknown value type 0x${byte.toString(16)}`, start)
    : { kind: "ref", nullable: true, heap };
}

function decodeHeapType(reader: ByteReader): HeapType {
  const start = reader.position;
  const byte = reader.peek();
  if (byte === 0x62) {
    reader.u8();
    return { kind: "type", index: reader.u32("type index"), exact: true };
  }
  const heap = decodeAbstractHeapType(reader);
  if (heap !== undefined) return heap;
  const index = reader.s33();
  if (index < 0) reader.fail(`unknown heap type 0x${byte.toString(16)}`, start);
  return { kind: "type", index, exact: false };
}

function decodeAbstractHeapType(reader: ByteReader): HeapType | undefined {
  const start = reader.position;
  const shared = reader.peek() === 0x65;
  if (shared) reader.u8();
  const name = abstractHeapTypeNames.get(reader.peek());
  if (name === undefined) {
    reader.position = start;
    return undefined;
  }
  reader.u8();
  return { kind: "abstract", name, shared };
}

export function encodeValueType(type: ValueType, writer: ByteWriter): void {
  if (isRefType(type)) encodeRefType(type, writer);
  else writer.u8(NUMBER_TYPES[type]);
}

export function encodeRefType({ nullable, heap }: RefType, writer: ByteWriter): void {
  if (!nullable || heap.kind === "type") writer.u8(nullable ? 0x63 : 0x64);
  encodeHeapType(heap, writer);
}

function encodeHeapType(heap: HeapType, writer: ByteWriter): void {
  if (heap.kind === "type") {
    if (heap.exact) writer.u8(0x62).u32(heap.index);
    else writer.s33(heap.index);
  } else {
    if (heap.shared) writer.u8(0x65);
    writer.u8(ABSTRACT_HEAP_TYPES[heap.name]);
  }
}
