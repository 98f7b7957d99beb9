import { type ConstExpr, skipConstExpr } from "../binary/const-expr.js";
import type { ByteReader } from "../binary/reader.js";
import type { ByteWriter } from "../binary/writer.js";
import {
  decodeGlobalType,
  decodeMemoryType,
  decodeTableType,
  decodeTagType,
  encodeGlobalType,
  encodeMemoryType,
  encodeTableType,
  encodeTagType,
  type GlobalType,
  type TableType,
} from "./extern-types.js";
import { listSection, numberSection } from "./section.js";

export interface Table {
  readonly type: TableType;
  /** What all entries hold at first; `undefined` stands for null. */
  readonly init: ConstExpr | undefined;
}

export interface Global {
  readonly type: GlobalType;
  readonly init: ConstExpr;
}

/** Type indices. */
export const functionSection = listSection(
  "function",
  (reader) => reader.u32("type index"),
  (index, writer) => writer.u32(index),
);
export const tableSection = listSection("table", decodeTable, encodeTable);
export const memorySection = listSection("memory", decodeMemoryType, encodeMemoryType);
export const tagSection = listSection("tag", decodeTagType, encodeTagType);
export const globalSection = listSection("global", decodeGlobal, encodeGlobal);
export const startSection = numberSection("start");
export const dataCountSection = numberSection("data count");

/** Core specification 5.5.7: a table with an initial value starts with 0x40, which is no reference type, and 0x00. */
function decodeTable(reader: ByteReader): Table {
  if (reader.peek() !== 0x40) return { type: decodeTableType(reader), init: undefined };
  reader.u8();
  if (reader.u8() !== 0x00) reader.fail("unknown table form", reader.position - 1);
  return { type: decodeTableType(reader), init: skipConstExpr(reader) };
}

function encodeTable({ type, init }: Table, writer: ByteWriter): void {
  if (init !== undefined) writer.u8(0x40).u8(0x00);
  encodeTableType(type, writer);
  if (init !== undefined) writer.bytes(init);
}

function decodeGlobal(reader: ByteReader): Global {
  return { type: decodeGlobalType(reader), init: skipConstExpr(reader) };
}

function encodeGlobal({ type, init }: Global, writer: ByteWriter): void {
  encodeGlobalType(type, writer);
  writer.bytes(init);
}
