import { Opcode } from "../binary/opcodes.js";
import { ByteWriter, concat } from "../binary/writer.js";
import { type AnyEntity, type Environment, resolve } from "../component/environment.js";
import { definitionsOf, insertSectionBefore, referencesOf, removeDefinitions } from "../component/graph.js";
import type {
  CoreInlineExports,
  CoreInstance,
  CoreInstantiation,
  CoreModuleDefinition,
  Entity,
  Lift,
  Lower,
  Start,
} from "../component/model.js";
import { ComponentInitError } from "../errors.js";
import { decodeModule } from "../module/decode.js";
import { encodeModule } from "../module/encode.js";
import { functionType } from "../module/index-spaces.js";
import { CoreModule } from "../module/model.js";
import { type FuncType, funcTypeGroup } from "../module/types.js";
import type { ValueType } from "../module/value-types.js";

/**
 * Puts a core module in the place of a component start function: its own start function does the same, at the same
 * moment. Engines do not implement the ones of components, which hang on component values.
 *
 * A function that the component itself lifts cannot be lowered in it (a component instance is not entered twice,
 * CanonicalABI.md), so its core function is called; between these two nothing happens when no value is passed.
 *
 * @returns the instantiations to carry out in its place
 */
export function replaceStart(start: Start, environment: Environment): CoreInstantiation[] {
  const { component } = environment;
  if (start.args.length > 0) refuse("takes arguments");
  const isUsed = (result: Entity) => definitionsOf(component).some((other) => referencesOf(other).has(result));
  if (start.results.some(isUsed)) refuse("has a result that something else uses");
  const { entity, environment: home } = resolve({ entity: start.func, environment });
  const target = entity as AnyEntity;
  const own = target.kind === "lift" && home === environment;
  const { func, results, postReturn } = own ? coreFunctionOf(target) : lowered(start, environment);
  const module: CoreModuleDefinition = {
    kind: "core module",
    sort: "core module",
    chunks: encodeModule(callingModule(results, postReturn !== undefined)).toChunks(),
    offset: 0,
  };
  const items = [{ name: "start", item: func }, ...(postReturn ? [{ name: "post-return", item: postReturn }] : [])];
  const exports: CoreInlineExports = { kind: "core inline exports", sort: "core instance", exports: items };
  const instantiation: CoreInstantiation = {
    kind: "core instantiation",
    sort: "core instance",
    module,
    args: [{ name: "", instance: exports }],
  };
  insertSectionBefore(component, start, "core module", [module]);
  insertSectionBefore(component, start, "core instance", [exports, instantiation]);
  removeDefinitions(component, new Set([start]));
  return [instantiation];
}

function refuse(what: string): never {
  throw new ComponentInitError(
    "unsupported",
    `a component start function ${what}: no engine implements component values, so only a start function without them can run`,
  );
}

interface CoreCall {
  readonly func: Entity;
  readonly results: readonly ValueType[];
  readonly postReturn: Entity | undefined;
}

function coreFunctionOf({ func, options }: Lift): CoreCall {
  if (options.some(({ kind }) => kind === "async")) refuse("is asynchronous");
  const type = typeOfCoreFunction(func);
  if (type === undefined || type.params.length > 0) refuse("is of a form that is not known");
  const postReturn = options.find((option) => option.kind === "post-return");
  return {
    func,
    results: type.results,
    postReturn: postReturn && "entity" in postReturn ? postReturn.entity : undefined,
  };
}

function typeOfCoreFunction(func: Entity): FuncType | undefined {
  const alias = func as AnyEntity;
  if (alias.kind !== "core export alias") return undefined;
  const instance = alias.instance as CoreInstance;
  if (instance.kind === "core inline exports") {
    const found = instance.exports.find(({ name }) => name === alias.name);
    return found && typeOfCoreFunction(found.item);
  }
  // The module is a copy or stands where it was defined: the instantiation was specialized before.
  const module = decodeModule(concat((instance.module as CoreModuleDefinition).chunks));
  const item = module.exports.find(({ name, kind }) => name === alias.name && kind === "func");
  return item && functionType(module, item.index);
}

function lowered(start: Start, { component }: Environment): CoreCall {
  // Its result would have to be lowered into some memory.
  if (start.results.length > 0) refuse("of another component has a result");
  const func: Lower = { kind: "lower", sort: "core func", func: start.func, options: [] };
  insertSectionBefore(component, start, "canon", [func]);
  return { func, results: [], postReturn: undefined };
}

/** Calls `start`, and `post-return` with its results. */
function callingModule(results: readonly ValueType[], hasPostReturn: boolean): CoreModule {
  const module = CoreModule.empty();
  module.types = [funcTypeGroup([], results), funcTypeGroup(results, []), funcTypeGroup([], [])];
  const imported = { module: "", kind: "func", exact: false } as const;
  const postReturn = hasPostReturn ? [{ ...imported, name: "post-return", type: 1 }] : [];
  module.imports = [{ ...imported, name: "start", type: 0 }, ...postReturn];
  module.functions = [2];
  const body = new ByteWriter().u8(0x00).u8(Opcode.call).u32(0);
  if (hasPostReturn) body.u8(Opcode.call).u32(1);
  else for (const _ of results) body.u8(Opcode.drop);
  module.code = [body.u8(Opcode.end).toBytes()];
  module.start = module.imports.length;
  return module;
}
