import type { ByteReader } from "../binary/reader.js";
import type { ByteWriter } from "../binary/writer.js";

/** Section ids, in the order that core specification 5.5.17 asks for: `tag` and `data count` came later than their ids say. */
const SECTION_IDS = {
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  tag: 13,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  "data count": 12,
  code: 10,
  data: 11,
} as const;

export type SectionName = keyof typeof SECTION_IDS;

export const CUSTOM_SECTION_ID = 0;

export const sectionNames = Object.keys(SECTION_IDS) as readonly SectionName[];

const ranks: ReadonlyMap<SectionName, number> = new Map(sectionNames.map((name, rank) => [name, rank]));

const namesById: ReadonlyMap<number, SectionName> = new Map(sectionNames.map((name) => [SECTION_IDS[name], name]));

export function sectionId(name: SectionName): number {
  return SECTION_IDS[name];
}

export function sectionName(id: number): SectionName | undefined {
  return namesById.get(id);
}

/** Position among the sections of a module. */
export function sectionRank(name: SectionName): number {
  return ranks.get(name) as number;
}

/** How the contents of a section are read and written. */
export interface SectionCodec<T> {
  readonly name: SectionName;
  /** What a module without the section has. */
  readonly absent: T;
  isEmpty(value: T): boolean;
  decode(reader: ByteReader): T;
  encode(value: T, writer: ByteWriter): void;
}

/** Nearly all sections are lists. */
export function listSection<T>(
  name: SectionName,
  decodeItem: (reader: ByteReader) => T,
  encodeItem: (item: T, writer: ByteWriter) => void,
): SectionCodec<readonly T[]> {
  return {
    name,
    absent: Object.freeze([]),
    isEmpty: (list) => list.length === 0,
    // Frozen, so that a caller in JavaScript cannot change a list in place and believe it edited the module.
    decode: (reader) => Object.freeze(reader.vec(`entries of the ${name} section`, decodeItem)),
    encode: (list, writer) => writer.vec(list, encodeItem),
  };
}

/** The sections that hold one number: start and data count. */
export function numberSection(name: SectionName): SectionCodec<number | undefined> {
  return {
    name,
    absent: undefined,
    isEmpty: (value) => value === undefined,
    decode: (reader) => reader.u32(`${name} section`),
    encode: (value, writer) => writer.u32(value ?? 0),
  };
}
