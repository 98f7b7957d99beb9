import { Cloner } from "../component/clone.js";
import { decodeComponent } from "../component/decode.js";
import {
  type AnyEntity,
  childEnvironment,
  type Environment,
  instanceAround,
  type Resolved,
  resolve,
  rootEnvironment,
} from "../component/environment.js";
import { componentNames, definitionsOf, entitiesOf, insertSectionBefore } from "../component/graph.js";
import type {
  Component,
  CoreInstantiation,
  CoreModuleDefinition,
  Definition,
  Entity,
  Instantiation,
  NestedComponent,
  OuterAlias,
} from "../component/model.js";
import { nameOf, setName } from "../component/names.js";
import { ComponentInitError } from "../errors.js";
import { Localizer } from "./localize.js";
import type { CoreInstanceNode, Specialized, Supply } from "./model.js";
import { replaceStart } from "./start.js";
import { supplyImports } from "./supply.js";

/** Instances that no toolchain makes, but a component that doubles what it gets from another soon would. */
const MAX_INSTANCES = 10_000;
const MAX_DEPTH = 200;

/**
 * Decodes a component and gives each core instance a core module of its own, and each instance of a nested component a
 * component of its own: state differs between instances, and what initialized one must not show up in another. Imports,
 * arguments and aliases of modules and components have no use left then, and neither have component start functions,
 * which become core modules with a start function. What is instantiated once stays where it is.
 *
 * @param change - what else to do to it before
 * @throws {@link ComponentInitError} `not-a-component`, `malformed`, `unsupported`, `invalid-option`
 */
export function specialize(
  bytes: Uint8Array,
  supply: Supply = {},
  change: (component: Component) => Component = (component) => component,
): Specialized {
  const decoded = decodeComponent(bytes);
  const component = change(supplyImports(decoded, supply));
  const specializer = new Specializer();
  specializer.visit(rootEnvironment(component), 0);
  const { instances, origins } = specializer;
  return { original: bytes, component, instances, origins, isUnchanged: component === decoded && !specializer.changed };
}

class Specializer {
  readonly instances: CoreInstanceNode[] = [];
  readonly origins = new Map<Entity, Entity>();
  changed = false;
  private componentInstances = 0;
  private readonly localizer = new Localizer((target, to, before) => this.copyComponent(target, to, before));

  /** Goes through an instance of a component in the order of instantiation. */
  visit(environment: Environment, depth: number): void {
    const { component } = environment;
    const uses = countUses(component);
    for (const definition of definitionsOf(component)) {
      switch (definition.kind) {
        case "core instantiation":
          this.addInstance(definition, environment, uses);
          break;
        case "instantiation":
          this.visitChild(definition, environment, uses, depth);
          break;
        case "start":
          for (const added of replaceStart(definition, environment)) this.addInstance(added, environment, uses);
          this.changed = true;
          break;
      }
    }
  }

  private addInstance(instantiation: CoreInstantiation, environment: Environment, uses: Uses): void {
    const { component } = environment;
    const { entity, environment: home } = resolve({ entity: instantiation.module, environment });
    const module = entity as AnyEntity;
    if (module.kind !== "core module") throw unresolved("core module");
    const moduleName = nameOf(componentNames(home.component), module);
    if (module !== instantiation.module || uses.get(module) !== 1) {
      const copy: CoreModuleDefinition = { ...module };
      insertSectionBefore(component, instantiation, "core module", [copy]);
      if (moduleName !== undefined) setName(component, copy, moduleName);
      instantiation.module = copy;
      this.noteCopy(module, copy);
    }
    const name = nameOf(componentNames(component), instantiation) ?? moduleName;
    const own = instantiation.module as CoreModuleDefinition;
    this.instances.push({ instantiation, module: own, component, name, moduleName });
    if (this.instances.length > MAX_INSTANCES) tooMany("core instances");
  }

  private visitChild(instantiation: Instantiation, environment: Environment, uses: Uses, depth: number): void {
    const target = resolve({ entity: instantiation.component, environment });
    const nested = target.entity as AnyEntity;
    if (nested.kind !== "component") throw unresolved("component");
    if (++this.componentInstances > MAX_INSTANCES || depth > MAX_DEPTH) tooMany("component instances");
    let own = nested;
    if (nested !== instantiation.component || uses.get(nested) !== 1) {
      own = this.copyComponent(target, environment, instantiation);
      instantiation.component = own;
    }
    const child = childEnvironment(own, instantiation.args, environment, environment);
    environment.instances.set(instantiation, child);
    this.visit(child, depth + 1);
  }

  /** Copies a component into another one, where what it takes from its surroundings must be had too. */
  private copyComponent(target: Resolved, to: Environment, before: Instantiation): NestedComponent {
    const nested = target.entity as NestedComponent;
    const cloner = new Cloner();
    const copy = cloner.definition(nested);
    for (const [original, copied] of cloner.pairs) {
      const { kind } = copied as { kind?: string };
      if (!("sort" in copied)) continue;
      if (kind === "outer alias") this.keepTarget(copied as OuterAlias, cloner, target.environment, to, before);
      if (kind === "core module" || kind === "component") this.noteCopy(original as Entity, copied as Entity);
    }
    insertSectionBefore(to.component, before, "component", [copy]);
    const name = nameOf(componentNames(target.environment.component), nested);
    if (name !== undefined) setName(to.component, copy, name);
    return copy;
  }

  private keepTarget(
    alias: OuterAlias,
    cloner: Cloner,
    from: Environment,
    to: Environment,
    before: Instantiation,
  ): void {
    const home = instanceAround(alias.target, from);
    if (home === undefined || cloner.isCopy(alias.target) || canAlias(alias.target, home, to)) return;
    alias.target = this.localizer.localize({ entity: alias.target, environment: home }, to, before);
  }

  private noteCopy(original: Entity, copy: Entity): void {
    this.changed = true;
    this.origins.set(copy, this.origins.get(original) ?? original);
  }
}

/** Whether a component stands inside of another one, behind something that this one defines. */
function canAlias(entity: Entity, home: Environment, from: Environment): boolean {
  let inner: Environment | undefined;
  for (let scope: Environment | undefined = from; scope !== undefined; inner = scope, scope = scope.parent) {
    if (scope !== home) continue;
    if (inner === undefined) return true;
    const { component } = inner;
    const around = (one: Definition) => one.kind === "component" && one.component === component;
    const before = definitionsOf(home.component);
    return before.slice(0, before.findIndex(around)).some((one) => entitiesOf(one).includes(entity));
  }
  return false;
}

/** How often each core module and component of a component is referred to. */
type Uses = ReadonlyMap<Entity, number>;

function countUses(component: Component): Uses {
  const uses = new Map<Entity, number>();
  const use = (entity: Entity) => {
    if (entity.sort === "core module" || entity.sort === "component") uses.set(entity, (uses.get(entity) ?? 0) + 1);
  };
  for (const definition of definitionsOf(component)) forEachUse(definition, use);
  return uses;
}

function forEachUse(definition: ReturnType<typeof definitionsOf>[number], use: (entity: Entity) => void): void {
  switch (definition.kind) {
    case "core instantiation":
      use(definition.module);
      break;
    case "instantiation":
      use(definition.component);
      for (const { item } of definition.args) use(item);
      break;
    case "inline exports":
      for (const { item } of definition.exports) use(item);
      break;
    case "export":
      use(definition.item);
      break;
    case "outer alias":
      use(definition.target);
      break;
    case "component":
      for (const inner of definitionsOf(definition.component)) forEachUse(inner, use);
      break;
  }
}

function tooMany(what: string): never {
  throw new ComponentInitError("unsupported", `the component makes more than ${MAX_INSTANCES} ${what}`);
}

function unresolved(what: string): ComponentInitError {
  return new ComponentInitError(
    "unsupported",
    `the component instantiates a ${what} of an instance that it imports, and only a ${what} that is imported by itself ` +
      "can be supplied",
  );
}
