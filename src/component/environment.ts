import { definitionOf, definitionsOfKind } from "./graph.js";
import type {
  Component,
  CoreInstance,
  Declaration,
  DefinedType,
  Definition,
  Entity,
  ExportDeclaration,
  Import,
  NestedComponent,
} from "./model.js";
import type { ValueType } from "./value-types.js";

/** An instance of a component: what its imports stand for. */
export interface Environment {
  readonly component: Component;
  readonly bindings: ReadonlyMap<Import, Resolved>;
  readonly parent: Environment | undefined;
  /**
   * What was found so far. Both matter: components that double what they get from others take no exponential time only
   * if an instantiation is always the same instance and a type of it is resolved once.
   */
  readonly instances: Map<Entity, Environment | undefined>;
  readonly types: Map<Entity, ValueType>;
  readonly resolved: Map<Entity, Resolved>;
  readonly exports: Map<Entity, ReadonlyMap<string, Resolved>>;
  /** What a pass puts into the component, which does not list it yet. */
  readonly added: Map<Entity, Definition>;
}

/** A definition together with the instance of the component that it is in. */
export interface Resolved {
  readonly entity: Entity;
  readonly environment: Environment;
}

export type AnyEntity =
  | Exclude<Definition, { kind: "custom" | "component names" | "core type" | "start" }>
  | CoreInstance
  | ExportDeclaration;

const NO_BINDINGS: ReadonlyMap<Import, Resolved> = new Map();

/** The instance of a root component, whose imports stand for themselves. */
export function rootEnvironment(component: Component): Environment {
  return newEnvironment(component, NO_BINDINGS, undefined);
}

function newEnvironment(
  component: Component,
  bindings: ReadonlyMap<Import, Resolved>,
  parent: Environment | undefined,
): Environment {
  return {
    component,
    bindings,
    parent,
    instances: new Map(),
    types: new Map(),
    resolved: new Map(),
    exports: new Map(),
    added: new Map(),
  };
}

/** The instance that an instantiation makes of a component that is defined in `lexicalParent`. */
export function childEnvironment(
  nested: NestedComponent,
  args: readonly { readonly name: string; readonly item: Entity }[],
  environment: Environment,
  lexicalParent: Environment,
): Environment {
  const argument = new Map(args.map(({ name, item }) => [name, { entity: item, environment }]));
  const bindings = new Map<Import, Resolved>();
  for (const item of definitionsOfKind(nested.component, "import")) {
    const bound = argument.get(item.name.name);
    if (bound !== undefined) bindings.set(item, bound);
  }
  return newEnvironment(nested.component, bindings, lexicalParent);
}

/** What is to be resolved before an alias of one of its exports can be. */
interface Pending {
  /** What resolves to the same. */
  readonly same: Resolved[];
  /** The alias; none for what was asked for. */
  readonly alias?: { readonly name: string; readonly self: Resolved };
}

/** Follows imports, aliases and exports to what they stand for. No recursion: a guest can make chains of any length. */
export function resolve(start: Resolved): Resolved {
  const stack: Pending[] = [];
  let pending: Pending = { same: [] };
  let current = start;
  for (;;) {
    const known = current.environment.resolved.get(current.entity);
    if (known === undefined) {
      pending.same.push(current);
      const definition = current.entity as AnyEntity;
      if (definition.kind === "export alias") {
        stack.push(pending);
        pending = { same: [], alias: { name: definition.name, self: current } };
        current = { entity: definition.instance, environment: current.environment };
        continue;
      }
      const next = follow(current);
      if (next !== undefined) {
        current = next;
        continue;
      }
    }
    const result: Resolved = known ?? current;
    for (const { entity, environment } of pending.same) environment.resolved.set(entity, result);
    const { alias } = pending;
    if (alias === undefined) return result;
    const found = exportsOf(result).get(alias.name);
    if (found === undefined) return alias.self;
    current = found;
    pending = stack.pop() as Pending;
  }
}

/** An import that nothing is bound to, and the names of the exports that lead from it to something. */
export interface ImportedItem {
  readonly import: Import;
  readonly path: readonly string[];
}

/** The import that something is, or is in. */
export function importedItem(start: Resolved): ImportedItem | undefined {
  const path: string[] = [];
  let found = start;
  for (;;) {
    const definition = found.entity as AnyEntity;
    if (definition.kind === "export alias") {
      path.push(definition.name);
      found = { entity: definition.instance, environment: found.environment };
      continue;
    }
    const next = follow(found) ?? exported(found, path);
    if (next !== undefined) found = next;
    else return definition.kind === "import" ? { import: definition, path: path.reverse() } : undefined;
  }
}

/** What the last name of a path leads to, where it does not lead into an import. */
function exported(instance: Resolved, path: string[]): Resolved | undefined {
  const name = (instance.entity as AnyEntity).kind === "import" ? undefined : path.pop();
  return name === undefined ? undefined : exportsOf(instance).get(name);
}

function follow({ entity, environment }: Resolved): Resolved | undefined {
  const definition = entity as AnyEntity;
  switch (definition.kind) {
    case "import":
      return lookUp(definition, environment) ?? equalType(definition, environment);
    case "export declaration":
      return equalType(definition, environment);
    case "export":
      return { entity: definition.item, environment };
    case "outer alias":
      return { entity: definition.target, environment: homeOf(definition.target, environment) };
    default:
      return undefined;
  }
}

/** An outer alias in a type may refer to an enclosing type's definition, which is in no instance. */
function homeOf(target: Entity, environment: Environment): Environment {
  return instanceAround(target, environment) ?? environment;
}

/** The instance, of this one and those around it, whose component defines an entity. */
export function instanceAround(target: Entity, environment: Environment): Environment | undefined {
  for (let scope: Environment | undefined = environment; scope !== undefined; scope = scope.parent) {
    if (definitionIn(scope, target) !== undefined) return scope;
  }
  return undefined;
}

/** The definition by which an entity is in an index space of an instance's component. */
export function definitionIn({ component, added }: Environment, entity: Entity): Definition | undefined {
  return added.get(entity) ?? definitionOf(component, entity);
}

function equalType({ type }: Import | ExportDeclaration, environment: Environment): Resolved | undefined {
  return type.kind === "type eq" ? { entity: type.type, environment } : undefined;
}

function lookUp(item: Import, environment: Environment): Resolved | undefined {
  for (let scope: Environment | undefined = environment; scope !== undefined; scope = scope.parent) {
    const bound = scope.bindings.get(item);
    if (bound !== undefined) return bound;
  }
  return undefined;
}

/** The exports of what a reference to an instance stands for. */
export function instanceExports(instance: Resolved): ReadonlyMap<string, Resolved> {
  return exportsOf(resolve(instance));
}

/** The exports of an instance that {@link resolve} found. */
function exportsOf(instance: Resolved): ReadonlyMap<string, Resolved> {
  const { entity, environment } = instance;
  let exports = environment.exports.get(entity);
  if (exports === undefined) {
    exports = listExports(instance);
    environment.exports.set(entity, exports);
  }
  return exports;
}

function listExports({ entity, environment }: Resolved): ReadonlyMap<string, Resolved> {
  const definition = entity as AnyEntity;
  switch (definition.kind) {
    case "inline exports":
      return new Map(definition.exports.map(({ name, item }) => [name.name, { entity: item, environment }]));
    case "instantiation": {
      const inner = instanceOf(definition, environment);
      return inner === undefined ? new Map() : exportsOfInstance(inner);
    }
    case "import":
    case "export declaration":
      return definition.type.kind === "instance"
        ? declaredExports({ entity: definition.type.type, environment })
        : new Map();
    default:
      return new Map();
  }
}

const exportsOfEnvironment = new WeakMap<Environment, ReadonlyMap<string, Resolved>>();

function exportsOfInstance(environment: Environment): ReadonlyMap<string, Resolved> {
  let exports = exportsOfEnvironment.get(environment);
  if (exports === undefined) {
    const items = definitionsOfKind(environment.component, "export");
    exports = new Map(items.map(({ name, item }) => [name.name, { entity: item, environment }]));
    exportsOfEnvironment.set(environment, exports);
  }
  return exports;
}

/** The instance that an instantiation makes; `undefined` where the component is an import that stands for itself. */
function instanceOf(
  instantiation: Extract<Definition, { kind: "instantiation" }>,
  environment: Environment,
): Environment | undefined {
  if (environment.instances.has(instantiation)) return environment.instances.get(instantiation);
  const target = resolve({ entity: instantiation.component, environment });
  const nested = target.entity as AnyEntity;
  const inner =
    nested.kind === "component"
      ? childEnvironment(nested, instantiation.args, environment, target.environment)
      : undefined;
  environment.instances.set(instantiation, inner);
  return inner;
}

function declaredExports(type: Resolved): Map<string, Resolved> {
  const defined = definedType(type);
  if (defined?.type.kind !== "instance") return new Map();
  return new Map(
    defined.type.declarations
      .filter((declaration): declaration is Extract<Declaration, { kind: "export" }> => declaration.kind === "export")
      .map(({ definition }) => [definition.name.name, { entity: definition, environment: defined.environment }]),
  );
}

/** The definition behind a reference to a type; `undefined` for an abstract resource. */
export function definedType(type: Resolved): { type: DefinedType; environment: Environment } | undefined {
  const { entity, environment } = resolve(type);
  const definition = entity as AnyEntity;
  return definition.kind === "type" ? { type: definition.type, environment } : undefined;
}
