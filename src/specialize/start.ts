import { Opcode } from "../binary/opcodes.js";
import { ByteWriter, concat } from "../binary/writer.js";
import { type AnyEntity, type Environment, resolve } from "../component/environment.js";
import { definitionsOf, referencesOf } from "../component/graph.js";
import type {
  ComponentSection,
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

/** What takes the place of a component start function. */
export interface StartReplacement {
  readonly sections: readonly ComponentSection[];
  /** The instantiation to carry out, which is in one of the sections. */
  readonly instantiation: CoreInstantiation;
}

/**
 * Puts core modules in the place of component start functions: their own start functions do the same, at the same
 * moment. Engines do not implement the ones of components, which hang on component values.
 *
 * A function that the component itself lifts cannot be lowered in it (a component instance is not entered twice,
 * CanonicalABI.md), so its core function is called; between these two nothing happens when no value is passed.
 */
export class StartFunctions {
  private used: ReadonlySet<Entity> | undefined;
  private readonly modules = new Map<CoreModuleDefinition, ExportedTypes>();
  private readonly inlineExports = new Map<CoreInlineExports, ReadonlyMap<string, Entity>>();

  constructor(private readonly environment: Environment) {}

  replacement(start: Start): StartReplacement {
    if (start.args.length > 0) refuse("takes arguments");
    if (start.results.some((result) => this.isUsed(result))) refuse("has a result that something else uses");
    const { environment } = this;
    const { entity, environment: home } = resolve({ entity: start.func, environment });
    const target = entity as AnyEntity;
    const isOwn = target.kind === "lift" && home === environment;
    const { func, results, postReturn, added } = isOwn ? this.coreFunctionOf(target) : lowered(start);
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
    const sections: ComponentSection[] = [
      ...added,
      { kind: "core module", definitions: [module] },
      { kind: "core instance", definitions: [exports, instantiation] },
    ];
    return { sections, instantiation };
  }

  private isUsed(result: Entity): boolean {
    this.used ??= new Set(
      definitionsOf(this.environment.component).flatMap((definition) => [...referencesOf(definition)]),
    );
    return this.used.has(result);
  }

  private coreFunctionOf({ func, options }: Lift): CoreCall {
    if (options.some(({ kind }) => kind === "async")) refuse("is asynchronous");
    const type = this.typeOf(func);
    if (type === undefined || type.params.length > 0) refuse("is of a form that is not known");
    const postReturn = options.find((option) => option.kind === "post-return");
    return {
      func,
      results: type.results,
      postReturn: postReturn && "entity" in postReturn ? postReturn.entity : undefined,
      added: [],
    };
  }

  private typeOf(func: Entity): FuncType | undefined {
    let alias = func as AnyEntity;
    while (alias.kind === "core export alias") {
      const instance = alias.instance as CoreInstance;
      // The module is a copy or stands where it was defined: the instantiation was specialized before.
      if (instance.kind === "core instantiation") {
        return this.exportedTypes(instance.module as CoreModuleDefinition)(alias.name);
      }
      const item = this.itemsOf(instance).get(alias.name);
      if (item === undefined) return undefined;
      alias = item as AnyEntity;
    }
    return undefined;
  }

  private exportedTypes(definition: CoreModuleDefinition): ExportedTypes {
    let types = this.modules.get(definition);
    if (types === undefined) this.modules.set(definition, (types = exportedTypes(definition)));
    return types;
  }

  private itemsOf(instance: CoreInlineExports): ReadonlyMap<string, Entity> {
    let items = this.inlineExports.get(instance);
    if (items === undefined) {
      items = new Map(instance.exports.map(({ name, item }) => [name, item]));
      this.inlineExports.set(instance, items);
    }
    return items;
  }
}

/** Gives the type of a function that a core module exports. */
type ExportedTypes = (name: string) => FuncType | undefined;

function exportedTypes({ chunks }: CoreModuleDefinition): ExportedTypes {
  const module = decodeModule(concat(chunks));
  const functions = new Map(
    module.exports.flatMap(({ name, kind, index }) => (kind === "func" ? [[name, index] as const] : [])),
  );
  return (name) => {
    const index = functions.get(name);
    return index === undefined ? undefined : functionType(module, index);
  };
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
  /** What makes the function. */
  readonly added: readonly ComponentSection[];
}

function lowered(start: Start): CoreCall {
  // Its result would have to be lowered into some memory.
  if (start.results.length > 0) refuse("of another component has a result");
  const func: Lower = { kind: "lower", sort: "core func", func: start.func, options: [] };
  return { func, results: [], postReturn: undefined, added: [{ kind: "canon", definitions: [func] }] };
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
