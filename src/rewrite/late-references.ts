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
import type { Import, ImportType } from "../module/imports.js";
import { functionSpace, globalSpace, tableSpace } from "../module/index-spaces.js";
import { ItemExporter } from "../module/item-exports.js";
import { CoreModule } from "../module/model.js";
import { TypeImporter } from "../module/type-importer.js";
import { funcTypeGroup } from "../module/types.js";
import type { FunctionReference } from "../snapshot/model.js";
import type { CoreInstanceNode } from "../specialize/model.js";
import type { CoreGraph, Source } from "./core-graph.js";
import { entrySegments, type ForeignReferences, type LocalEntry } from "./references.js";

const NAME = "component-init:references";

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
    for (const { index, entries } of tables) {
      const table = builder.table(instance, index);
      builder.fill(
        table,
        entries.map((entry) => ({ index: entry.index, func: builder.func(entry.func) })),
      );
    }
    for (const { index, func } of globals) builder.set(builder.global(instance, index), builder.func(func));
  }
  return builder.addTo(component);
}

class Builder {
  private readonly module = CoreModule.empty();
  private readonly types = new TypeImporter();
  private readonly imports: Import[] = [];
  private readonly items: { name: string; item: Entity }[] = [];
  private readonly functions = new Map<unknown, number>();
  private readonly filled: { table: number; entries: readonly LocalEntry[] }[] = [];
  private readonly assigned: { global: number; func: number }[] = [];
  private readonly exporters = new Map<number, ItemExporter>();

  constructor(
    private readonly nodes: readonly CoreInstanceNode[],
    private readonly graph: CoreGraph,
    private readonly moduleToEdit: (instance: number) => CoreModule,
  ) {}

  table(instance: number, index: number): number {
    const module = this.moduleToEdit(instance);
    const { type } = tableSpace(module)[index] as ReturnType<typeof tableSpace>[number];
    const element = this.types.refType(module.types, type.element);
    return this.import({ kind: "table", type: { ...type, element } }, this.exportOf(instance, "table", index));
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

  fill(table: number, entries: readonly LocalEntry[]): void {
    this.filled.push({ table, entries });
  }

  set(global: number, func: number): void {
    this.assigned.push({ global, func });
  }

  /** @returns the index in the index space of its kind */
  private import(type: ImportType, item: Entity): number {
    const name = String(this.imports.length);
    const index = this.imports.filter(({ kind }) => kind === type.kind).length;
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
    if (this.assigned.length > 0) {
      module.functions = [this.types.add(funcTypeGroup([], []))];
      module.start = this.imports.filter(({ kind }) => kind === "func").length;
      module.code = [this.assignments()];
    }
    module.types = this.types.groups;
    const segments = this.filled.flatMap(({ table, entries }) => entrySegments(entries, table, module));
    const declared = [...new Set(this.assigned.map(({ func }) => func))];
    const declaration = { mode: { kind: "declared" }, items: { kind: "functions", indices: declared } } as const;
    module.elements = declared.length > 0 ? [...segments, declaration] : segments;
    return module;
  }

  private assignments(): Uint8Array {
    const body = new ByteWriter().u8(0x00);
    for (const { global, func } of this.assigned) {
      body.u8(Opcode.refFunc).u32(func).u8(Opcode.globalSet).u32(global);
    }
    return body.u8(Opcode.end).toBytes();
  }
}

/** The other functions are the component's own: it has them already. */
function isAlias(item: Entity): item is CoreExportAlias {
  return (item as CoreExportAlias).kind === "core export alias";
}
