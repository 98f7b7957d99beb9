import type { Component } from "../component/model.js";
import { type ExportedFunction, exportedFunctions } from "../component/resolve.js";
import type { FunctionType } from "../component/value-types.js";
import { ComponentInitError } from "../errors.js";
import { nearest } from "../nearest.js";
import { type ItemName, parseItemName } from "../wave/item-name.js";
import type { WaveCall } from "../wave/nodes.js";
import { parseCall } from "../wave/parser.js";
import { typecheckArgs } from "../wave/typecheck.js";

/** What `--init-func` asks for, found in a component. */
export type InitFunction =
  /** Instantiation alone. */
  | { readonly kind: "none" }
  | {
      readonly kind: "export";
      /** The interface that the function is in, as the component exports it. */
      readonly interface: string | undefined;
      readonly name: string;
      readonly type: FunctionType;
      /** In the host's convention. */
      readonly args: readonly unknown[];
    }
  | {
      readonly kind: "core";
      /** Position among the component's instantiations of core modules. */
      readonly instance: number;
      readonly name: string;
    };

/** A function that a core instance exports. */
export interface CoreFunctionExport {
  readonly instance: number;
  /** What the component calls the instance or its module, where it has a name. */
  readonly instanceName: string | undefined;
  /** What the component calls the module of the instance. */
  readonly moduleName: string | undefined;
  readonly name: string;
  /** Whether it takes and returns nothing, as an init function must. */
  readonly isNullary: boolean;
  readonly signature: string;
}

/** Names that are tried when none is asked for: ours, and those of `wasmtime wizer` and of wizer for core modules. */
export const DEFAULT_INIT_FUNCTIONS = ["component-init", "wizer-initialize", "core:wizer.initialize"] as const;

/**
 * Finds the init function.
 *
 * @param requested - a WIT item name, a WAVE call, `core:NAME`, `core:INSTANCE/NAME`, `none`, or nothing for the defaults
 * @throws {@link ComponentInitError} `init-not-found`, `init-ambiguous`, `init-signature`, `invalid-option`
 */
export function findInitFunction(
  component: Component,
  coreExports: () => readonly CoreFunctionExport[],
  requested: string | undefined,
): InitFunction {
  if (requested === "none") return { kind: "none" };
  const exported = exportedFunctions(component);
  if (requested === undefined) return findDefault(exported, coreExports);
  const call = parseCall(requested);
  const found = find(call, exported, coreExports);
  if (found !== undefined) return found;
  throw new ComponentInitError(
    "init-not-found",
    `the component has no function ${call.name} to initialize it with` +
      `${didYouMean(call.name, exported.flatMap(spellings))}; ${describeExports(exported)}`,
  );
}

function findDefault(
  exported: readonly ExportedFunction[],
  coreExports: () => readonly CoreFunctionExport[],
): InitFunction {
  for (const name of DEFAULT_INIT_FUNCTIONS) {
    const found = find(parseCall(name), exported, coreExports);
    if (found !== undefined) return found;
  }
  throw new ComponentInitError(
    "init-not-found",
    `the component has none of the functions ${DEFAULT_INIT_FUNCTIONS.join(", ")}; ` +
      `name one with --init-func (none to only instantiate); ${describeExports(exported)}`,
  );
}

/** A function of an interface may be meant by its own name. */
function spellings(func: ExportedFunction): string[] {
  return func.interface === undefined ? [func.name] : [func.name, itemName(func)];
}

function didYouMean(name: string, names: readonly string[]): string {
  const meant = nearest(name, names);
  return meant === undefined ? "" : ` (did you mean ${meant}?)`;
}

function describeExports(exported: readonly ExportedFunction[]): string {
  if (exported.length === 0) return "it exports no functions";
  const names = exported.slice(0, 12).map(itemName);
  return `it exports ${names.join(", ")}${exported.length > names.length ? ", …" : ""}`;
}

/** As `--init-func` takes it: `ns:pkg/iface@1.0.0#func`. */
function itemName(func: { interface: string | undefined; name: string }): string {
  return func.interface === undefined ? func.name : `${func.interface}#${func.name}`;
}

function find(
  call: WaveCall,
  exported: readonly ExportedFunction[],
  coreExports: () => readonly CoreFunctionExport[],
): InitFunction | undefined {
  for (const reading of parseItemName(call.name)) {
    if (reading.kind === "core") return findCore(reading.name, coreExports());
    const candidates = candidatesFor(reading, exported);
    if (candidates.length === 0) continue;
    const [only, ...others] = candidates;
    if (others.length > 0) ambiguous(call.name, candidates.map(itemName));
    return exportCall(only as ExportedFunction, call);
  }
  return undefined;
}

function ambiguous(name: string, candidates: readonly string[]): never {
  throw new ComponentInitError("init-ambiguous", `${name} may be any of ${candidates.join(", ")}: name one of them`);
}

function candidatesFor(
  reading: Exclude<ItemName, { kind: "core" }>,
  exported: readonly ExportedFunction[],
): ExportedFunction[] {
  if (reading.kind === "instance") return exported.filter((func) => isInterface(func.interface, reading.instance));
  const named = exported.filter((func) => func.name === reading.name);
  if (reading.kind === "member") return named.filter((func) => isInterface(func.interface, reading.instance));
  // As `wasmtime run --invoke` does it: a bare name is looked for at the root, then in the exported interfaces.
  const atRoot = named.filter((func) => func.interface === undefined);
  return atRoot.length > 0 ? atRoot : named;
}

/** A name without a version stands for any version of the interface. */
function isInterface(exported: string | undefined, requested: string): boolean {
  return exported === requested || exported?.split("@")[0] === requested;
}

function exportCall(func: ExportedFunction, call: WaveCall): InitFunction {
  return {
    kind: "export",
    interface: func.interface,
    name: func.name,
    type: func.type,
    args: typecheckArgs(call, func.type),
  };
}

function findCore(name: string, coreExports: readonly CoreFunctionExport[]): InitFunction | undefined {
  const candidates = coreExports.filter(
    (one) => one.name === name || namesOfInstance(one).some((instance) => `${instance}/${one.name}` === name),
  );
  const [only, ...others] = candidates;
  if (only === undefined) return notInCore(name, coreExports);
  if (others.length > 0) ambiguous(`core:${name}`, distinctNames(candidates));
  if (!only.isNullary) {
    throw new ComponentInitError(
      "init-signature",
      `core:${name} is ${only.signature}: a core init function must take nothing and return nothing`,
    );
  }
  return { kind: "core", instance: only.instance, name: only.name };
}

function namesOfInstance({ instance, instanceName, moduleName }: CoreFunctionExport): unknown[] {
  return [instance, instanceName, moduleName].filter((name) => name !== undefined);
}

/** Instances of nested components may have the same name: then each is told by its position, which no other has. */
function distinctNames(candidates: readonly CoreFunctionExport[]): string[] {
  const names = candidates.map((one) => `core:${one.instanceName ?? one.instance}/${one.name}`);
  if (new Set(names).size === names.length) return names;
  return candidates.map((one) => `core:${one.instance}/${one.name}`);
}

/** wizer's default is one of several that are tried; any other was asked for. */
function notInCore(name: string, coreExports: readonly CoreFunctionExport[]): undefined {
  if (`core:${name}` === DEFAULT_INIT_FUNCTIONS[2]) return undefined;
  const names = [...new Set(coreExports.filter((one) => one.isNullary).map((one) => `core:${one.name}`))];
  const known = names.length === 0 ? "no function that takes and returns nothing" : names.slice(0, 12).join(", ");
  throw new ComponentInitError(
    "init-not-found",
    `no core module has a function core:${name} to initialize the component with${didYouMean(`core:${name}`, names)}; ` +
      `they export ${known}` +
      `${names.length > 12 ? ", …" : ""}`,
  );
}

/** How an init function is written in reports. */
export function formatInitFunction(init: InitFunction): string | undefined {
  if (init.kind === "none") return undefined;
  return init.kind === "core" ? `core:${init.name}` : itemName(init);
}
