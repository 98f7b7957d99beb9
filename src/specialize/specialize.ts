import { Cloner } from "../component/clone.js";
import { decodeComponent } from "../component/decode.js";
import { ComponentEdits } from "../component/edits.js";
import {
  type AnyEntity,
  childEnvironment,
  definitionIn,
  type Environment,
  instanceAround,
  type Resolved,
  resolve,
  rootEnvironment,
} from "../component/environment.js";
import { componentNames, definitionsOf, entitiesOf } from "../component/graph.js";
import type {
  Component,
  CoreInstantiation,
  CoreModuleDefinition,
  Definition,
  Entity,
  Instantiation,
  NestedComponent,
  OuterAlias,
  SectionKind,
  Start,
} from "../component/model.js";
import { nameOf } from "../component/names.js";
import { ComponentInitError } from "../errors.js";
import { Localizer } from "./localize.js";
import type { CoreInstanceNode, Specialized, Supply } from "./model.js";
import { StartFunctions } from "./start.js";
import { supplyImports } from "./supply.js";

/** Instances that no toolchain makes, but a component that doubles what it gets from another soon would. */
const MAX_INSTANCES = 10_000;
const MAX_DEPTH = 200;

/** Definitions in the copies of nested components. */
const MAX_COPIED = 1_000_000;

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
  const specializer = new Specializer(component);
  specializer.visit(rootEnvironment(component), 0);
  specializer.applyEdits();
  const { instances, origins } = specializer;
  return { original: bytes, component, instances, origins, isUnchanged: component === decoded && !specializer.changed };
}

class Specializer {
  readonly instances: CoreInstanceNode[] = [];
  readonly origins = new Map<Entity, Entity>();
  changed = false;
  /** How often each core module and component is referred to. */
  private readonly uses = new Map<Entity, number>();
  private readonly edits = new Map<Component, ComponentEdits>();
  /** The definition of each nested component that is instantiated. */
  private readonly definitionAround = new Map<Component, NestedComponent>();
  private componentInstances = 0;
  private copied = 0;
  private readonly localizer = new Localizer(
    (target, to, before) => this.copyComponent(target, to, before),
    (to, before, kind, definitions) => this.insertBefore(to, before, kind, definitions),
  );

  constructor(component: Component) {
    this.countUses(component);
  }

  /** Goes through an instance of a component in the order of instantiation. */
  visit(environment: Environment, depth: number): void {
    const starts = new StartFunctions(environment);
    for (const definition of definitionsOf(environment.component)) {
      switch (definition.kind) {
        case "core instantiation":
          this.addInstance(definition, environment);
          break;
        case "instantiation":
          this.visitChild(definition, environment, depth);
          break;
        case "start":
          this.replaceStart(definition, environment, starts);
          break;
      }
    }
  }

  private replaceStart(start: Start, environment: Environment, starts: StartFunctions): void {
    const { sections, instantiation } = starts.replacement(start);
    for (const { kind, definitions } of sections) this.insertBefore(environment, start, kind, definitions);
    this.editsOf(environment).remove(start);
    this.uses.set(instantiation.module, 1);
    this.addInstance(instantiation, environment);
    this.changed = true;
  }

  private addInstance(instantiation: CoreInstantiation, environment: Environment): void {
    const { component } = environment;
    const { entity, environment: home } = resolve({ entity: instantiation.module, environment });
    const module = entity as AnyEntity;
    if (module.kind !== "core module") throw unresolved("core module");
    const moduleName = nameOf(componentNames(home.component), module);
    if (module !== instantiation.module || this.uses.get(module) !== 1) {
      const copy: CoreModuleDefinition = { ...module };
      this.insertBefore(environment, instantiation, "core module", [copy]);
      if (moduleName !== undefined) this.editsOf(environment).setName(copy, moduleName);
      instantiation.module = copy;
      this.noteCopy(module, copy);
    }
    const name = nameOf(componentNames(component), instantiation) ?? moduleName;
    const own = instantiation.module as CoreModuleDefinition;
    this.instances.push({ instantiation, module: own, component, name, moduleName });
    if (this.instances.length > MAX_INSTANCES) tooMany("core instances");
  }

  private visitChild(instantiation: Instantiation, environment: Environment, depth: number): void {
    const target = resolve({ entity: instantiation.component, environment });
    const nested = target.entity as AnyEntity;
    if (nested.kind !== "component") throw unresolved("component");
    if (++this.componentInstances > MAX_INSTANCES || depth > MAX_DEPTH) tooMany("component instances");
    let own = nested;
    if (nested !== instantiation.component || this.uses.get(nested) !== 1) {
      own = this.copyComponent(target, environment, instantiation);
      instantiation.component = own;
    }
    this.definitionAround.set(own.component, own);
    const child = childEnvironment(own, instantiation.args, environment, environment);
    environment.instances.set(instantiation, child);
    this.visit(child, depth + 1);
  }

  private editsOf({ component }: Environment): ComponentEdits {
    let edits = this.edits.get(component);
    if (edits === undefined) this.edits.set(component, (edits = new ComponentEdits(component)));
    return edits;
  }

  private insertBefore(
    environment: Environment,
    before: Definition,
    kind: SectionKind,
    definitions: readonly Definition[],
  ): void {
    this.editsOf(environment).insertBefore(before, kind, definitions);
    for (const definition of definitions) {
      for (const entity of entitiesOf(definition)) environment.added.set(entity, definition);
    }
  }

  applyEdits(): void {
    for (const edits of this.edits.values()) edits.apply();
  }

  /** Copies a component into another one, where what it takes from its surroundings must be had too. */
  private copyComponent(target: Resolved, to: Environment, before: Instantiation): NestedComponent {
    const nested = target.entity as NestedComponent;
    const cloner = new Cloner();
    const copy = cloner.definition(nested);
    this.copied += cloner.definitions;
    if (this.copied > MAX_COPIED) tooLarge();
    this.countUses(copy.component);
    for (const [original, copied] of cloner.pairs) {
      const { kind } = copied as { kind?: string };
      if (!("sort" in copied)) continue;
      if (kind === "outer alias") this.keepTarget(copied as OuterAlias, cloner, target.environment, to, before);
      if (kind === "core module" || kind === "component") this.noteCopy(original as Entity, copied as Entity);
    }
    this.insertBefore(to, before, "component", [copy]);
    const name = nameOf(componentNames(target.environment.component), nested);
    if (name !== undefined) this.editsOf(to).setName(copy, name);
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
    if (home === undefined || cloner.isCopy(alias.target) || this.canAlias(alias.target, home, to)) return;
    alias.target = this.localizer.localize({ entity: alias.target, environment: home }, to, before);
  }

  /** Whether a component stands inside of another one, behind something that this one defines. */
  private canAlias(entity: Entity, home: Environment, from: Environment): boolean {
    let inner: Environment | undefined;
    for (let scope: Environment | undefined = from; scope !== undefined; inner = scope, scope = scope.parent) {
      if (scope !== home) continue;
      if (inner === undefined) return true;
      const around = this.definitionAround.get(inner.component) as NestedComponent;
      return this.editsOf(home).isBefore(definitionIn(home, entity) as Definition, around);
    }
    return false;
  }

  private countUses(component: Component): void {
    for (const definition of definitionsOf(component)) {
      forEachUse(definition, (entity) => {
        if (entity.sort !== "core module" && entity.sort !== "component") return;
        this.uses.set(entity, (this.uses.get(entity) ?? 0) + 1);
      });
      if (definition.kind === "component") this.countUses(definition.component);
    }
  }

  private noteCopy(original: Entity, copy: Entity): void {
    this.changed = true;
    this.origins.set(copy, this.origins.get(original) ?? original);
  }
}

function forEachUse(definition: Definition, use: (entity: Entity) => void): void {
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
  }
}

function tooMany(what: string): never {
  throw new ComponentInitError("unsupported", `the component makes more than ${MAX_INSTANCES} ${what}`);
}

function tooLarge(): never {
  throw new ComponentInitError(
    "unsupported",
    `the instances of components would have more than ${MAX_COPIED} definitions`,
  );
}

function unresolved(what: string): ComponentInitError {
  return new ComponentInitError(
    "unsupported",
    `the component instantiates a ${what} of an instance that it imports, and only a ${what} that is imported by itself ` +
      "can be supplied",
  );
}
