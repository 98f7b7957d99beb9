import { type ConstExpr, referencedFunction } from "../binary/const-expr.js";
import { scanExpression } from "../binary/instructions.js";
import { Opcode } from "../binary/opcodes.js";
import { ByteReader } from "../binary/reader.js";
import { concat } from "../binary/writer.js";
import type { CoreModuleDefinition } from "../component/model.js";
import { ComponentInitError } from "../errors.js";
import { findRelaxedSimd } from "../module/code-uses.js";
import { decodeModule } from "../module/decode.js";
import { type DropFlag, instrumentDrops } from "../module/drops.js";
import { encodeModule } from "../module/encode.js";
import type { ExternKind } from "../module/exports.js";
import { pageSize } from "../module/extern-types.js";
import { globalSpace, importedCount, memorySpace, type SpaceItem, tableSpace } from "../module/index-spaces.js";
import { ItemExporter } from "../module/item-exports.js";
import type { CoreModule } from "../module/model.js";
import { ModuleNames, moduleNameSection } from "../module/names.js";
import { isRefType } from "../module/value-types.js";
import { letTablesGrow } from "./grow-tables.js";
import { findLibc } from "./libc.js";
import { limitMemories } from "./memory-limit.js";
import type { Access, ActiveElements, InstrumentedModule, ModuleState, VisibleFunction } from "./model.js";
import { addNullProbes, type NullProbes } from "./null-probes.js";
import { changeableSegments, makesConstants } from "./objects.js";
import { openImports } from "./open-imports.js";
import { preview1Imports } from "./preview1.js";
import { adapterKind } from "./preview1-adapter.js";
import { watchGrowth } from "./refused-growth.js";

export interface InstrumentOptions {
  /** How large each memory may become while initializing, in bytes. */
  readonly maxMemory?: number;
  /** Let the tables of programs grow: libraries that are opened need entries. */
  readonly growTables?: boolean;
}

/** Decodes the core module of a definition; offsets in errors count from the start of the component. */
export function decodeDefinition(definition: CoreModuleDefinition): CoreModule {
  const [only, ...others] = definition.chunks;
  const bytes = only !== undefined && others.length === 0 ? only : concat(definition.chunks);
  return decodeModule(bytes, definition.offset);
}

/**
 * Exports everything that can change, and takes the start section away: the host calls the start function itself, so
 * that it can look at the tables between instantiation and start.
 *
 * @param name - what stack traces call the module, unless it has a name of its own
 */
export function instrumentModule(
  definition: CoreModuleDefinition,
  name: string | undefined,
  { maxMemory, growTables = false }: InstrumentOptions = {},
): InstrumentedModule {
  const decoded = decodeDefinition(definition);
  const { module: dropping, flags } = instrumentDrops(decoded);
  const module = dropping.copy();
  if (name !== undefined) setName(module, name);
  if (maxMemory !== undefined) limitMemories(module, maxMemory, name);
  if (growTables) letTablesGrow(module);
  const exporter = new ItemExporter(module);
  const growth = maxMemory === undefined ? [] : watchGrowth(module, exporter, decoded, maxMemory);
  // The flags of drops come last in the index space; they are no state of the guest.
  const state = makeVisible(decoded, exporter, flags, addNullProbes(module, exporter));
  module.exports = exporter.exports;
  if (module.start !== undefined) module.start = undefined;
  return {
    chunks: encodeModule(module).toChunks(),
    state,
    usesRelaxedSimd: findRelaxedSimd(decoded).length > 0,
    libc: findLibc(decoded),
    preview1Imports: new Set(preview1Imports(decoded).keys()),
    preview1Adapter: adapterKind(decoded, name),
    openImports: openImports(decoded),
    growth,
    unchangedBodies: dropping.originalCode === undefined || growth.length > 0 ? undefined : decoded,
  };
}

function setName(module: CoreModule, name: string): void {
  if (new ModuleNames(module).module !== undefined) return;
  const existing = module.customSection("name");
  const title = moduleNameSection(name);
  if (existing === undefined) module.addCustomSection("name", title);
  else module.replaceCustomSection(existing, concat([title, existing.contents]));
}

function makeVisible(
  module: CoreModule,
  exporter: ItemExporter,
  flags: readonly DropFlag[],
  probes: NullProbes,
): ModuleState {
  const tables = tableSpace(module);
  const globals = globalSpace(module);
  return {
    ...visibleMemories(module, exporter),
    ...visibleGlobals(module, exporter, probes),
    tables: tables.map((item) => accessTo("table", item, exporter)),
    tableProbes: [...probes.tables].map(([table, exportName]) => ({ table, exportName })),
    allGlobals: globals.map((item) => accessTo("global", item, exporter)),
    activeElements: activeElements(module),
    importedFunctions: importedCount(module, "func"),
    functions: visibleFunctions(module, exporter),
    start: module.start === undefined ? undefined : exporter.nameOf("func", module.start),
    dataDrops: flags.filter(({ kind }) => kind === "data"),
    objectSegments: changeableSegments(module),
    elementDrops: flags.filter(({ kind }) => kind === "element"),
  };
}

function accessTo(kind: ExternKind, item: SpaceItem<unknown, unknown>, exporter: ItemExporter): Access {
  if (item.imported) return { kind: "import", module: item.import.module, name: item.import.name };
  return { kind: "export", name: exporter.nameOf(kind, item.index) };
}

function visibleMemories(module: CoreModule, exporter: ItemExporter) {
  const importedMemories: Access[] = [];
  const memories: ModuleState["memories"][number][] = [];
  for (const item of memorySpace(module)) {
    if (item.imported) {
      importedMemories.push(accessTo("memory", item, exporter));
      continue;
    }
    if (item.type.shared) {
      throw new ComponentInitError(
        "unsupported",
        "a core module has a shared memory: threads cannot be snapshotted, build the component without them",
      );
    }
    const exportName = exporter.nameOf("memory", item.index);
    const initialPages = Number(item.type.minimum);
    const { is64 } = item.type;
    memories.push({ index: item.index, exportName, pageSize: pageSize(item.type), initialPages, is64 });
  }
  return { memories, importedMemories };
}

function visibleGlobals(module: CoreModule, exporter: ItemExporter, probes: NullProbes) {
  const names = new ModuleNames(module).of("globals");
  const globals: ModuleState["globals"][number][] = [];
  const references: ModuleState["references"][number][] = [];
  for (const item of globalSpace(module)) {
    if (item.imported) continue;
    const { index, type } = item;
    if (isRefType(type.value)) {
      if (!type.mutable && makesConstants(module, item.definition.init)) continue;
      const exportName = exporter.nameOf("global", index);
      references.push({ index, exportName, name: names.get(index), nullProbe: probes.globals.get(index) });
    } else if (type.mutable) {
      globals.push({ index, exportName: exporter.nameOf("global", index), type: type.value, name: names.get(index) });
    }
  }
  return { globals, references };
}

function activeElements(module: CoreModule): ActiveElements[] {
  const isPlain = hasPlainElements(module);
  return module.elements.flatMap(({ mode, items }) => {
    if (mode.kind !== "active") return [];
    const functions = items.kind === "functions" ? items.indices : items.exprs.map(referencedFunction);
    // Where segments may overlap an element in the table need not be the one of a segment.
    const shown = isPlain ? functions : functions.map(() => undefined);
    return [{ table: mode.table, offset: mode.offset, functions: shown }];
  });
}

/** Every function that a reference can be made of, unless an active segment shows it (see {@link hasPlainElements}). */
function visibleFunctions(module: CoreModule, exporter: ItemExporter): VisibleFunction[] {
  const visible = new Set(module.exports.filter(({ kind }) => kind === "func").map(({ index }) => index));
  const noteExpr = (expr: ConstExpr) =>
    scanExpression(new ByteReader(expr), ({ opcode, index }) => {
      if (opcode === Opcode.refFunc) visible.add(index);
    });
  for (const { init } of module.globals) noteExpr(init);
  for (const { init } of module.tables) if (init !== undefined) noteExpr(init);
  const isPlain = hasPlainElements(module);
  for (const { mode, items } of module.elements) {
    if (items.kind === "expressions") for (const expr of items.exprs) noteExpr(expr);
    else if (mode.kind !== "active" || !isPlain) for (const index of items.indices) visible.add(index);
  }
  return [...visible].map((index) => ({ index, exportName: exporter.nameOf("func", index) }));
}

/**
 * Whether each table gets at most one active segment: then every function of it is seen in the table when the instance
 * has been made. A large program has tens of thousands of them, which would be slow to export. Imported tables may be
 * one and the same.
 */
function hasPlainElements(module: CoreModule): boolean {
  const imported = importedCount(module, "table");
  const tables = module.elements.flatMap(({ mode }) =>
    mode.kind === "active" ? [Math.max(mode.table, imported - 1)] : [],
  );
  return new Set(tables).size === tables.length;
}
