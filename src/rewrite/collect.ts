import { definitionsOf, instantiatedComponents } from "../component/graph.js";
import type { Component, CoreInlineExports, CoreInstantiation, CoreModuleDefinition } from "../component/model.js";
import type { ExternKind } from "../module/exports.js";
import { collectGarbage, type RemovedCounts } from "../module/gc.js";
import type { CoreModule } from "../module/model.js";
import { aliasedExports, noteImports, type UsedExports } from "./exports.js";

type Renumbering = (kind: ExternKind, index: number) => number | undefined;

/** Removes from core modules what the component around them cannot reach. */
export class ModuleCollector {
  private readonly renumberings = new Map<CoreModuleDefinition, Renumbering>();
  private readonly collected = new Map<CoreModuleDefinition, CoreModule>();
  readonly removed: Record<keyof RemovedCounts, number> = {
    types: 0,
    functions: 0,
    bodies: 0,
    tables: 0,
    memories: 0,
    tags: 0,
    globals: 0,
    elements: 0,
    data: 0,
  };
  readonly droppedSections = new Map<CoreModuleDefinition, readonly string[]>();

  /**
   * @param modules - the modules to collect; each is replaced by what is left of it
   * @param decode - gives the others, which stay as they are
   * @param exporting - what keeps its exports, and imports that only these make sense of
   */
  constructor(
    private readonly modules: Map<CoreModuleDefinition, CoreModule>,
    private readonly decode: (definition: CoreModuleDefinition) => CoreModule,
    private readonly exporting: ReadonlySet<CoreInstantiation>,
  ) {}

  /**
   * Goes through the core instances of a component and of those nested in it. What one does not import any more another
   * need not export, so users come first.
   *
   * @returns whether anything changed
   */
  collect(component: Component): boolean {
    const definitions = definitionsOf(component);
    const wanted = aliasedExports(definitions);
    const instantiated = instantiatedComponents(definitions);
    let changed = false;
    for (const definition of definitions.toReversed()) {
      if (definition.kind === "component" && instantiated.has(definition)) {
        changed = this.collect(definition.component) || changed;
      }
      if (definition.kind === "core inline exports") changed = dropExports(definition, wanted) || changed;
      if (definition.kind === "core instantiation") changed = this.collectInstance(definition, wanted) || changed;
    }
    return changed;
  }

  /** The index that an item of a module has now. */
  indexOf(definition: CoreModuleDefinition, kind: ExternKind, index: number): number | undefined {
    const renumbering = this.renumberings.get(definition);
    return renumbering === undefined ? index : renumbering(kind, index);
  }

  private collectInstance(instantiation: CoreInstantiation, wanted: UsedExports): boolean {
    const definition = instantiation.module as CoreModuleDefinition;
    const module = this.modules.get(definition);
    if (module === undefined || this.exporting.has(instantiation))
      return noteArguments(instantiation, module ?? this.decode(definition), wanted);
    const names = wanted.get(instantiation) ?? NONE;
    const exports = module.exports.filter(({ name }) => names.has(name));
    const isSettled = exports.length === module.exports.length && this.collected.get(definition) === module;
    const left = isSettled ? module : this.collectModule(definition, module, exports);
    return noteArguments(instantiation, left, wanted) || !isSettled;
  }

  private collectModule(
    definition: CoreModuleDefinition,
    module: CoreModule,
    exports: CoreModule["exports"],
  ): CoreModule {
    const trimmed = module.copy();
    trimmed.exports = exports;
    const { module: left, removed, indexOf, droppedSections } = collectGarbage(trimmed);
    const before = this.renumberings.get(definition) ?? ((_, index) => index);
    this.renumberings.set(definition, (kind, index) => {
      const between = before(kind, index);
      return between === undefined ? undefined : indexOf(kind, between);
    });
    for (const kind of Object.keys(removed) as (keyof RemovedCounts)[]) this.removed[kind] += removed[kind];
    const dropped = [...(this.droppedSections.get(definition) ?? []), ...droppedSections];
    if (dropped.length > 0) this.droppedSections.set(definition, dropped);
    this.modules.set(definition, left);
    this.collected.set(definition, left);
    return left;
  }
}

const NONE: ReadonlySet<string> = new Set();

/** Drops the arguments that a module does not import from, and notes what it imports from the others. */
function noteArguments(instantiation: CoreInstantiation, module: CoreModule, wanted: UsedExports): boolean {
  const before = instantiation.args.length;
  const imported = new Set(module.imports.map((item) => item.module));
  instantiation.args = instantiation.args.filter(({ name }) => imported.has(name));
  noteImports(instantiation.args, module, wanted);
  return instantiation.args.length !== before;
}

function dropExports(instance: CoreInlineExports, wanted: UsedExports): boolean {
  const names = wanted.get(instance) ?? NONE;
  const before = instance.exports.length;
  instance.exports = instance.exports.filter(({ name }) => names.has(name));
  return instance.exports.length !== before;
}
