import { ByteReader } from "../binary/reader.js";
import { isCoreModule } from "../component/decode.js";
import { ComponentInitError } from "../errors.js";
import type { CoreModule } from "../module/model.js";
import { customSectionReader } from "../module/model.js";

/** The custom section that makes a core module a dynamic library (tool-conventions, DynamicLinking.md). */
export const DYLINK_SECTION = "dylink.0";

/** Its form until 2021, without subsections, which libraries of that time still have. */
const OLD_DYLINK_SECTION = "dylink";

/** What a library takes of the memory or table that it shares with others. */
export interface SpaceNeed {
  /** In bytes or entries. */
  readonly size: number;
  /** What its start is a multiple of. */
  readonly alignment: number;
}

export interface Dylink {
  readonly memory: SpaceNeed;
  readonly table: SpaceNeed;
  /** Names of the libraries that must be there too, in order. */
  readonly needed: readonly string[];
  /** Where to look for them. */
  readonly runtimePath: readonly string[];
  /** Imports that may stay without a definition, as `MODULE NAME`. */
  readonly weakImports: ReadonlySet<string>;
  /** `wasm32`, where it is said. */
  readonly architecture: string | undefined;
}

const BINDING_WEAK = 0x01;
/** Magic number and version. */
const PREAMBLE_SIZE = 8;
const CUSTOM_SECTION = 0;

/** @returns `undefined` for what is no dynamic library */
export function decodeDylink(module: CoreModule): Dylink | undefined {
  const section = module.customSection(DYLINK_SECTION);
  if (section !== undefined) return new DylinkDecoder().decode(customSectionReader(section));
  const old = module.customSection(OLD_DYLINK_SECTION);
  return old && decodeOldSection(customSectionReader(old));
}

/** Whether a file is a dynamic library, as far as the headers of its sections can be read. */
export function isDynamicLibrary(bytes: Uint8Array): boolean {
  if (!isCoreModule(bytes)) return false;
  const reader = new ByteReader(bytes, PREAMBLE_SIZE);
  try {
    while (!reader.done) {
      const id = reader.u8();
      const section = reader.sub(reader.u32());
      if (id === CUSTOM_SECTION && [DYLINK_SECTION, OLD_DYLINK_SECTION].includes(section.name())) return true;
    }
  } catch (error) {
    if (!(error instanceof ComponentInitError)) throw error;
  }
  return false;
}

function decodeOldSection(reader: ByteReader): Dylink {
  const [memory, table] = [decodeNeed(reader), decodeNeed(reader)];
  const needed = reader.vec("needed libraries", (list) => list.name("library name"));
  reader.expectEnd("the dylink section");
  return { memory, table, needed, runtimePath: [], weakImports: new Set(), architecture: undefined };
}

/** Subsections of one kind add up: wit-component lets the last `needed` replace the others, which loses libraries. */
class DylinkDecoder {
  private memory: SpaceNeed = { size: 0, alignment: 1 };
  private table: SpaceNeed = { size: 0, alignment: 1 };
  private architecture: string | undefined;
  private readonly needed: string[] = [];
  private readonly runtimePath: string[] = [];
  private readonly weakImports = new Set<string>();

  decode(reader: ByteReader): Dylink {
    while (!reader.done) {
      const kind = reader.u8();
      const contents = reader.sub(reader.u32("size of the subsection"), "subsection of dylink.0");
      this.decodeSubsection(kind, contents);
    }
    const { memory, table, needed, runtimePath, weakImports, architecture } = this;
    return { memory, table, needed, runtimePath, weakImports, architecture };
  }

  private decodeSubsection(kind: number, reader: ByteReader): void {
    switch (kind) {
      case 1:
        this.memory = decodeNeed(reader);
        this.table = decodeNeed(reader);
        break;
      case 2:
        reader.vec("needed libraries", (list) => this.needed.push(list.name("library name")));
        break;
      case 3:
        // What is said of exports (thread-local ones) follows from the exports themselves.
        reader.vec("export infos", (list) => [list.name("export name"), list.u32("flags")]);
        break;
      case 4:
        reader.vec("import infos", (list) => this.decodeImportInfo(list));
        break;
      case 5:
        reader.vec("runtime paths", (list) => this.runtimePath.push(list.name("runtime path")));
        break;
      case 6:
        this.architecture = reader.name("architecture");
        break;
      default:
        reader.fail(`unknown subsection ${kind} of dylink.0`);
    }
    reader.expectEnd("a subsection of dylink.0");
  }

  private decodeImportInfo(reader: ByteReader): void {
    const [module, name] = [reader.name("import module"), reader.name("import name")];
    if (reader.u32("flags") & BINDING_WEAK) this.weakImports.add(`${module} ${name}`);
  }
}

function decodeNeed(reader: ByteReader): SpaceNeed {
  const size = reader.u32("size");
  const start = reader.position;
  const log2 = reader.u32("alignment");
  if (log2 > 31) reader.fail(`an alignment of 2^${log2}`, start);
  return { size, alignment: 2 ** log2 };
}
