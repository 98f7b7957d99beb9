import type { ByteReader } from "../binary/reader.js";
import type { ByteWriter } from "../binary/writer.js";
import {
  decodeRefType,
  decodeValueType,
  encodeRefType,
  encodeValueType,
  type RefType,
  type ValueType,
} from "./value-types.js";

/** Sizes of a memory (in pages) or table (in entries). */
export interface Limits {
  readonly minimum: bigint;
  readonly maximum: bigint | undefined;
  readonly shared: boolean;
  /** Whether addresses are i64. */
  readonly is64: boolean;
}

export interface MemoryType extends Limits {
  /** Of custom page sizes; `undefined` stands for pages of 65536 bytes. */
  readonly pageSizeLog2: number | undefined;
}

export interface TableType extends Limits {
  readonly element: RefType;
}

export interface GlobalType {
  readonly value: ValueType;
  readonly mutable: boolean;
  /** Shared-everything threads. */
  readonly shared: boolean;
}

/** An exception's or suspension's parameters. */
export interface TagType {
  /** Type index of a function type. */
  readonly type: number;
}

/** Bytes in a page of a memory. */
export function pageSize(memory: MemoryType): number {
  return 2 ** (memory.pageSizeLog2 ?? 16);
}

/** Limits, core specification 5.3.11. Whether a size is allowed for an address type is left to validation. */
const HAS_MAXIMUM = 0x01;
const SHARED = 0x02;
const IS_64 = 0x04;
const CUSTOM_PAGE_SIZE = 0x08;

export function decodeMemoryType(reader: ByteReader): MemoryType {
  const flags = decodeLimitsFlags(reader, HAS_MAXIMUM | SHARED | IS_64 | CUSTOM_PAGE_SIZE);
  const limits = decodeLimits(reader, flags);
  return { ...limits, pageSizeLog2: flags & CUSTOM_PAGE_SIZE ? decodePageSize(reader) : undefined };
}

function decodePageSize(reader: ByteReader): number {
  const start = reader.position;
  const log2 = reader.u32("page size");
  if (log2 >= 64) reader.fail("page size is too large", start);
  return log2;
}

export function decodeTableType(reader: ByteReader): TableType {
  const element = decodeRefType(reader);
  return { element, ...decodeLimits(reader, decodeLimitsFlags(reader, HAS_MAXIMUM | SHARED | IS_64)) };
}

function decodeLimitsFlags(reader: ByteReader, known: number): number {
  const flags = reader.u8();
  if (flags & ~known) reader.fail(`unknown limits flags 0x${flags.toString(16)}`, reader.position - 1);
  return flags;
}

function decodeLimits(reader: ByteReader, flags: number): Limits {
  return {
    minimum: reader.u64("minimum"),
    maximum: flags & HAS_MAXIMUM ? reader.u64("maximum") : undefined,
    shared: (flags & SHARED) !== 0,
    is64: (flags & IS_64) !== 0,
  };
}

export function encodeMemoryType(type: MemoryType, writer: ByteWriter): void {
  writer.u8(limitsFlags(type) | (type.pageSizeLog2 === undefined ? 0 : CUSTOM_PAGE_SIZE));
  encodeLimits(type, writer);
  if (type.pageSizeLog2 !== undefined) writer.u32(type.pageSizeLog2);
}

export function encodeTableType(type: TableType, writer: ByteWriter): void {
  encodeRefType(type.element, writer);
  writer.u8(limitsFlags(type));
  encodeLimits(type, writer);
}

function limitsFlags({ maximum, shared, is64 }: Limits): number {
  return (maximum === undefined ? 0 : HAS_MAXIMUM) | (shared ? SHARED : 0) | (is64 ? IS_64 : 0);
}

function encodeLimits({ minimum, maximum }: Limits, writer: ByteWriter): void {
  writer.u64(minimum);
  if (maximum !== undefined) writer.u64(maximum);
}

export function decodeGlobalType(reader: ByteReader): GlobalType {
  const value = decodeValueType(reader);
  const flags = reader.u8();
  if (flags > 3) reader.fail(`unknown global flags 0x${flags.toString(16)}`, reader.position - 1);
  return { value, mutable: (flags & 1) !== 0, shared: (flags & 2) !== 0 };
}

export function encodeGlobalType({ value, mutable, shared }: GlobalType, writer: ByteWriter): void {
  encodeValueType(value, writer);
  writer.u8((mutable ? 1 : 0) | (shared ? 2 : 0));
}

export function decodeTagType(reader: ByteReader): TagType {
  const attribute = reader.u8();
  if (attribute !== 0) reader.fail(`unknown tag attribute 0x${attribute.toString(16)}`, reader.position - 1);
  return { type: reader.u32("type index") };
}

export function encodeTagType({ type }: TagType, writer: ByteWriter): void {
  writer.u8(0x00).u32(type);
}
