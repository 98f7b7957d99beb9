import { Opcode } from "../binary/opcodes.js";
import { ByteWriter } from "../binary/writer.js";
import { appendSection } from "../component/graph.js";
import type {
  Component,
  CoreExportAlias,
  CoreInlineExports,
  CoreInstantiation,
  CoreModuleDefinition,
  Entity,
} from "../component/model.js";
import { setName } from "../component/names.js";
import type { FunctionBody } from "../module/code.js";
import type { TableType } from "../module/extern-types.js";
import type { Import, ImportType } from "../module/imports.js";
import { functionSpace, globalSpace, tableSpace } from "../module/index-spaces.js";
import { ItemExporter } from "../module/item-exports.js";
import { CoreModule } from "../module/model.js";
import type { ElementSegment } from "../module/segments.js";
import { TypeImporter } from "../module/type-importer.js";
import { funcTypeGroup } from "../module/types.js";
import { type FunctionReference, NULL_ENTRY, type TableImage } from "../snapshot/model.js";
import type { CoreInstanceNode } from "../specialize/model.js";
import type { CoreGraph, Source } from "./core-graph.js";
import { type Entries, placementsOf } from "./entries.js";
import { putBody, putParams, puttingBodies } from "./put-entries.js";
import { entrySegments, type ForeignReferences, isTooLarge } from "./references.js";

const NAME = "component-init:references";

/** Entries of one table that segments put in. */
const MAX_ENTRIES = 10_000;

export interface LateReferences {
  readonly definition: CoreModuleDefinition;
  readonly module: CoreModule;
  readonly instantiation: CoreInstantiation;
}

/**
 * A core module that is instantiated last in its component and puts functions of other instances into tables and globals:
 * what defines these may be instantiated before the functions exist.
 */
export function addLateReferences(
  component: Component,
  foreign: readonly ForeignReferences[],
  nodes: readonly CoreInstanceNode[],
  graph: CoreGraph,
  moduleToEdit: (instance: number) => CoreModule,
): LateReferences {
  const builder = new Builder(nodes, graph, moduleToEdit);
  for (const { instance, tables, globals } of foreign) {
    for (const image of tables) builder.fill(builder.table(instance, image.index), image);
    for (const { index, func } of globals) builder.set(builder.global(instance, index), builder.func(func));
  }
  return builder.addTo(component);
}

interface ImportedTable {
  readonly index: number;
  readonly type: TableType;
}

class Builder {
  private readonly module = CoreModule.empty();
  private readonly types = new TypeImporter();
  private readonly imports: Import[] = [];
  private readonly items: { name: string; item: Entity }[] = [];
  private readonly functions = new Map<unknown, number>();
  private readonly importCounts: Record<ImportType["kind"], number> = {
    func: 0,
    table: 0,
    memory: 0,
    global: 0,
    tag: 0,
  };
  private readonly segments: ElementSegment[] = [];
  /** What functions put in. */
  private readonly put: { readonly table: ImportedTable; readonly entries: Entries }[] = [];
  private readonly assigned: { global: number; func: number }[] = [];
  private readonly exporters = new Map<number, ItemExporter>();
  private nullaryType: number | undefined;

  constructor(
    private readonly nodes: readonly CoreInstanceNode[],
    private readonly graph: CoreGraph,
    private readonly moduleToEdit: (instance: number) => CoreModule,
  ) {}

  table(instance: number, index: number): ImportedTable {
    const module = this.moduleToEdit(instance);
    const { type } = tableSpace(module)[index] as ReturnType<typeof tableSpace>[number];
    const imported = { ...type, element: this.types.refType(module.types, type.element) };
    return {
      index: this.import({ kind: "table", type: imported }, this.exportOf(instance, "table", index)),
      type: imported,
    };
  }

  global(instance: number, index: number): number {
    const module = this.moduleToEdit(instance);
    const { type } = globalSpace(module)[index] as ReturnType<typeof globalSpace>[number];
    const value = typeof type.value === "object" ? this.types.refType(module.types, type.value) : type.value;
    return this.import({ kind: "global", type: { ...type, value } }, this.exportOf(instance, "global", index));
  }

  func(reference: FunctionReference): number {
    const source = this.graph.source(reference.instance, "func", reference.index);
    const key = this.graph.keyOf(source);
    let func = this.functions.get(key);
    if (func === undefined) {
      func = this.importFunction(source, reference);
      this.functions.set(key, func);
    }
    return func;
  }

  private importFunction(source: Source, reference: FunctionReference): number {
    const isCanon = source.kind === "canon";
    // What the component makes has the type that a core module imports it with.
    const { instance, index } = isCanon ? reference : source;
    const { types } = this.graph.moduleOf(instance);
    const { type } = functionSpace(this.graph.moduleOf(instance))[index] as ReturnType<typeof functionSpace>[number];
    const item = isCanon ? source.func : this.exportOf(instance, "func", index);
    return this.import({ kind: "func", type: this.types.type(types, type), exact: false }, item);
  }

  fill({ index, type }: ImportedTable, { functions, entries }: TableImage): void {
    const imported = new Int32Array(functions.length).fill(NULL_ENTRY);
    const funcOf = (entry: number): number => {
      if (imported[entry] === NULL_ENTRY) imported[entry] = this.func(functions[entry] as FunctionReference);
      return imported[entry] as number;
    };
    const own = entries.map((entry) => (entry === NULL_ENTRY ? NULL_ENTRY : funcOf(entry)));
    const table = { index, type };
    if (isTooLarge(own, MAX_ENTRIES)) this.put.push({ table, entries: own });
    else for (const segment of entrySegments(own, index, type)) this.segments.push(segment);
  }

  set(global: number, func: number): void {
    this.assigned.push({ global, func });
  }

  /** @returns the index in the index space of its kind */
  private import(type: ImportType, item: Entity): number {
    const name = String(this.imports.length);
    const index = this.importCounts[type.kind]++;
    this.imports.push({ module: "", name, ...type });
    this.items.push({ name, item });
    return index;
  }

  private exportOf(instance: number, kind: "func" | "table" | "global", index: number): CoreExportAlias {
    let exporter = this.exporters.get(instance);
    if (exporter === undefined) {
      exporter = new ItemExporter(this.moduleToEdit(instance));
      this.exporters.set(instance, exporter);
    }
    const name = exporter.nameOf(kind, index);
    const { instantiation } = this.nodes[instance] as CoreInstanceNode;
    return { kind: "core export alias", sort: `core ${kind}`, instance: instantiation, name };
  }

  addTo(component: Component): LateReferences {
    for (const [instance, exporter] of this.exporters) this.moduleToEdit(instance).exports = exporter.exports;
    const module = this.build();
    const definition: CoreModuleDefinition = { kind: "core module", sort: "core module", chunks: [], offset: 0 };
    const exports: CoreInlineExports = { kind: "core inline exports", sort: "core instance", exports: this.items };
    const instantiation: CoreInstantiation = {
      kind: "core instantiation",
      sort: "core instance",
      module: definition,
      args: [{ name: "", instance: exports }],
    };
    const aliases = this.items.flatMap(({ item }) => (isAlias(item) ? [item] : []));
    appendSection(component, "core module", [definition]);
    if (aliases.length > 0) appendSection(component, "alias", aliases);
    appendSection(component, "core instance", [exports, instantiation]);
    setName(component, definition, NAME);
    return { definition, module, instantiation };
  }

  private build(): CoreModule {
    const { module } = this;
    module.imports = this.imports;
    const own = new OwnFunctions(this.importCounts.func);
    const steps = this.put.flatMap(({ table: { index, type }, entries }) => {
      const put = own.add(this.types.add(funcTypeGroup(putParams(type), [])), putBody(index, type));
      return Array.from(puttingBodies(placementsOf(entries), put, type), (body) => own.add(this.nullary(), body));
    });
    if (steps.length + this.assigned.length > 0) module.start = own.add(this.nullary(), this.startBody(steps));
    module.functions = own.types;
    module.code = own.bodies;
    module.types = this.types.groups;
    module.elements = [...this.segments, ...this.declaration()];
    return module;
  }

  /** Makes `ref.func` of what code puts in valid. */
  private declaration(): ElementSegment[] {
    const declared = new Set(this.assigned.map(({ func }) => func));
    for (const { entries } of this.put) for (const func of entries) declared.add(func);
    declared.delete(NULL_ENTRY);
    if (declared.size === 0) return [];
    return [{ mode: { kind: "declared" }, items: { kind: "functions", indices: [...declared] } }];
  }

  private nullary(): number {
    this.nullaryType ??= this.types.add(funcTypeGroup([], []));
    return this.nullaryType;
  }

  private startBody(steps: readonly number[]): Uint8Array {
    const body = new ByteWriter().u8(0x00);
    for (const step of steps) body.u8(Opcode.call).u32(step);
    for (const { global, func } of this.assigned) {
      body.u8(Opcode.refFunc).u32(func).u8(Opcode.globalSet).u32(global);
    }
    return body.u8(Opcode.end).toBytes();
  }
}

/** The functions that a module defines. */
class OwnFunctions {
  readonly types: number[] = [];
  readonly bodies: FunctionBody[] = [];

  constructor(private readonly imported: number) {}

  /** @returns its index */
  add(type: number, body: FunctionBody): number {
    this.types.push(type);
    return this.imported + this.bodies.push(body) - 1;
  }
}

/** The other functions are the component's own: it has them already. */
function isAlias(item: Entity): item is CoreExportAlias {
  return (item as CoreExportAlias).kind === "core export alias";
}
