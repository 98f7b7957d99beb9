import { type ByteReader, formatOffset } from "../binary/reader.js";
import type { ByteWriter } from "../binary/writer.js";
import { ComponentInitError } from "../errors.js";
import { listSection } from "./section.js";
import { decodeValueType, encodeValueType, type ValueType } from "./value-types.js";

/** `rectype`, core specification 5.3.8: the types that one entry of the type section defines. */
export interface RecursiveGroup {
  /** Whether it is written as `rec`; if not it holds exactly one type. */
  readonly explicit: boolean;
  readonly types: readonly SubType[];
}

export interface SubType {
  readonly final: boolean;
  /** Type indices. */
  readonly supertypes: readonly number[];
  /** Shared-everything threads. */
  readonly shared: boolean;
  readonly composite: CompositeType;
}

export type CompositeType = FuncType | StructType | ArrayType | ContType;

export interface FuncType {
  readonly kind: "func";
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

export interface StructType {
  readonly kind: "struct";
  readonly fields: readonly FieldType[];
}

export interface ArrayType {
  readonly kind: "array";
  readonly element: FieldType;
}

/** Stack switching. */
export interface ContType {
  readonly kind: "cont";
  /** Type index of a function type. */
  readonly func: number;
}

export interface FieldType {
  readonly storage: StorageType;
  readonly mutable: boolean;
}

export type StorageType = ValueType | "i8" | "i16";

/** A group with one plain function type. */
export function funcTypeGroup(params: readonly ValueType[], results: readonly ValueType[]): RecursiveGroup {
  const composite: FuncType = { kind: "func", params, results };
  return { explicit: false, types: [{ final: true, supertypes: [], shared: false, composite }] };
}

export const typeSection = listSection("type", decodeRecursiveGroup, encodeRecursiveGroup);

function decodeRecursiveGroup(reader: ByteReader): RecursiveGroup {
  if (reader.peek() !== 0x4e) return { explicit: false, types: [decodeSubType(reader)] };
  reader.u8();
  return { explicit: true, types: reader.vec("types in the recursion group", decodeSubType) };
}

function decodeSubType(reader: ByteReader): SubType {
  const byte = reader.peek();
  if (byte !== 0x50 && byte !== 0x4f) return { final: true, supertypes: [], ...decodeSharedComposite(reader) };
  reader.u8();
  const supertypes = reader.vec("supertypes", (list) => list.u32("type index"));
  return { final: byte === 0x4f, supertypes, ...decodeSharedComposite(reader) };
}

function decodeSharedComposite(reader: ByteReader): Pick<SubType, "shared" | "composite"> {
  const shared = reader.peek() === 0x65;
  if (shared) reader.u8();
  return { shared, composite: decodeComposite(reader) };
}

function decodeComposite(reader: ByteReader): CompositeType {
  const start = reader.position;
  const byte = reader.u8();
  switch (byte) {
    case 0x60:
      return {
        kind: "func",
        params: reader.vec("parameters", decodeValueType),
        results: reader.vec("results", decodeValueType),
      };
    case 0x5f:
      return { kind: "struct", fields: reader.vec("fields", decodeField) };
    case 0x5e:
      return { kind: "array", element: decodeField(reader) };
    case 0x5d:
      return { kind: "cont", func: reader.u32("type index") };
    case 0x4c:
    case 0x4d:
      throw new ComponentInitError(
        "unsupported",
        `types of the custom descriptors proposal are not supported: one is at offset ${formatOffset(reader.base + start)}`,
      );
    default:
      return reader.fail(`unknown type form 0x${byte.toString(16)}`, start);
  }
}

function decodeField(reader: ByteReader): FieldType {
  const storage = decodeStorageType(reader);
  const mutability = reader.u8();
  if (mutability > 1) reader.fail(`unknown mutability 0x${mutability.toString(16)}`, reader.position - 1);
  return { storage, mutable: mutability === 1 };
}

function decodeStorageType(reader: ByteReader): StorageType {
  const byte = reader.peek();
  if (byte !== 0x78 && byte !== 0x77) return decodeValueType(reader);
  reader.u8();
  return byte === 0x78 ? "i8" : "i16";
}

function encodeRecursiveGroup(group: RecursiveGroup, writer: ByteWriter): void {
  if (group.explicit) writer.u8(0x4e).u32(group.types.length);
  for (const type of group.types) encodeSubType(type, writer);
}

function encodeSubType(type: SubType, writer: ByteWriter): void {
  // The abbreviation: a composite type alone is final and has no supertype.
  if (!type.final || type.supertypes.length > 0) {
    writer.u8(type.final ? 0x4f : 0x50).vec(type.supertypes, encodeIndex);
  }
  if (type.shared) writer.u8(0x65);
  encodeComposite(type.composite, writer);
}

function encodeIndex(index: number, writer: ByteWriter): void {
  writer.u32(index);
}

function encodeComposite(type: CompositeType, writer: ByteWriter): void {
  switch (type.kind) {
    case "func":
      writer.u8(0x60).vec(type.params, encodeValueType).vec(type.results, encodeValueType);
      break;
    case "struct":
      writer.u8(0x5f).vec(type.fields, encodeField);
      break;
    case "array":
      encodeField(type.element, writer.u8(0x5e));
      break;
    case "cont":
      writer.u8(0x5d).u32(type.func);
      break;
  }
}

function encodeField({ storage, mutable }: FieldType, writer: ByteWriter): void {
  if (storage === "i8") writer.u8(0x78);
  else if (storage === "i16") writer.u8(0x77);
  else encodeValueType(storage, writer);
  writer.u8(mutable ? 1 : 0);
}
