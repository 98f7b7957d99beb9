import type { AnyEntity } from "../component/environment.js";
import { definitionsOf } from "../component/graph.js";
import type {
  Canon,
  Component,
  CoreInstantiation,
  CoreModuleDefinition,
  DefinedType,
  Definition,
  Entity,
  ExportDeclaration,
  ExternType,
  Import,
  Instantiation,
  Lower,
  TypeDefinition,
} from "../component/model.js";
import { ComponentInitError } from "../errors.js";
import { type ImportName, makeCanonical, makeLifted } from "./canon.js";
import type { WasmFunction } from "./core-types.js";
import type { FuncInst, HostFunc } from "./func.js";
import { type HostImplementation, hostFunc } from "./host-func.js";
import { ComponentInstance } from "./instance.js";
import { ResourceType } from "./resources.js";
import { type ComponentItem, Scope, TypeItem } from "./scope.js";
import type { Store } from "./store.js";

/** What an instance exports, by name: functions, types, instances, and so on, as {@link Scope} has them. */
export type InstanceExports = ReadonlyMap<string, unknown>;

/** What a component needs of whoever instantiates it. */
export interface Embedder {
  /** A function of an import; `func` is empty where the function is the import itself. */
  func(importName: string, func: string): HostImplementation;
  /** Told which memory core code passes values in to a function of the host. */
  onLower?(func: HostFunc, memory: WebAssembly.Memory): void;
  /** Instantiates and starts a core module. */
  instantiateCore(
    module: CoreModuleDefinition,
    imports: WebAssembly.Imports,
    instance: ComponentInstance,
  ): WebAssembly.Exports | Promise<WebAssembly.Exports>;
}

/**
 * Instantiates a component, its definitions one after the other.
 *
 * @returns what it exports
 * @throws what a start function throws
 */
export async function instantiateComponent(
  component: Component,
  store: Store,
  embedder: Embedder,
): Promise<InstanceExports> {
  const instance = new ComponentInstance(store, undefined);
  const instantiation = new ComponentInstantiation(component, instance, undefined, embedder, (item, scope) =>
    importFromHost(item, scope, embedder),
  );
  return instantiation.run();
}

type BindImport = (item: Import, scope: Scope) => unknown;

class ComponentInstantiation {
  readonly #scope: Scope;
  readonly #exports = new Map<string, unknown>();
  readonly #importNames = new Map<unknown, ImportName>();

  constructor(
    private readonly component: Component,
    private readonly instance: ComponentInstance,
    outer: Scope | undefined,
    private readonly embedder: Embedder,
    private readonly bindImport: BindImport,
  ) {
    this.#scope = new Scope(instance.store, instance, outer);
  }

  async run(): Promise<InstanceExports> {
    this.instance.mayEnter = false;
    for (const definition of definitionsOf(this.component)) {
      const pending = this.#evaluate(definition);
      if (pending !== undefined) await pending;
    }
    this.instance.mayEnter = true;
    return this.#exports;
  }

  #evaluate(definition: Definition): Promise<void> | undefined {
    const scope = this.#scope;
    switch (definition.kind) {
      case "core module":
        scope.define(definition, definition);
        break;
      case "core instantiation":
        return this.#instantiateCore(definition);
      case "core inline exports":
        scope.define(definition, nullPrototype(definition.exports.map(({ name, item }) => [name, scope.find(item)])));
        break;
      case "core export alias":
        scope.define(definition, (scope.find(definition.instance) as WebAssembly.Exports)[definition.name]);
        break;
      case "component":
        scope.define(definition, { component: definition.component, scope } satisfies ComponentItem);
        break;
      case "instantiation":
        return this.#instantiate(definition);
      case "inline exports":
        scope.define(definition, new Map(definition.exports.map(({ name, item }) => [name.name, scope.find(item)])));
        break;
      case "export alias":
        scope.define(definition, (scope.find(definition.instance) as InstanceExports).get(definition.name));
        break;
      case "outer alias":
        // What core types are is asked only of the definition.
        scope.define(definition, definition.sort === "core type" ? definition.target : scope.find(definition.target));
        break;
      case "type":
        scope.define(definition, this.#type(definition));
        break;
      case "lift":
      case "lower":
      case "builtin":
        this.#canon(definition);
        break;
      case "import":
        scope.define(definition, this.bindImport(definition, scope));
        break;
      case "export": {
        const item = definition.sort === "core type" ? undefined : scope.find(definition.item);
        scope.define(definition, item);
        this.#exports.set(definition.name.name, item);
        break;
      }
      case "start":
      case "value":
        return refuseValues();
    }
    return undefined;
  }

  #type({ type }: TypeDefinition): unknown {
    if (type.kind !== "resource") return new TypeItem(type, this.#scope);
    const destructor = type.destructor && (this.#scope.find(type.destructor) as WasmFunction);
    return new ResourceType(this.instance, destructor, undefined);
  }

  #canon(canon: Canon): void {
    if (canon.kind === "lift") {
      this.#scope.define(canon, makeLifted(canon, this.#scope, nameOf(canon.func)));
      return;
    }
    if (canon.kind === "lower") this.#noteLower(canon);
    const { func, importName } = makeCanonical(canon, this.#scope);
    this.#importNames.set(func, importName);
    this.#scope.define(canon, func);
  }

  #noteLower({ func, options }: Lower): void {
    const callee = this.#scope.find(func) as FuncInst;
    const memory = options.find((option) => option.kind === "memory");
    if (callee.kind !== "host" || memory === undefined || !("entity" in memory)) return;
    this.embedder.onLower?.(callee, this.#scope.find(memory.entity) as WebAssembly.Memory);
  }

  async #instantiateCore(instantiation: CoreInstantiation): Promise<void> {
    const scope = this.#scope;
    const module = scope.find(instantiation.module) as CoreModuleDefinition;
    const imports = nullPrototype(
      instantiation.args.map(({ name, instance }) => [name, scope.find(instance) as WebAssembly.ModuleImports]),
    );
    for (const [name, items] of Object.entries(imports)) this.#noteNames(name, items);
    scope.define(instantiation, await this.embedder.instantiateCore(module, imports, this.instance));
  }

  /** How a core module calls what it imports. wit-component imports what it calls indirectly under numbers. */
  #noteNames(module: string, items: WebAssembly.ModuleImports): void {
    for (const [name, item] of Object.entries(items)) {
      const importName = this.#importNames.get(item);
      if (importName === undefined || /^\d+$/.test(name)) continue;
      importName.value ??= module === "" ? name : `${module}#${name}`;
    }
  }

  async #instantiate(instantiation: Instantiation): Promise<void> {
    const scope = this.#scope;
    const { component, scope: outer } = scope.find(instantiation.component) as ComponentItem;
    const args = new Map(instantiation.args.map(({ name, item }) => [name, item]));
    const instance = new ComponentInstance(this.instance.store, this.instance);
    const bind: BindImport = ({ name }) => {
      const item = args.get(name.name);
      if (item === undefined) throw new Error(`a component is instantiated without its import ${name.name}`);
      return scope.find(item);
    };
    const child = new ComponentInstantiation(component, instance, outer, this.embedder, bind);
    scope.define(instantiation, await child.run());
  }
}

/** What a lifted function is called in messages. */
function nameOf(func: Entity): string {
  const definition = func as AnyEntity;
  return definition.kind === "core export alias" ? definition.name : "a function";
}

function nullPrototype<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  const object: Record<string, T> = Object.create(null);
  for (const [name, item] of entries) object[name] = item;
  return object;
}

/** An import of the root component, as its type declares it. */
function importFromHost({ name: { name }, type }: Import, scope: Scope, embedder: Embedder): unknown {
  switch (type.kind) {
    case "func":
      return hostFunc(name, (scope.find(type.type) as TypeItem).funcType(), embedder.func(name, ""));
    case "instance":
      return new HostInstance(name, embedder).exports(scope.find(type.type) as TypeItem);
    case "type eq":
      return scope.find(type.type);
    case "sub resource":
      return new ResourceType(undefined, undefined, name);
    default:
      throw new ComponentInitError(
        "unsupported",
        `the component imports the ${type.kind} ${name}, which nobody supplies`,
      );
  }
}

/** An imported instance: its type says what is in it. */
class HostInstance {
  constructor(
    private readonly name: string,
    private readonly embedder: Embedder,
  ) {}

  exports(type: TypeItem): InstanceExports {
    const { definition, scopeOfDeclarations: outer } = type;
    if (definition.kind !== "instance") throw new Error("an instance is imported that has no type of one");
    const scope = new Scope(outer.store, outer.instance, outer);
    const exports = new Map<string, unknown>();
    for (const declaration of (definition as Extract<DefinedType, { kind: "instance" }>).declarations) {
      const { kind, definition: declared } = declaration;
      if (kind === "type") scope.define(declared, new TypeItem(declared.type, scope));
      else if (kind === "alias") scope.define(declared, aliased(declared, scope));
      else if (kind === "export") {
        const item = this.#item(declared, scope);
        scope.define(declared, item);
        exports.set(declared.name.name, item);
      }
    }
    return exports;
  }

  #item({ name: { name }, type }: ExportDeclaration, scope: Scope): unknown {
    switch (type.kind) {
      case "func": {
        const funcType = (scope.find(type.type) as TypeItem).funcType();
        return hostFunc(`${this.name}#${name}`, funcType, this.embedder.func(this.name, name));
      }
      case "instance":
        return new HostInstance(`${this.name}/${name}`, this.embedder).exports(scope.find(type.type) as TypeItem);
      case "type eq":
        return scope.find(type.type);
      case "sub resource":
        return new ResourceType(undefined, undefined, name);
      default:
        return unsupplied(type, `${this.name}#${name}`);
    }
  }
}

function unsupplied(type: ExternType, name: string): never {
  throw new ComponentInitError("unsupported", `the component imports the ${type.kind} ${name}, which nobody supplies`);
}

function aliased(
  alias: Extract<Definition, { kind: "export alias" | "core export alias" | "outer alias" }>,
  scope: Scope,
) {
  if (alias.kind === "outer alias") return alias.sort === "core type" ? alias.target : scope.find(alias.target);
  return (scope.find(alias.instance) as InstanceExports).get(alias.name);
}

function refuseValues(): never {
  throw new ComponentInitError("unsupported", "the component has component values, which no engine has yet");
}
