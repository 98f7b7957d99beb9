import { appendSections } from "../component/graph.js";
import { instantiationsIn } from "../component/instantiations.js";
import type {
  Component,
  ComponentSection,
  CoreExportAlias,
  CoreInlineExports,
  CoreInstance,
  CoreInstantiation,
  CoreModuleDefinition,
  CoreSort,
  Definition,
  Entity,
  SectionKind,
} from "../component/model.js";
import { setNames } from "../component/names.js";
import { letTablesGrow } from "../instrument/grow-tables.js";
import { decodeDefinition } from "../instrument/module.js";
import { readLibrary } from "../link/library.js";
import { encodeModule } from "../module/encode.js";
import type { ExternKind } from "../module/exports.js";
import { ItemExporter } from "../module/item-exports.js";
import type { CoreInstanceNode, Specialized } from "../specialize/model.js";
import {
  buildGlue,
  GLUE_STACK_POINTER,
  GLUE_TABLE,
  type GlueNames,
  glueNames,
  isGlue,
  tagName,
} from "./glue-module.js";
import type { Binding, PlannedLibrary, Target } from "./plan.js";

/** An item that a core instance defines, by the instance's position and the index in its module. */
export interface ProgramItem {
  readonly position: number;
  readonly index: number;
}

/** What the program shares with libraries. */
export interface ProgramItems {
  readonly memory: ProgramItem;
  readonly table: ProgramItem;
  readonly stackPointer: ProgramItem | undefined;
  /** The positions of the core instances whose exports are its symbols. */
  readonly symbols: readonly number[];
}

/** A library to put into the output. */
export interface OpenLibrary {
  readonly planned: PlannedLibrary;
  readonly bytes: Uint8Array;
  /** The positions that its instances have in the snapshot. */
  readonly gluePosition: number;
  readonly position: number;
}

export interface Baked {
  readonly specialized: Specialized;
  /** From positions in the snapshot to those in the component. */
  readonly correspondence: ReadonlyMap<number, { readonly instance: number; readonly isEqual: boolean }>;
  /** What has symbols, of the program and of libraries. */
  readonly definers: ReadonlySet<CoreInstantiation>;
}

/**
 * Adds libraries to a component as core modules that are instantiated with what they were bound to, after all that is there.
 *
 * @param specialized - it is changed
 * @param answering - core instances of it that the snapshot has not
 * @param libraries - in the order in which they were opened
 */
export function bake(
  specialized: Specialized,
  answering: readonly CoreInstanceNode[],
  program: ProgramItems | undefined,
  libraries: readonly OpenLibrary[],
): Baked {
  const nodes = specialized.instances;
  const baker = program && new Baker(nodes, program);
  for (const library of libraries) baker?.add(library);
  baker?.finish();
  const opened = [...(baker?.added ?? [])];
  const order = new Map(instantiationsIn(specialized.component).map((one, i) => [one, i]));
  const placeOf = ({ instantiation }: CoreInstanceNode) => order.get(instantiation) as number;
  const instances = [...nodes, ...answering, ...opened.map(([, node]) => node)].sort((a, b) => placeOf(a) - placeOf(b));
  const correspondence = new Map(
    [...nodes.entries(), ...opened].map(([position, node]) => [position, { instance: placeOf(node), isEqual: true }]),
  );
  const definers = new Set([
    ...(program?.symbols ?? []).map((position) => (nodes[position] as CoreInstanceNode).instantiation),
    ...libraries.flatMap(({ position }) => baker?.added.get(position)?.instantiation ?? []),
  ]);
  return { specialized: { ...specialized, instances, isUnchanged: false }, correspondence, definers };
}

type ImportTarget = Extract<Target, { to: "import" }>;

class Baker {
  /** By position in the snapshot. */
  readonly added = new Map<number, CoreInstanceNode>();
  private readonly component: Component;
  private readonly sections: ComponentSection[] = [];
  private readonly names: (readonly [Entity, string])[] = [];
  private readonly libraries = new Map<number, CoreInstantiation>();
  private readonly glues = new Map<number, CoreInstantiation>();
  private readonly arguments = new Map<CoreInstantiation, ReadonlyMap<string, CoreInstance>>();
  private readonly items = new Map<CoreInlineExports, ReadonlyMap<string, Entity>>();
  private readonly memory: CoreExportAlias;
  private readonly table: CoreExportAlias;
  private readonly stackPointer: CoreExportAlias | undefined;
  /** The table and the stack pointer, for all glue. */
  private readonly glueArgument: CoreInlineExports;

  constructor(
    private readonly nodes: readonly CoreInstanceNode[],
    private readonly program: ProgramItems,
  ) {
    this.component = this.node(program.memory.position).component;
    this.letTableGrow();
    this.memory = this.itemOf("memory", program.memory);
    this.table = this.itemOf("table", program.table);
    this.stackPointer = program.stackPointer && this.itemOf("global", program.stackPointer);
    const shared = [this.memory, this.table, ...(this.stackPointer === undefined ? [] : [this.stackPointer])];
    this.append("alias", shared);
    this.glueArgument = this.inlineExports([
      { name: GLUE_TABLE.name, item: this.table },
      ...(this.stackPointer === undefined ? [] : [{ name: GLUE_STACK_POINTER.name, item: this.stackPointer }]),
    ]);
  }

  add({ planned, bytes, gluePosition, position }: OpenLibrary): void {
    const library = readLibrary({ name: planned.name, bytes });
    const chunks = encodeModule(buildGlue(library, planned.bindings)).toChunks();
    const givesTable = { name: GLUE_TABLE.module, instance: this.glueArgument };
    const glue = this.instantiate(chunks, `${planned.name}: imports`, gluePosition, [givesTable]);
    this.glues.set(planned.id, glue);
    const modules = Map.groupBy(planned.bindings, ({ module }) => module);
    const names = glueNames(planned.bindings);
    const args = [...modules].map(([name, bindings]) => ({
      name,
      instance: this.instanceWith(bindings, glue, names) ?? this.bundle(bindings, glue, names),
    }));
    this.libraries.set(planned.id, this.instantiate([bytes], planned.name, position, args));
  }

  /** Puts what was added into the component. */
  finish(): void {
    appendSections(this.component, this.sections);
    setNames(this.component, this.names);
  }

  private append(kind: SectionKind, definitions: readonly Definition[]): void {
    this.sections.push({ kind, definitions });
  }

  private instantiate(
    chunks: readonly Uint8Array[],
    name: string,
    position: number,
    args: CoreInstantiation["args"],
  ): CoreInstantiation {
    const module: CoreModuleDefinition = { kind: "core module", sort: "core module", chunks, offset: 0 };
    const instantiation: CoreInstantiation = { kind: "core instantiation", sort: "core instance", module, args };
    this.append("core module", [module]);
    this.append("core instance", [instantiation]);
    this.names.push([module, name], [instantiation, name]);
    this.added.set(position, { instantiation, module, component: this.component, name, moduleName: name });
    return instantiation;
  }

  /** The instance that has all that a library imports by one module name, under the names that it imports it by. */
  private instanceWith(
    bindings: readonly Binding[],
    glue: CoreInstantiation,
    names: GlueNames,
  ): CoreInstance | undefined {
    if (bindings.every((binding) => isGlue(binding) && names(binding) === binding.name)) return glue;
    const [first] = bindings as readonly [Binding];
    const isSame = ({ target }: Binding) =>
      target.to === "import" && first.target.to === "import" && target.instance === first.target.instance;
    return bindings.every(isSame) ? this.argumentOf(first.target as ImportTarget, first.module) : undefined;
  }

  private bundle(bindings: readonly Binding[], glue: CoreInstantiation, names: GlueNames): CoreInlineExports {
    const aliases: CoreExportAlias[] = [];
    const exports = bindings.map((binding) => ({
      name: binding.name,
      item: this.itemFor(binding, glue, names, aliases),
    }));
    if (aliases.length > 0) this.append("alias", aliases);
    return this.inlineExports(exports);
  }

  private inlineExports(exports: CoreInlineExports["exports"]): CoreInlineExports {
    const instance: CoreInlineExports = { kind: "core inline exports", sort: "core instance", exports };
    this.append("core instance", [instance]);
    return instance;
  }

  private itemFor(binding: Binding, glue: CoreInstantiation, names: GlueNames, aliases: CoreExportAlias[]): Entity {
    const { target, kind, module, name } = binding;
    const alias = (instance: Entity, exported: string) => {
      const made: CoreExportAlias = { kind: "core export alias", sort: sortOf(kind), instance, name: exported };
      aliases.push(made);
      return made;
    };
    if (isGlue(binding)) return alias(glue, names(binding));
    switch (target.to) {
      case "memory":
        return this.memory;
      case "table":
        return this.table;
      case "stack pointer":
        return this.stackPointer as CoreExportAlias;
      case "export": {
        const { owner } = target;
        const instance =
          "instance" in owner ? this.node(owner.instance).instantiation : this.libraries.get(owner.library);
        return alias(instance as Entity, target.name);
      }
      case "made tag":
        return alias(this.glues.get(target.owner.library) as CoreInstantiation, tagName(binding));
      case "import": {
        const instance = this.argumentOf(target, module);
        if (instance.kind !== "core inline exports") return alias(instance, name);
        return this.itemsOf(instance).get(name) as Entity;
      }
      default:
        throw new Error(`nothing has ${module}.${name}`);
    }
  }

  /** What the program is given for the module name that it imports from. */
  private argumentOf({ instance }: ImportTarget, module: string): CoreInstance {
    const { instantiation } = this.node(instance);
    let args = this.arguments.get(instantiation);
    if (args === undefined) {
      args = new Map(instantiation.args.map((argument) => [argument.name, argument.instance as CoreInstance]));
      this.arguments.set(instantiation, args);
    }
    return args.get(module) as CoreInstance;
  }

  private itemsOf(instance: CoreInlineExports): ReadonlyMap<string, Entity> {
    let items = this.items.get(instance);
    if (items === undefined) {
      items = new Map(instance.exports.map(({ name, item }) => [name, item]));
      this.items.set(instance, items);
    }
    return items;
  }

  private node(position: number): CoreInstanceNode {
    return this.nodes[position] as CoreInstanceNode;
  }

  /** An alias of an item, which its module may not export yet. */
  private itemOf(kind: ExternKind, { position, index }: ProgramItem): CoreExportAlias {
    const { module: definition, instantiation } = this.node(position);
    const module = decodeDefinition(definition).copy();
    const exporter = new ItemExporter(module);
    const name = exporter.nameOf(kind, index);
    if (exporter.exports.length > module.exports.length) {
      module.exports = exporter.exports;
      definition.chunks = encodeModule(module).toChunks();
    }
    return { kind: "core export alias", sort: sortOf(kind), instance: instantiation, name };
  }

  private letTableGrow(): void {
    const { module: definition } = this.node(this.program.table.position);
    const module = decodeDefinition(definition).copy();
    letTablesGrow(module);
    definition.chunks = encodeModule(module).toChunks();
  }
}

function sortOf(kind: ExternKind): CoreSort {
  return `core ${kind}` as CoreSort;
}
