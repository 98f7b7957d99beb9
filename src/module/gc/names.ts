import type { ByteReader } from "../../binary/reader.js";
import { ByteWriter } from "../../binary/writer.js";
import type { Numbering } from "./numbering.js";
import type { IndexSpace } from "./operands.js";

/** Subsections of the name section: core specification 7.4.1 and the extended-name-section proposal. */
const MODULE_NAME = 0;

const NAME_MAPS: ReadonlyMap<number, IndexSpace> = new Map([
  [1, "func"],
  [4, "type"],
  [5, "table"],
  [6, "memory"],
  [7, "global"],
  [8, "element"],
  [9, "data"],
  [11, "tag"],
]);

/** Locals and labels of functions, fields of types: the inner indices count what does not change. */
const INDIRECT_NAME_MAPS: ReadonlyMap<number, IndexSpace> = new Map([
  [2, "func"],
  [3, "func"],
  [10, "type"],
]);

/**
 * The name section for what is left of a module. Of a subsection that is not known here it is not known either what it
 * refers to, so it goes.
 *
 * @returns nothing when no name is left
 */
export function renumberNames(reader: ByteReader, numbering: Numbering): Uint8Array | undefined {
  const writer = new ByteWriter();
  while (!reader.done) {
    const id = reader.u8();
    const contents = reader.sub(reader.u32("length of names"));
    const renumbered = renumberSubsection(id, contents, numbering);
    if (renumbered !== undefined) writer.section(id, renumbered);
  }
  return writer.length === 0 ? undefined : writer.toBytes();
}

function renumberSubsection(id: number, reader: ByteReader, numbering: Numbering): ByteWriter | undefined {
  if (id === MODULE_NAME) return new ByteWriter().bytes(reader.take(reader.remaining));
  const direct = NAME_MAPS.get(id);
  if (direct !== undefined) return renumberMap(reader, direct, numbering, skipName);
  const indirect = INDIRECT_NAME_MAPS.get(id);
  return indirect && renumberMap(reader, indirect, withoutEmptied(indirect, numbering), skipNameMap);
}

type Find = Pick<Numbering, "find">;

/** Of a body that was emptied the locals and labels are gone, too. */
function withoutEmptied(space: IndexSpace, numbering: Numbering): Find {
  if (space !== "func") return numbering;
  return { find: (_, index) => (numbering.emptied.has(index) ? undefined : numbering.find(space, index)) };
}

/** Entries of an index and something that stays as it is. */
function renumberMap(
  reader: ByteReader,
  space: IndexSpace,
  numbering: Find,
  skip: (reader: ByteReader) => void,
): ByteWriter | undefined {
  const entries = new ByteWriter();
  const count = reader.count("names");
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const index = numbering.find(space, reader.u32("index"));
    const start = reader.position;
    skip(reader);
    if (index === undefined) continue;
    entries.u32(index).bytes(reader.since(start));
    kept++;
  }
  return kept === 0 ? undefined : new ByteWriter().u32(kept).append(entries);
}

function skipName(reader: ByteReader): void {
  reader.skip(reader.u32("length of name"), "name");
}

function skipNameMap(reader: ByteReader): void {
  const count = reader.count("names");
  for (let i = 0; i < count; i++) {
    reader.u32("index");
    skipName(reader);
  }
}
