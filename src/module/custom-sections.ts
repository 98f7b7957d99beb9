import type { ByteReader } from "../binary/reader.js";
import { ByteWriter } from "../binary/writer.js";
import { CUSTOM_SECTION_ID } from "./section.js";

/** Core specification 5.5.3. To edit one, replace it: a custom section does not change. */
export interface CustomSection {
  readonly name: string;
  /** What follows the name. */
  readonly contents: Uint8Array;
  /** Id, size, name and contents as in the input; `undefined` for a new one. */
  readonly whole: Uint8Array | undefined;
  /** File offset of the contents, for messages; 0 for a new one. */
  readonly offset: number;
}

export function newCustomSection(name: string, contents: Uint8Array): CustomSection {
  return { name, contents, whole: undefined, offset: 0 };
}

/** @param reader - over exactly the section's contents */
export function decodeCustomSection(reader: ByteReader, whole: Uint8Array): CustomSection {
  const name = reader.name("name of a custom section");
  const { offset } = reader;
  return { name, contents: reader.take(reader.remaining), whole, offset };
}

export function encodeCustomSection({ name, contents, whole }: CustomSection, writer: ByteWriter): void {
  if (whole !== undefined) writer.bytes(whole);
  else writer.section(CUSTOM_SECTION_ID, new ByteWriter().name(name).bytes(contents));
}
