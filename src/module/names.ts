import { ByteReader } from "../binary/reader.js";
import { ByteWriter } from "../binary/writer.js";
import { ComponentInitError } from "../errors.js";
import { type CoreModule, customSectionReader } from "./model.js";

/** Subsections of the name section: core specification 7.4.1 and the extended-name-section proposal. */
const SUBSECTIONS = {
  module: 0,
  functions: 1,
  types: 4,
  tables: 5,
  memories: 6,
  globals: 7,
  elements: 8,
  data: 9,
  tags: 11,
};

export type NamedKind = Exclude<keyof typeof SUBSECTIONS, "module">;

export type NameMap = ReadonlyMap<number, string>;

const NO_NAMES: NameMap = new Map();

/** The names of a module, for messages. They carry no meaning: what is malformed in them counts as absent. */
export class ModuleNames {
  private readonly subsections: ReadonlyMap<number, ByteReader>;
  private readonly maps = new Map<NamedKind, NameMap>();

  constructor(module: CoreModule) {
    const section = module.customSection("name");
    this.subsections =
      section === undefined ? new Map() : orElse(new Map(), () => decodeSubsections(customSectionReader(section)));
  }

  get module(): string | undefined {
    const reader = this.reader(SUBSECTIONS.module);
    return reader && orElse(undefined, () => reader.name("module name"));
  }

  /** Names by index; decoded when first asked for. */
  of(kind: NamedKind): NameMap {
    const known = this.maps.get(kind);
    if (known !== undefined) return known;
    const reader = this.reader(SUBSECTIONS[kind]);
    const names = reader === undefined ? NO_NAMES : orElse(NO_NAMES, () => decodeNameMap(reader));
    this.maps.set(kind, names);
    return names;
  }

  private reader(id: number): ByteReader | undefined {
    const range = this.subsections.get(id);
    return range && new ByteReader(range.bytes, range.position, range.end, range.base);
  }
}

/** A name section with nothing but the name of the module. */
export function moduleNameSection(name: string): Uint8Array {
  return new ByteWriter().section(SUBSECTIONS.module, new ByteWriter().name(name)).toBytes();
}

function decodeSubsections(reader: ByteReader): Map<number, ByteReader> {
  const subsections = new Map<number, ByteReader>();
  while (!reader.done) {
    const id = reader.u8();
    subsections.set(id, reader.sub(reader.u32("length of names")));
  }
  return subsections;
}

function decodeNameMap(reader: ByteReader): NameMap {
  return new Map(reader.vec("names", (list): [number, string] => [list.u32("index"), list.name()]));
}

function orElse<T>(fallback: T, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ComponentInitError) return fallback;
    throw error;
  }
}
