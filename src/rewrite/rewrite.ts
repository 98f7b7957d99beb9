import type { ByteWriter } from "../binary/writer.js";
import { decodeComponent } from "../component/decode.js";
import { encodeComponent } from "../component/encode.js";
import { coreInstantiations, definitionsOfKind, removeExports } from "../component/graph.js";
import type {
  Component,
  CoreExportAlias,
  CoreInstantiation,
  CoreModuleDefinition,
  Definition,
  Export,
} from "../component/model.js";
import { exportedFunctions } from "../component/resolve.js";
import { ComponentInitError } from "../errors.js";
import type { InitFunction } from "../instrument/init-func.js";
import type { InstanceSnapshot, Snapshot } from "../snapshot/model.js";
import { rewriteModule } from "./module.js";

export interface RewriteOptions {
  /** The function that initialized the component: it is taken out, with whatever only it needed. */
  readonly remove?: InitFunction;
}

export interface Rewritten {
  readonly output: ByteWriter;
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
  const warnings: string[] = [];
  const removedCoreExports = options.remove ? removeInit(component, options.remove, warnings) : new Map();
  const states = new Map(snapshot.instances.map((state) => [state.instance, state]));
  instances.forEach((instance, index) => {
    const state = states.get(index);
    if (state === undefined)
      throw new ComponentInitError("no-correspondence", `the snapshot has no state for core instance ${index}`);
    rewriteInstance(instance, state, removedCoreExports.get(instance) ?? []);
  });
  return { output: encodeComponent(component), warnings };
}

function rewriteInstance(
  instance: CoreInstantiation,
  state: InstanceSnapshot,
  removedExports: readonly string[],
): void {
  const definition = instance.module as CoreModuleDefinition;
  definition.chunks = rewriteModule(definition, state, new Set(removedExports));
}

/** Takes the init function out and says which core exports have no user left. */
function removeInit(component: Component, init: InitFunction, warnings: string[]): Map<CoreInstantiation, string[]> {
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
  return definitionsOfKind(component, "export").find((one) => one.name.name === name);
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

/** Aliases name the exports that they use; an instance passed to another module may be asked for any of them. */
function isCoreExportUsed(component: Component, instance: CoreInstantiation, name: string): boolean {
  const aliases: CoreExportAlias[] = definitionsOfKind(component, "core export alias");
  if (aliases.some((alias) => alias.instance === instance && alias.name === name)) return true;
  return coreInstantiations(component).some((user) => user.args.some((arg) => arg.instance === instance));
}
