import { type ConstExpr, skipConstExpr } from "../binary/const-expr.js";
import type { ByteReader } from "../binary/reader.js";
import type { ByteWriter } from "../binary/writer.js";
import { listSection } from "./section.js";
import { decodeRefType, encodeRefType, equalValueTypes, funcref, type RefType } from "./value-types.js";

export interface ElementSegment {
  readonly mode: ElementMode;
  readonly items: ElementItems;
}

export type ElementMode =
  | { readonly kind: "passive" }
  /** Only makes `ref.func` valid. */
  | { readonly kind: "declared" }
  | { readonly kind: "active"; readonly table: number; readonly offset: ConstExpr };

export type ElementItems =
  | { readonly kind: "functions"; readonly indices: readonly number[] }
  | { readonly kind: "expressions"; readonly type: RefType; readonly exprs: readonly ConstExpr[] };

export interface DataSegment {
  readonly mode: DataMode;
  readonly bytes: Uint8Array;
}

export type DataMode =
  | { readonly kind: "passive" }
  | { readonly kind: "active"; readonly memory: number; readonly offset: ConstExpr };

export const elementSection = listSection("element", decodeElement, encodeElement);
export const dataSection = listSection("data", decodeData, encodeData);

/** Element segment flags, core specification 5.5.12: not active; then declared, or else a table index; expressions. */
const NOT_ACTIVE = 0x01;
const EXPLICIT = 0x02;
const EXPRESSIONS = 0x04;

function decodeElement(reader: ByteReader): ElementSegment {
  const start = reader.position;
  const flags = reader.u32("element segment flags");
  if (flags > 7) reader.fail(`unknown element segment flags 0x${flags.toString(16)}`, start);
  const mode = decodeElementMode(reader, flags);
  const hasType = (flags & (NOT_ACTIVE | EXPLICIT)) !== 0;
  if (flags & EXPRESSIONS) {
    const type = hasType ? decodeRefType(reader) : funcref;
    return { mode, items: { kind: "expressions", type, exprs: reader.vec("element expressions", skipConstExpr) } };
  }
  if (hasType && reader.u8() !== 0x00) reader.fail("unknown element kind", reader.position - 1);
  const indices = reader.vec("element functions", (list) => list.u32("function index"));
  return { mode, items: { kind: "functions", indices } };
}

function decodeElementMode(reader: ByteReader, flags: number): ElementMode {
  if (flags & NOT_ACTIVE) return { kind: flags & EXPLICIT ? "declared" : "passive" };
  const table = flags & EXPLICIT ? reader.u32("table index") : 0;
  return { kind: "active", table, offset: skipConstExpr(reader) };
}

function encodeElement({ mode, items }: ElementSegment, writer: ByteWriter): void {
  const flags = elementModeFlags(mode, items) | (items.kind === "expressions" ? EXPRESSIONS : 0);
  writer.u32(flags);
  if (mode.kind === "active") {
    if (flags & EXPLICIT) writer.u32(mode.table);
    writer.bytes(mode.offset);
  }
  const hasType = (flags & (NOT_ACTIVE | EXPLICIT)) !== 0;
  if (items.kind === "expressions") {
    if (hasType) encodeRefType(items.type, writer);
    writer.vec(items.exprs, encodeRange);
  } else {
    if (hasType) writer.u8(0x00);
    writer.vec(items.indices, encodeIndex);
  }
}

function elementModeFlags(mode: ElementMode, items: ElementItems): number {
  if (mode.kind === "passive") return NOT_ACTIVE;
  if (mode.kind === "declared") return NOT_ACTIVE | EXPLICIT;
  const isShort = mode.table === 0 && (items.kind === "functions" || equalValueTypes(items.type, funcref));
  return isShort ? 0 : EXPLICIT;
}

function encodeRange(range: Uint8Array, writer: ByteWriter): void {
  writer.bytes(range);
}

function encodeIndex(index: number, writer: ByteWriter): void {
  writer.u32(index);
}

/** Core specification 5.5.14. */
function decodeData(reader: ByteReader): DataSegment {
  const start = reader.position;
  const flags = reader.u32("data segment flags");
  if (flags > 2) reader.fail(`unknown data segment flags 0x${flags.toString(16)}`, start);
  const mode = decodeDataMode(reader, flags);
  return { mode, bytes: reader.take(reader.u32("length of data segment"), "data segment") };
}

function decodeDataMode(reader: ByteReader, flags: number): DataMode {
  if (flags === 1) return { kind: "passive" };
  const memory = flags === 2 ? reader.u32("memory index") : 0;
  return { kind: "active", memory, offset: skipConstExpr(reader) };
}

function encodeData({ mode, bytes }: DataSegment, writer: ByteWriter): void {
  if (mode.kind === "passive") writer.u32(1);
  else if (mode.memory === 0) writer.u32(0).bytes(mode.offset);
  else writer.u32(2).u32(mode.memory).bytes(mode.offset);
  writer.u32(bytes.length).bytes(bytes);
}
