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
  type MemoryType,
  type TableType,
  type TagType,
} from "./extern-types.js";
import { listSection } from "./section.js";

export type Import = { readonly module: string; readonly name: string } & ImportType;

export type ImportType =
  | {
      readonly kind: "func";
      /** Type index. */
      readonly type: number;
      /** Custom descriptors: a function of this very type. */
      readonly exact: boolean;
    }
  | { readonly kind: "table"; readonly type: TableType }
  | { readonly kind: "memory"; readonly type: MemoryType }
  | { readonly kind: "global"; readonly type: GlobalType }
  | { readonly kind: "tag"; readonly type: TagType };

export const importSection = listSection("import", decodeImport, encodeImport);

function decodeImport(reader: ByteReader): Import {
  return { module: reader.name("import module"), name: reader.name("import name"), ...decodeImportType(reader) };
}

function decodeImportType(reader: ByteReader): ImportType {
  const start = reader.position;
  const kind = reader.u8();
  switch (kind) {
    case 0x00:
    case 0x20:
      return { kind: "func", type: reader.u32("type index"), exact: kind === 0x20 };
    case 0x01:
      return { kind: "table", type: decodeTableType(reader) };
    case 0x02:
      return { kind: "memory", type: decodeMemoryType(reader) };
    case 0x03:
      return { kind: "global", type: decodeGlobalType(reader) };
    case 0x04:
      return { kind: "tag", type: decodeTagType(reader) };
    default:
      return reader.fail(`unknown import kind 0x${kind.toString(16)}`, start);
  }
}

function encodeImport(item: Import, writer: ByteWriter): void {
  writer.name(item.module).name(item.name);
  switch (item.kind) {
    case "func":
      writer.u8(item.exact ? 0x20 : 0x00).u32(item.type);
      break;
    case "table":
      encodeTableType(item.type, writer.u8(0x01));
      break;
    case "memory":
      encodeMemoryType(item.type, writer.u8(0x02));
      break;
    case "global":
      encodeGlobalType(item.type, writer.u8(0x03));
      break;
    case "tag":
      encodeTagType(item.type, writer.u8(0x04));
      break;
  }
}
