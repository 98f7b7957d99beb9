import type {
  Canon,
  CoreExportAlias,
  CoreInlineExports,
  CoreInstance,
  CoreInstantiation,
  Entity,
} from "../component/model.js";
import type { ExternKind } from "../module/exports.js";
import type { CoreModule } from "../module/model.js";
import type { CoreInstanceNode } from "../specialize/model.js";

/** What an item of a core instance is: one that a core instance defines, or a function that the component makes. */
export type Source =
  | { readonly kind: "defined"; readonly instance: number; readonly index: number }
  | { readonly kind: "canon"; readonly func: Entity };

/** Which items of core instances are the same, told from the component alone. */
export class CoreGraph {
  private readonly positions: ReadonlyMap<CoreInstantiation, number>;

  /** @param moduleOf - the core module of each instance as it was decoded */
  constructor(
    private readonly nodes: readonly CoreInstanceNode[],
    readonly moduleOf: (instance: number) => CoreModule,
  ) {
    this.positions = new Map(nodes.map(({ instantiation }, position) => [instantiation, position]));
  }

  /** What stands at an index of a core instance's module. */
  source(instance: number, kind: ExternKind, index: number): Source {
    let current = { instance, index };
    for (;;) {
      const imports = this.moduleOf(current.instance).imports.filter((item) => item.kind === kind);
      const item = imports[current.index];
      if (item === undefined) return { kind: "defined", instance: current.instance, index: current.index };
      const { args } = (this.nodes[current.instance] as CoreInstanceNode).instantiation;
      const argument = args.findLast(({ name }) => name === item.module)?.instance as CoreInstance;
      const found = this.follow(argument, item.name, kind);
      if ("kind" in found) return found;
      current = found;
    }
  }

  /** A text that is the same for the same items only. */
  keyOf(source: Source): string | Entity {
    return source.kind === "canon" ? source.func : `${source.instance}:${source.index}`;
  }

  private follow(
    start: CoreInstance,
    exportName: string,
    kind: ExternKind,
  ): Source | { instance: number; index: number } {
    let instance = start;
    let name = exportName;
    while (instance.kind === "core inline exports") {
      const item = itemOf(instance, name);
      if (item.kind !== "core export alias") return { kind: "canon", func: item };
      instance = item.instance as CoreInstance;
      name = item.name;
    }
    const position = this.positions.get(instance) as number;
    const found = this.moduleOf(position).exports.find((one) => one.name === name && one.kind === kind);
    if (found === undefined) throw new Error(`a core instance does not export ${name}`);
    return { instance: position, index: found.index };
  }
}

function itemOf({ exports }: CoreInlineExports, name: string): CoreExportAlias | Canon {
  const found = exports.find((one) => one.name === name);
  if (found === undefined) throw new Error(`a core instance does not export ${name}`);
  return found.item as CoreExportAlias | Canon;
}
