import { decodeComponent } from "../component/decode.js";
import {
  componentNames,
  coreInstantiations,
  definitionsOf,
  definitionsOfKind,
  referencesOf,
  removeExports,
} from "../component/graph.js";
import type {
  Component,
  CoreExportAlias,
  CoreInstantiation,
  CoreModuleDefinition,
  Definition,
  Export,
} from "../component/model.js";
import { nameOf } from "../component/names.js";
import { exportedFunctions } from "../component/resolve.js";
import { ComponentInitError } from "../errors.js";
import type { InitFunction } from "../instrument/init-func.js";
import { PREVIEW1_ADAPTER } from "../instrument/model.js";
import { decodeDefinition } from "../instrument/module.js";
import { encodeModule } from "../module/encode.js";
import { importedCount } from "../module/index-spaces.js";
import type { CoreModule } from "../module/model.js";
import type { InstanceSnapshot, Snapshot } from "../snapshot/model.js";
import type { Correspondence } from "./correspondence.js";
import { rewriteModule } from "./module.js";

export interface RewriteOptions {
  /** The function that initialized the component: it is taken out, with whatever only it needed. */
  readonly remove?: InitFunction;
  /**
   * Which core instance of `bytes` gets the state of which one of the snapshot, as positions among the instantiations:
   * snapshot to component. By default each gets its own.
   */
  readonly correspondence?: Correspondence;
}

export interface Rewritten {
  readonly component: Component;
  /** The core modules of `component` that were rewritten. */
  readonly modules: ReadonlyMap<CoreModuleDefinition, CoreModule>;
  /** The same modules by the instance of the snapshot whose state they got. */
  readonly moduleOf: ReadonlyMap<number, CoreModule>;
  readonly warnings: readonly string[];
}

/**
 * Writes a component that starts with the state of a snapshot.
 *
 * @param bytes - the component that the snapshot was taken of, or one whose core instances correspond to it
 * @throws {@link ComponentInitError} `no-correspondence` when the snapshot does not fit the component
 */
export function rewrite(bytes: Uint8Array, snapshot: Snapshot, options: RewriteOptions = {}): Rewritten {
  const component = decodeComponent(bytes);
  const instances = coreInstantiations(component);
  const states = assignStates(snapshot, instances, options.correspondence);
  const warnings: string[] = [];
  const removedExports = removeInit(component, options.remove ?? { kind: "none" }, warnings);
  const modules = new Map<CoreModuleDefinition, CoreModule>();
  const moduleOf = new Map<number, CoreModule>();
  instances.forEach((instance, i) => {
    const state = states.get(i);
    const definition = instance.module as CoreModuleDefinition;
    if (state === undefined) {
      refuseForeignEffects(definition, i, nameOf(componentNames(component), definition));
      return;
    }
    const module = rewriteModule(definition, state, new Set(removedExports.get(instance)));
    modules.set(definition, module);
    moduleOf.set(state.instance, module);
    definition.chunks = encodeModule(module).toChunks();
  });
  return { component, modules, moduleOf, warnings };
}

/** The state for each core instance, by position; those that the snapshot knows nothing of start as they are. */
function assignStates(
  { instances }: Snapshot,
  targets: readonly CoreInstantiation[],
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
    const target = correspondence === undefined ? state.instance : correspondence.get(state.instance);
    if (target !== undefined) states.set(target, state);
  }
  return states;
}

/**
 * An instance without a state in the snapshot starts as it is: what it does to others while it starts would come on top
 * of the snapshot. The preview 1 adapter's start function only allocates its stack.
 */
function refuseForeignEffects(definition: CoreModuleDefinition, instance: number, name: string | undefined): void {
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
  if (module.start !== undefined && module.imports.length > 0 && name !== PREVIEW1_ADAPTER) refuse("a start function");
}

/** Takes the init function out and says which core exports have no user left. */
function removeInit(
  component: Component,
  init: InitFunction,
  warnings: string[],
): ReadonlyMap<CoreInstantiation, readonly string[]> {
  if (init.kind === "none") return new Map();
  if (init.kind === "core") {
    const instance = coreInstantiations(component)[init.instance] as CoreInstantiation;
    return new Map([[instance, isCoreExportUsed(component, instance, init.name) ? [] : [init.name]]]);
  }
  const target = exportToRemove(component, init, warnings);
  if (target === undefined) return new Map();
  return unusedCoreExports(component, removeExports(component, [target]));
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

/** Core exports that were only aliased by definitions that are gone. */
function unusedCoreExports(component: Component, removed: ReadonlySet<Definition>): Map<CoreInstantiation, string[]> {
  const unused = new Map<CoreInstantiation, string[]>();
  for (const definition of removed) {
    if (definition.kind !== "core export alias") continue;
    const instance = definition.instance as CoreInstantiation;
    if (instance.kind !== "core instantiation" || isCoreExportUsed(component, instance, definition.name)) continue;
    unused.set(instance, [...(unused.get(instance) ?? []), definition.name]);
  }
  return unused;
}

/** Whether an alias or a core module that is instantiated with the instance asks for an export. */
function isCoreExportUsed(component: Component, instance: CoreInstantiation, name: string): boolean {
  const aliases: CoreExportAlias[] = definitionsOfKind(component, "core export alias");
  if (aliases.some((alias) => alias.instance === instance && alias.name === name)) return true;
  return coreInstantiations(component).some((user) => {
    const args = user.args.filter((arg) => arg.instance === instance);
    if (args.length === 0) return false;
    const { imports } = decodeDefinition(user.module as CoreModuleDefinition);
    return args.some((arg) => imports.some((item) => item.module === arg.name && item.name === name));
  });
}
