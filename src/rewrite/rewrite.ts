import { definitionsOf, definitionsOfKind, referencesOf, removeDefinitions } from "../component/graph.js";
import { instantiationsIn } from "../component/instantiations.js";
import { removeDead } from "../component/live.js";
import type {
  Component,
  CoreInstantiation,
  CoreModuleDefinition,
  Definition,
  Export,
  Import,
} from "../component/model.js";
import { exportedFunctions } from "../component/resolve.js";
import { ComponentInitError } from "../errors.js";
import type { InitFunction } from "../instrument/init-func.js";
import { decodeDefinition } from "../instrument/module.js";
import { adapterKind } from "../instrument/preview1-adapter.js";
import { encodeModule } from "../module/encode.js";
import type { ExternKind } from "../module/exports.js";
import type { RemovedCounts } from "../module/gc.js";
import { importedCount } from "../module/index-spaces.js";
import type { CoreModule } from "../module/model.js";
import type { FunctionReference, InstanceSnapshot, Snapshot } from "../snapshot/model.js";
import type { CoreInstanceNode, Specialized } from "../specialize/model.js";
import { ModuleCollector } from "./collect.js";
import { CoreGraph } from "./core-graph.js";
import type { Correspondence } from "./correspondence.js";
import { keepDeclared } from "./declarations.js";
import { aliasedExports, noteExport, noteImports, type UsedExports } from "./exports.js";
import { addLateReferences } from "./late-references.js";
import { mismatch } from "./mismatch.js";
import { rewriteModule } from "./module.js";
import { nestedCallWarnings } from "./nested-calls.js";
import { type ReferenceState, rewriteReferences } from "./references.js";
import { dropFunctions } from "./replaced-imports.js";
import { shareEqual } from "./share.js";

export interface RewriteOptions {
  /** The function that initialized the component: it is taken out, with whatever only it needed. */
  readonly remove?: InitFunction;
  /**
   * Which core instance of `bytes` gets the state of which one of the snapshot, as positions among the instances:
   * snapshot to component. By default each gets its own.
   */
  readonly correspondence?: Correspondence;
  /** Remove from core modules what the component around them cannot reach. */
  readonly gc?: boolean;
  /** Core instances whose exports others want who are not there yet. */
  readonly exporting?: ReadonlySet<CoreInstantiation>;
  /** Imports whose functions nobody is to provide any more. */
  readonly replacedImports?: ReadonlySet<Import>;
}

export interface Rewritten {
  readonly component: Component;
  /** The core modules of `component` that were rewritten. */
  readonly modules: ReadonlyMap<CoreModuleDefinition, CoreModule>;
  /** The same modules by the instance of the snapshot whose state they got. */
  readonly moduleOf: ReadonlyMap<number, CoreModule>;
  /** For each core instance of the output, in order, the one of the snapshot whose state it has, if any. */
  readonly instances: readonly (number | undefined)[];
  /** The index that an item of an instance of the snapshot has in the output; `undefined` when it went. */
  readonly indexOf: (instance: number, kind: ExternKind, index: number) => number | undefined;
  /** What was removed from core modules, where that was asked for. */
  readonly collected: RemovedCounts | undefined;
  readonly warnings: readonly string[];
}

/**
 * Writes a component that starts with the state of a snapshot.
 *
 * @param specialized - the component that the snapshot was taken of, or one whose core instances correspond to it; it
 *   becomes the output
 * @throws {@link ComponentInitError} `no-correspondence` when the snapshot does not fit the component
 */
export function rewrite(specialized: Specialized, snapshot: Snapshot, options: RewriteOptions = {}): Rewritten {
  return new Rewriter(specialized, snapshot, options).rewrite();
}

/** Longer chains of components keep what only collecting all of the others would show to be of no use. */
const MAX_ROUNDS = 20;

class Rewriter {
  private readonly component: Component;
  private readonly nodes: readonly CoreInstanceNode[];
  private readonly states: ReadonlyMap<number, InstanceSnapshot>;
  private readonly modules = new Map<CoreModuleDefinition, CoreModule>();
  private readonly added: CoreInstantiation[] = [];
  private readonly warnings: string[] = [];
  private readonly exporting: ReadonlySet<CoreInstantiation>;
  private readonly collector: ModuleCollector | undefined;

  constructor(
    private readonly specialized: Specialized,
    snapshot: Snapshot,
    private readonly options: RewriteOptions,
  ) {
    this.component = specialized.component;
    this.nodes = specialized.instances;
    this.states = assignStates(snapshot, this.nodes, options.correspondence);
    this.exporting = options.exporting ?? new Set();
    this.collector = options.gc ? new ModuleCollector(this.modules, decodeDefinition, this.exporting) : undefined;
  }

  rewrite(): Rewritten {
    const removedExports = removeInit(this.component, this.nodes, this.options.remove, this.warnings);
    this.nodes.forEach((node, i) => {
      const state = this.states.get(i);
      if (state === undefined) refuseForeignEffects(node, i);
      else this.modules.set(node.module, rewriteModule(node.module, state));
    });
    this.rewriteReferences();
    const removed = new Set(this.removeDead());
    this.removeUnusedExports(removed, removedExports);
    for (const { module } of this.nodes) this.keepDeclared(module);
    if (this.collector !== undefined) this.collect(this.collector, removed);
    dropFunctions(this.component, this.options.replacedImports ?? new Set());
    return this.result(removed);
  }

  /** Each round goes through everything, and one is needed for each component of a chain that becomes of no use. */
  private collect(collector: ModuleCollector, removed: Set<Definition>): void {
    for (let round = 0; round < MAX_ROUNDS && collector.collect(this.component); round++) {
      for (const one of this.removeDead()) removed.add(one);
    }
  }

  private removeDead(): ReadonlySet<Definition> {
    return removeDead(this.component, {
      hasEffect: (one) => this.exporting.has(one) || hasEffect(this.moduleOf(one.module as CoreModuleDefinition)),
      isExported: () => true,
      isImported: (item) => !this.options.replacedImports?.has(item),
    });
  }

  private rewriteReferences(): void {
    const graph = new CoreGraph(
      this.nodes,
      memoize((i: number) => decodeDefinition((this.nodes[i] as CoreInstanceNode).module)),
    );
    const states = [...this.states].map(
      ([instance, { tables, references }]): ReferenceState => ({ instance, tables, references }),
    );
    const translate = (func: FunctionReference) => this.translate(func);
    const moduleToEdit = (instance: number) => this.moduleToEdit((this.nodes[instance] as CoreInstanceNode).module);
    const foreign = rewriteReferences(states, graph, this.nodes.keys(), moduleToEdit, translate);
    const byComponent = Map.groupBy(foreign, ({ instance }) => (this.nodes[instance] as CoreInstanceNode).component);
    for (const [component, ofComponent] of byComponent) {
      const late = addLateReferences(component, ofComponent, this.nodes, graph, moduleToEdit);
      this.modules.set(late.definition, late.module);
      this.added.push(late.instantiation);
    }
  }

  /** From positions in the snapshot to positions in the component. */
  private translate({ instance, index }: FunctionReference): FunctionReference {
    const { correspondence } = this.options;
    const target = correspondence === undefined ? { instance, isEqual: true } : correspondence.get(instance);
    if (target === undefined || this.nodes[target.instance] === undefined) {
      throw mismatch(`a function of core instance ${instance} is in a table or global, and it has no counterpart`);
    }
    if (!target.isEqual) {
      throw mismatch(`a function of core instance ${instance} is in a table or global, and its counterpart differs`);
    }
    return { instance: target.instance, index };
  }

  private keepDeclared(definition: CoreModuleDefinition): void {
    const module = this.modules.get(definition);
    if (module !== undefined) keepDeclared(decodeDefinition(definition), module);
  }

  private moduleToEdit(definition: CoreModuleDefinition): CoreModule {
    const module = this.moduleOf(definition);
    this.modules.set(definition, module);
    return module;
  }

  private moduleOf(definition: CoreModuleDefinition): CoreModule {
    return this.modules.get(definition) ?? decodeDefinition(definition);
  }

  /** Core exports that were only aliased by definitions that are gone. */
  private removeUnusedExports(
    removed: ReadonlySet<Definition>,
    removedExports: ReadonlyMap<CoreInstantiation, string>,
  ): void {
    const unused: UsedExports = new Map();
    for (const [instance, name] of removedExports) noteExport(unused, instance, name);
    for (const definition of removed) {
      if (definition.kind === "core export alias") noteExport(unused, definition.instance, definition.name);
    }
    const usedExports = memoize((component: Component) => this.usedExportsIn(component));
    for (const node of this.nodes) {
      const names = unused.get(node.instantiation);
      const module = this.modules.get(node.module);
      if (names === undefined || module === undefined || removed.has(node.instantiation)) continue;
      for (const name of usedExports(node.component).get(node.instantiation) ?? []) names.delete(name);
      if (names.size > 0) module.exports = module.exports.filter(({ name }) => !names.has(name));
    }
  }

  /** By instance, the exports that aliases and core modules that are instantiated with the instance ask for. */
  private usedExportsIn(component: Component): UsedExports {
    const used = aliasedExports(definitionsOf(component));
    for (const { module, args } of definitionsOfKind(component, "core instantiation")) {
      noteImports(args, this.moduleOf(module as CoreModuleDefinition), used);
    }
    return used;
  }

  private indexIn(instanceOf: ReadonlyMap<CoreInstantiation, number>): Rewritten["indexOf"] {
    const definitions = new Map(
      this.nodes.map(({ instantiation, module }) => [instanceOf.get(instantiation), module] as const),
    );
    return (instance, kind, index) => {
      const definition = definitions.get(instance);
      if (definition === undefined) return undefined;
      return this.collector === undefined ? index : this.collector.indexOf(definition, kind, index);
    };
  }

  private droppedSections(): string[] {
    return this.nodes.flatMap((node, position) => {
      const names = this.collector?.droppedSections.get(node.module);
      if (names === undefined) return [];
      return [
        `${names.join(", ")} of core module ${labelOf(node, position)} went, because its code has changed (--gc)`,
      ];
    });
  }

  private result(removed: ReadonlySet<Definition>): Rewritten {
    const moduleOf = new Map<number, CoreModule>();
    const instanceOf = new Map<CoreInstantiation, number>();
    this.nodes.forEach(({ module, instantiation }, i) => {
      const state = this.states.get(i);
      if (state === undefined || removed.has(instantiation)) return;
      moduleOf.set(state.instance, this.modules.get(module) as CoreModule);
      instanceOf.set(instantiation, state.instance);
    });
    for (const [definition, module] of this.modules) definition.chunks = encodeModule(module).toChunks();
    const instances = instantiationsIn(this.component).map((instantiation) => instanceOf.get(instantiation));
    shareEqual(this.component, this.specialized.origins);
    const { component, modules } = this;
    const collected = this.collector?.removed;
    const warnings = [...this.warnings, ...this.droppedSections(), ...nestedCallWarnings(component)];
    return { component, modules, moduleOf, instances, indexOf: this.indexIn(instanceOf), collected, warnings };
  }
}

/** A text that tells modules apart. */
function labelOf({ name, moduleName }: CoreInstanceNode, position: number): string {
  return moduleName ?? name ?? String(position);
}

function memoize<K, T>(compute: (key: K) => T): (key: K) => T {
  const known = new Map<K, T>();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) known.set(key, (value = compute(key)));
    return value;
  };
}

/** Whether instantiating a module does something to what it imports. */
function hasEffect(module: CoreModule): boolean {
  if (module.start !== undefined) return true;
  const importedTables = importedCount(module, "table");
  const importedMemories = importedCount(module, "memory");
  // Segments of a large program take a while to decode, and such a program has a memory and a table of its own.
  const fillsTable =
    importedTables > 0 && module.elements.some(({ mode }) => isActive(mode) && mode.table < importedTables);
  return (
    fillsTable ||
    (importedMemories > 0 && module.data.some(({ mode }) => isActive(mode) && mode.memory < importedMemories))
  );
}

function isActive<M extends { readonly kind: string }>(mode: M): mode is Extract<M, { kind: "active" }> {
  return mode.kind === "active";
}

/** The state for each core instance, by position; those that the snapshot knows nothing of start as they are. */
function assignStates(
  { instances }: Snapshot,
  targets: readonly CoreInstanceNode[],
  correspondence: Correspondence | undefined,
): Map<number, InstanceSnapshot> {
  if (correspondence === undefined && instances.length !== targets.length) {
    throw new ComponentInitError(
      "no-correspondence",
      `the snapshot has ${instances.length} core instances and the component ${targets.length}`,
    );
  }
  const states = new Map<number, InstanceSnapshot>();
  for (const state of instances) {
    const target = correspondence === undefined ? state.instance : correspondence.get(state.instance)?.instance;
    if (target !== undefined) states.set(target, state);
  }
  return states;
}

/**
 * An instance without a state in the snapshot starts as it is: what it does to others while it starts would come on top
 * of the snapshot. The preview 1 adapter's start function only allocates its stack.
 */
function refuseForeignEffects({ module: definition, name, moduleName }: CoreInstanceNode, instance: number): void {
  const module = decodeDefinition(definition);
  const imported = importedCount(module, "memory");
  const refuse = (what: string) => {
    throw new ComponentInitError(
      "no-correspondence",
      `core instance ${name ?? instance} has ${what}, and no counterpart in the snapshot: name one`,
    );
  };
  if (module.data.some(({ mode }) => mode.kind === "active" && mode.memory < imported)) {
    refuse("data for a memory that it imports");
  }
  if (module.start !== undefined && module.imports.length > 0 && adapterKind(module, moduleName) !== "known") {
    refuse("a start function");
  }
}

/** Takes the init function out. Of one in a core module it says which export is to go if nobody else uses it. */
function removeInit(
  component: Component,
  nodes: readonly CoreInstanceNode[],
  init: InitFunction | undefined,
  warnings: string[],
): ReadonlyMap<CoreInstantiation, string> {
  if (init === undefined || init.kind === "none") return new Map();
  if (init.kind === "core") {
    const { instantiation } = nodes[init.instance] as CoreInstanceNode;
    return new Map([[instantiation, init.name]]);
  }
  const target = exportToRemove(component, init, warnings);
  if (target !== undefined) removeDefinitions(component, new Set([target]));
  return new Map();
}

function exportToRemove(
  component: Component,
  init: Extract<InitFunction, { kind: "export" }>,
  warnings: string[],
): Export | undefined {
  const name = init.interface ?? init.name;
  if (init.interface !== undefined) {
    const members = exportedFunctions(component).filter((func) => func.interface === init.interface);
    if (members.length > 1) {
      // Without the function the interface would have another type than the one that its users know.
      warnings.push(`${init.interface}#${init.name} stays exported, because its interface has other functions`);
      return undefined;
    }
  }
  const target = definitionsOfKind(component, "export").find((one) => one.name.name === name);
  if (target === undefined || !isReferredTo(component, target)) return target;
  warnings.push(`${name} stays exported, because other parts of the component refer to it`);
  return undefined;
}

function isReferredTo(component: Component, target: Export): boolean {
  return definitionsOf(component).some((definition) => referencesOf(definition).has(target));
}
