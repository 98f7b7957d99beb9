import { ByteReader } from "../binary/reader.js";
import { fileKind } from "../file-kind.js";
import { type CustomSection, decodeCustomSection } from "./custom-sections.js";
import { CoreModule } from "./model.js";
import { CUSTOM_SECTION_ID, type SectionName, sectionName, sectionRank } from "./section.js";
import type { SectionRange } from "./slot.js";

const HEADER_LENGTH = 8;
const MAGIC = 0x0061736d;
const MODULE_VERSION = 0x01000000;
/** The second half of a component's version field is a layer: 1 (component model, Binary.md). */
const COMPONENT_LAYER = 0x0100;

/**
 * Reads a core module as far as its section headers. What is in a section is checked when it is asked for.
 *
 * @param bytes - kept as they are, and referred to by everything that the module holds
 * @param base - offset of `bytes` in the file, for messages
 */
export function decodeModule(bytes: Uint8Array, base = 0): CoreModule {
  const reader = new ByteReader(bytes, 0, bytes.length, base);
  decodeHeader(reader);
  const layout: (SectionName | CustomSection)[] = [];
  const ranges = new Map<SectionName, SectionRange>();
  let rank = -1;
  while (!reader.done) {
    const start = reader.position;
    const id = reader.u8();
    const name = sectionName(id);
    if (name === undefined && id !== CUSTOM_SECTION_ID) reader.fail(`unknown section id ${id}`, start);
    const contents = decodeContents(reader, name ?? "custom");
    const whole = reader.since(start);
    if (name === undefined) {
      layout.push(decodeCustomSection(contents, whole));
      continue;
    }
    if (ranges.has(name)) reader.fail(`second ${name} section`, start);
    if (sectionRank(name) < rank) reader.fail(`${name} section out of order`, start);
    rank = sectionRank(name);
    layout.push(name);
    ranges.set(name, { whole, offset: contents.offset, contents: contents.take(contents.remaining) });
  }
  const module = CoreModule.ofRanges(ranges, layout);
  checkCounts(module, reader);
  return module;
}

function decodeContents(reader: ByteReader, what: string): ByteReader {
  const length = reader.u32(`length of ${what} section`);
  return reader.sub(length, `${what} section`);
}

function decodeHeader(reader: ByteReader): void {
  const start = reader.position;
  if (reader.remaining < HEADER_LENGTH) reader.fail(`core module of ${reader.remaining} bytes has no header`);
  const header = reader.take(HEADER_LENGTH);
  const view = new DataView(header.buffer, header.byteOffset, HEADER_LENGTH);
  if (view.getUint32(0) !== MAGIC) {
    const found = fileKind(reader.bytes.subarray(start, reader.end))?.what ?? "something that is not WebAssembly";
    reader.fail(`core module wanted, found ${found}`, start);
  }
  if (view.getUint16(6) === COMPONENT_LAYER) reader.fail("core module wanted, found a component", start + 4);
  const version = view.getUint32(4);
  if (version !== MODULE_VERSION) reader.fail(`unknown version ${view.getUint32(4, true)} of a core module`, start + 4);
}

/** Core specification 5.5.17 ties these sections together; a pass that edits one may rely on the other. */
function checkCounts(module: CoreModule, reader: ByteReader): void {
  const functions = module.count("function");
  const bodies = module.count("code");
  if (functions !== bodies) reader.fail(`${functions} functions but ${bodies} function bodies in the module that ends`);
  const { dataCount } = module;
  const segments = module.count("data");
  if (dataCount !== undefined && dataCount !== segments) {
    reader.fail(`data count is ${dataCount} but there are ${segments} data segments in the module that ends`);
  }
}
