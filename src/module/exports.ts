import type { ByteReader } from "../binary/reader.js";
import type { ByteWriter } from "../binary/writer.js";
import { listSection } from "./section.js";

const KINDS = ["func", "table", "memory", "global", "tag"] as const;

export type ExternKind = (typeof KINDS)[number];

export interface Export {
  readonly name: string;
  readonly kind: ExternKind;
  /** In the index space of its kind. */
  readonly index: number;
}

export const exportSection = listSection("export", decodeExport, encodeExport);

function decodeExport(reader: ByteReader): Export {
  const name = reader.name("export name");
  const start = reader.position;
  const byte = reader.u8();
  const kind = KINDS[byte] ?? reader.fail(`unknown export kind 0x${byte.toString(16)}`, start);
  return { name, kind, index: reader.u32("export index") };
}

function encodeExport({ name, kind, index }: Export, writer: ByteWriter): void {
  writer.name(name).u8(KINDS.indexOf(kind)).u32(index);
}
