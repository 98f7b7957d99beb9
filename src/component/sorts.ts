import type { ByteReader } from "../binary/reader.js";
import type { ByteWriter } from "../binary/writer.js";
import type { ComponentSort, CoreSort, Sort } from "./model.js";

const CORE_SORTS: readonly (readonly [number, CoreSort])[] = [
  [0x00, "core func"],
  [0x01, "core table"],
  [0x02, "core memory"],
  [0x03, "core global"],
  [0x04, "core tag"],
  [0x10, "core type"],
  [0x11, "core module"],
  [0x12, "core instance"],
];

const COMPONENT_SORTS: readonly (readonly [number, ComponentSort])[] = [
  [0x01, "func"],
  [0x02, "value"],
  [0x03, "type"],
  [0x04, "component"],
  [0x05, "instance"],
];

const coreSortByByte = new Map(CORE_SORTS);
const sortByByte = new Map(COMPONENT_SORTS);
const byteOfSort = new Map<Sort, number>([...CORE_SORTS, ...COMPONENT_SORTS].map(([byte, sort]) => [sort, byte]));
const coreSorts = new Set<Sort>(CORE_SORTS.map(([, sort]) => sort));

export const ALL_SORTS: readonly Sort[] = [...CORE_SORTS, ...COMPONENT_SORTS].map(([, sort]) => sort);

export function decodeCoreSort(reader: ByteReader): CoreSort {
  const start = reader.position;
  const byte = reader.u8();
  return coreSortByByte.get(byte) ?? reader.fail(`unknown core sort 0x${byte.toString(16)}`, start);
}

export function decodeSort(reader: ByteReader): Sort {
  const start = reader.position;
  const byte = reader.u8();
  if (byte === 0x00) return decodeCoreSort(reader);
  return sortByByte.get(byte) ?? reader.fail(`unknown sort 0x${byte.toString(16)}`, start);
}

export function encodeCoreSort(sort: Sort, writer: ByteWriter): void {
  writer.u8(byteOfSort.get(sort) as number);
}

export function encodeSort(sort: Sort, writer: ByteWriter): void {
  if (coreSorts.has(sort)) writer.u8(0x00);
  writer.u8(byteOfSort.get(sort) as number);
}
