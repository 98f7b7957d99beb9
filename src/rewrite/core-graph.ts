import type {
  Canon,
  CoreExportAlias,
  CoreInlineExports,
  CoreInstance,
  CoreInstantiation,
  Entity,
} from "../component/model.js";
import type { Export, ExternKind } from "../module/exports.js";
import type { Import } from "../module/imports.js";
import { importsByKind } from "../module/index-spaces.js";
import type { CoreModule } from "../module/model.js";
import type { CoreInstanceNode } from "../specialize/model.js";

/** What an item of a core instance is: one that a core instance defines, or a function that the component makes. */
export type Source =
  | { readonly kind: "defined"; readonly instance: number; readonly index: number }
  | { readonly kind: "canon"; readonly func: Entity };

/** An item of a core instance, whoever defines it. */
interface Place {
  readonly instance: number;
  readonly index: number;
}

/** Which items of core instances are the same, told from the component alone. */
export class CoreGraph {
  private readonly positions: ReadonlyMap<CoreInstantiation, number>;
  private readonly instances: CoreInstanceItems[] = [];
  private readonly inlineItems = new Map<CoreInlineExports, ReadonlyMap<string, Entity>>();

  /** @param moduleOf - the core module of each instance as it was decoded */
  constructor(
    private readonly nodes: readonly CoreInstanceNode[],
    readonly moduleOf: (instance: number) => CoreModule,
  ) {
    this.positions = new Map(nodes.map(({ instantiation }, position) => [instantiation, position]));
  }

  /** What stands at an index of a core instance's module. Chains of instances that pass an item on are followed once. */
  source(instance: number, kind: ExternKind, index: number): Source {
    const passed: { readonly known: (Source | undefined)[]; readonly index: number }[] = [];
    let place: Place = { instance, index };
    let source: Source | undefined;
    while (source === undefined) {
      const items = this.itemsOf(place.instance);
      const item = items.imports[kind][place.index];
      if (item === undefined) {
        source = { kind: "defined", ...place };
        break;
      }
      const known = items.sources[kind];
      source = known[place.index];
      passed.push({ known, index: place.index });
      if (source !== undefined) break;
      const found = this.follow(items.args.get(item.module) as CoreInstance, item.name, kind);
      if ("kind" in found) source = found;
      else place = found;
    }
    for (const { known, index: at } of passed) known[at] = source;
    return source;
  }

  /** A text that is the same for the same items only. */
  keyOf(source: Source): string | Entity {
    return source.kind === "canon" ? source.func : `${source.instance}:${source.index}`;
  }

  private follow(start: CoreInstance, exportName: string, kind: ExternKind): Source | Place {
    let instance = start;
    let name = exportName;
    while (instance.kind === "core inline exports") {
      const item = this.itemOf(instance, name);
      if (item.kind !== "core export alias") return { kind: "canon", func: item };
      instance = item.instance as CoreInstance;
      name = item.name;
    }
    const position = this.positions.get(instance) as number;
    const found = this.itemsOf(position).exports.get(name);
    if (found?.kind !== kind) throw notExported(name);
    return { instance: position, index: found.index };
  }

  private itemOf(instance: CoreInlineExports, name: string): CoreExportAlias | Canon {
    let items = this.inlineItems.get(instance);
    if (items === undefined) {
      items = new Map(instance.exports.map(({ name, item }) => [name, item]));
      this.inlineItems.set(instance, items);
    }
    const item = items.get(name);
    if (item === undefined) throw notExported(name);
    return item as CoreExportAlias | Canon;
  }

  private itemsOf(instance: number): CoreInstanceItems {
    return (this.instances[instance] ??= itemsOf(
      (this.nodes[instance] as CoreInstanceNode).instantiation,
      this.moduleOf(instance),
    ));
  }
}

/** A core instance, as far as it is looked through. */
interface CoreInstanceItems {
  readonly imports: Readonly<Record<ExternKind, readonly Import[]>>;
  /** What is known already of the imports. */
  readonly sources: Readonly<Record<ExternKind, (Source | undefined)[]>>;
  readonly exports: ReadonlyMap<string, Export>;
  readonly args: ReadonlyMap<string, Entity>;
}

function itemsOf({ args }: CoreInstantiation, module: CoreModule): CoreInstanceItems {
  return {
    imports: importsByKind(module),
    sources: { func: [], table: [], memory: [], global: [], tag: [] },
    exports: new Map(module.exports.map((one) => [one.name, one])),
    args: new Map(args.map(({ name, instance }) => [name, instance])),
  };
}

function notExported(name: string): Error {
  return new Error(`a core instance does not export ${name}`);
}
