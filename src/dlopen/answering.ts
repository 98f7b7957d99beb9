import type { AnyEntity } from "../component/environment.js";
import { replaceDefinitions, turnInto } from "../component/graph.js";
import type {
  CanonOption,
  Component,
  ComponentSection,
  CoreExportAlias,
  CoreInlineExports,
  CoreInstance,
  CoreInstantiation,
  CoreModuleDefinition,
  Definition,
  Entity,
  Lower,
} from "../component/model.js";
import { setName } from "../component/names.js";
import { decodeDefinition } from "../instrument/module.js";
import { encodeModule } from "../module/encode.js";
import type { MemoryType } from "../module/extern-types.js";
import { memorySpace } from "../module/index-spaces.js";
import type { CoreModule } from "../module/model.js";
import type { CoreInstanceNode } from "../specialize/model.js";
import { adapterExport, adapterModule, type StringEncoding } from "./adapter.js";
import type { DlLowering } from "./lowerings.js";

/**
 * Puts core modules that answer from a table in the place of functions of the host, in one component. No function of a component is
 * left in between: many runtimes let none call a component that it contains.
 *
 * @param lowerings - all those of the component; they become aliases
 * @param lookup - what answers
 * @param asksHost - whether the functions of the host stay, for what is not in the table
 * @returns the core instances that were added
 */
export async function answerIn(
  component: Component,
  lowerings: readonly DlLowering[],
  lookup: CoreModule,
  asksHost: boolean,
): Promise<CoreInstanceNode[]> {
  const answering = made("component-init:dlopen", component, lookup, []);
  const adapters: Adapter[] = [];
  for (const group of groupsOf(lowerings, asksHost)) {
    adapters.push(await adapterFor(group, component, answering.instantiation, asksHost));
  }
  const replacements = new Map<Definition, ComponentSection[]>();
  for (const [i, { sections, aliases }] of adapters.entries()) {
    let before = i === 0 ? [...sectionsOf(answering), ...sections] : sections;
    for (const [lower, alias] of aliases) {
      replacements.set(turnInto(lower, alias), [...before, { kind: "alias", definitions: [lower] }]);
      before = [];
    }
  }
  replaceDefinitions(component, replacements);
  const nodes = [answering, ...adapters.map(({ node }) => node)];
  for (const { instantiation, module, name } of nodes) {
    setName(component, module, name);
    setName(component, instantiation, name);
  }
  return nodes;
}

type NamedNode = CoreInstanceNode & { readonly name: string };

function made(name: string, component: Component, core: CoreModule, args: CoreInstantiation["args"]): NamedNode {
  const chunks = encodeModule(core).toChunks();
  const module: CoreModuleDefinition = { kind: "core module", sort: "core module", chunks, offset: 0 };
  const instantiation: CoreInstantiation = { kind: "core instantiation", sort: "core instance", module, args };
  return { instantiation, module, component, name, moduleName: name };
}

function sectionsOf({ module, instantiation }: CoreInstanceNode): ComponentSection[] {
  return [
    { kind: "core module", definitions: [module] },
    { kind: "core instance", definitions: [...argumentsOf(instantiation), instantiation] },
  ];
}

function argumentsOf({ args }: CoreInstantiation): CoreInlineExports[] {
  const instances = new Set(args.map(({ instance }) => instance as CoreInstance));
  return [...instances].filter((instance): instance is CoreInlineExports => instance.kind === "core inline exports");
}

/** What one adapter can do. Where it asks the host, functions of that must come before it, which the first of some may not do. */
function groupsOf(lowerings: readonly DlLowering[], asksHost: boolean): DlLowering[][] {
  if (asksHost) return lowerings.map((lowering) => [lowering]);
  const keys = new Map<Entity | undefined, number>();
  const keyOf = (entity: Entity | undefined) => {
    const key = keys.get(entity) ?? keys.size;
    keys.set(entity, key);
    return key;
  };
  const groups = Map.groupBy(lowerings, ({ lower: { options } }) => {
    return `${keyOf(optionOf(options, "memory"))} ${keyOf(optionOf(options, "realloc"))} ${encodingOf(options)}`;
  });
  return [...groups.values()];
}

function encodingOf(options: readonly CanonOption[]): StringEncoding {
  const given = options.find(({ kind }) => kind === "utf16" || kind === "latin1+utf16");
  return (given?.kind ?? "utf8") as StringEncoding;
}

/** Validation asks for both, because there are strings among arguments and results. */
function optionOf(options: readonly CanonOption[], kind: "memory" | "realloc"): Entity {
  const found = options.find((option) => option.kind === kind);
  if (found === undefined || !("entity" in found))
    throw new Error(`a function with strings is lowered without ${kind}`);
  return found.entity;
}

interface Adapter {
  readonly node: NamedNode;
  /** What must come before the first of the aliases. */
  readonly sections: ComponentSection[];
  readonly aliases: readonly (readonly [Lower, CoreExportAlias])[];
}

async function adapterFor(
  group: readonly DlLowering[],
  component: Component,
  lookup: CoreInstantiation,
  asksHost: boolean,
): Promise<Adapter> {
  const [{ lower: first }] = group as readonly [DlLowering];
  const memory = optionOf(first.options, "memory");
  const names = group.map(({ lower, func }) => adapterExport(encodingOf(lower.options), func));
  const module = await adapterModule(memoryTypeOf(memory), new Set(names), asksHost);
  const program = inlineExports([
    { name: "memory", item: memory },
    { name: "realloc", item: optionOf(first.options, "realloc") },
  ]);
  const ofHost = asksHost ? group.map(({ lower, func }) => ({ name: func, item: { ...lower } })) : [];
  const node = made("component-init:dlopen adapter", component, module, [
    { name: "env", instance: program },
    { name: "program", instance: program },
    { name: "lookup", instance: lookup },
    ...(asksHost ? [{ name: "host", instance: inlineExports(ofHost) }] : []),
  ]);
  const canons: ComponentSection[] = asksHost ? [{ kind: "canon", definitions: ofHost.map(({ item }) => item) }] : [];
  const aliases = group.map(({ lower }, i) => [lower, alias(node.instantiation, names[i] as string)] as const);
  return { node, sections: [...canons, ...sectionsOf(node)], aliases };
}

function inlineExports(exports: CoreInlineExports["exports"]): CoreInlineExports {
  return { kind: "core inline exports", sort: "core instance", exports };
}

function alias(instance: Entity, name: string): CoreExportAlias {
  return { kind: "core export alias", sort: "core func", instance, name };
}

/** A core module that imports a memory says of its addresses and pages what they are. */
function memoryTypeOf(memory: Entity): MemoryType {
  let item = memory as AnyEntity | CoreExportAlias;
  for (;;) {
    if (item.kind !== "core export alias") throw new Error("a memory is no export of a core instance");
    const { name } = item;
    const instance = item.instance as CoreInstance;
    if (instance.kind === "core instantiation") return exportedMemory(instance, name);
    item = instance.exports.find((one) => one.name === name)?.item as CoreExportAlias;
  }
}

function exportedMemory({ module }: CoreInstantiation, name: string): MemoryType {
  const decoded = decodeDefinition(module as CoreModuleDefinition);
  const found = decoded.exports.find((one) => one.kind === "memory" && one.name === name);
  const memory = found && memorySpace(decoded)[found.index];
  if (memory === undefined) throw new Error(`a core instance exports no memory ${name}`);
  return memory.type;
}
