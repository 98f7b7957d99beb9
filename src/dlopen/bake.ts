import { appendSection } from "../component/graph.js";
import { instantiationsIn } from "../component/instantiations.js";
import type {
  Component,
  CoreExportAlias,
  CoreInlineExports,
  CoreInstance,
  CoreInstantiation,
  CoreModuleDefinition,
  CoreSort,
  Entity,
} from "../component/model.js";
import { setName } from "../component/names.js";
import { letTablesGrow } from "../instrument/grow-tables.js";
import { decodeDefinition } from "../instrument/module.js";
import { readLibrary } from "../link/library.js";
import { encodeModule } from "../module/encode.js";
import type { ExternKind } from "../module/exports.js";
import { ItemExporter } from "../module/item-exports.js";
import type { CoreInstanceNode, Specialized } from "../specialize/model.js";
import { buildGlue, GLUE_TABLE, glueName, isGlue } from "./glue-module.js";
import type { Binding, PlannedLibrary } from "./plan.js";

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
}

/**
 * Adds libraries to a component as core modules that are instantiated with what they were bound to, after all that is there.
 *
 * @param specialized - it is changed
 * @param added - a component that `specialized` has and the snapshot has not
 * @param libraries - in the order in which they were opened
 */
export function bake(
  specialized: Specialized,
  added: Component | undefined,
  program: ProgramItems | undefined,
  libraries: readonly OpenLibrary[],
): Baked {
  const nodes = specialized.instances.filter(({ component }) => component !== added);
  const baker = program && new Baker(nodes, program);
  for (const library of libraries) baker?.add(library);
  const opened = [...(baker?.added ?? [])];
  const order = new Map(instantiationsIn(specialized.component).map((one, i) => [one, i]));
  const placeOf = ({ instantiation }: CoreInstanceNode) => order.get(instantiation) as number;
  const instances = [...specialized.instances, ...opened.map(([, node]) => node)].sort(
    (a, b) => placeOf(a) - placeOf(b),
  );
  const correspondence = new Map(
    [...nodes.entries(), ...opened].map(([position, node]) => [position, { instance: placeOf(node), isEqual: true }]),
  );
  return { specialized: { ...specialized, instances, isUnchanged: false }, correspondence };
}

class Baker {
  /** By position in the snapshot. */
  readonly added = new Map<number, CoreInstanceNode>();
  private readonly component: Component;
  private readonly libraries = new Map<number, CoreInstantiation>();
  private readonly glues = new Map<number, CoreInstantiation>();
  private readonly memory: CoreExportAlias;
  private readonly table: CoreExportAlias;
  private readonly stackPointer: CoreExportAlias | undefined;

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
    appendSection(this.component, "alias", shared);
  }

  add({ planned, bytes, gluePosition, position }: OpenLibrary): void {
    const library = readLibrary({ name: planned.name, bytes });
    const glue = encodeModule(buildGlue(library, planned.bindings)).toChunks();
    const made = this.instantiate(glue, `${planned.name}: imports`, gluePosition, [
      [GLUE_TABLE.module, [{ name: GLUE_TABLE.name, item: this.table }]],
    ]);
    const given = Map.groupBy(planned.bindings, ({ module }) => module);
    const aliases: CoreExportAlias[] = [];
    const args = [...given].map(([module, bindings]): [string, CoreInlineExports["exports"]] => [
      module,
      bindings.map((binding) => ({ name: binding.name, item: this.itemFor(binding, made, aliases) })),
    ]);
    if (aliases.length > 0) appendSection(this.component, "alias", aliases);
    this.glues.set(planned.id, made);
    this.libraries.set(planned.id, this.instantiate([bytes], planned.name, position, args));
  }

  private instantiate(
    chunks: readonly Uint8Array[],
    name: string,
    position: number,
    given: readonly [string, CoreInlineExports["exports"]][],
  ): CoreInstantiation {
    const module: CoreModuleDefinition = { kind: "core module", sort: "core module", chunks, offset: 0 };
    const bundles = given.map(
      ([, exports]): CoreInlineExports => ({ kind: "core inline exports", sort: "core instance", exports }),
    );
    const args = given.map(([name], i) => ({ name, instance: bundles[i] as CoreInlineExports }));
    const instantiation: CoreInstantiation = { kind: "core instantiation", sort: "core instance", module, args };
    appendSection(this.component, "core module", [module]);
    appendSection(this.component, "core instance", [...bundles, instantiation]);
    setName(this.component, module, name);
    setName(this.component, instantiation, name);
    this.added.set(position, { instantiation, module, component: this.component, name, moduleName: name });
    return instantiation;
  }

  private itemFor(binding: Binding, glue: CoreInstantiation, aliases: CoreExportAlias[]): Entity {
    const { target, kind, module, name } = binding;
    const alias = (instance: Entity, exported: string) => {
      const made: CoreExportAlias = { kind: "core export alias", sort: sortOf(kind), instance, name: exported };
      aliases.push(made);
      return made;
    };
    if (isGlue(binding)) return alias(glue, glueName(binding));
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
        return alias(this.glues.get(target.owner.library) as CoreInstantiation, glueName(binding));
      case "import": {
        const given = this.node(target.instance).instantiation.args.findLast((arg) => arg.name === module);
        const instance = given?.instance as CoreInstance;
        if (instance.kind !== "core inline exports") return alias(instance, name);
        return instance.exports.find((one) => one.name === name)?.item as Entity;
      }
      default:
        throw new Error(`nothing has ${module}.${name}`);
    }
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
