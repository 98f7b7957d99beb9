import { createHash } from "node:crypto";
import { ownedBy } from "../component/clone.js";
import {
  componentNames,
  definitionsOf,
  instantiatedComponents,
  referencesOf,
  removeDefinitions,
} from "../component/graph.js";
import type {
  Component,
  ComponentSection,
  CoreInstantiation,
  CoreModuleDefinition,
  Definition,
  Entity,
  Instantiation,
  NestedComponent,
  OuterAlias,
} from "../component/model.js";
import { nameOf, setName } from "../component/names.js";

/**
 * Undoes the copying of what came out the same: instances of a core module whose state is equal share one module again,
 * and so do equal instances of a nested component.
 *
 * @param origins - what a core module or component is a copy of
 */
export function shareEqual(root: Component, origins: ReadonlyMap<Entity, Entity>): void {
  if (origins.size === 0) return;
  shareComponents(root, origins);
  shareModules(root, origins);
}

function shareComponents(component: Component, origins: ReadonlyMap<Entity, Entity>): void {
  const nested = instantiatedIn(component);
  for (const one of nested) shareComponents(one.component, origins);
  for (const group of groupsOf(nested, origins)) {
    const kept: NestedComponent[] = [];
    for (const one of group) {
      const equal = kept.find((other) => new Comparison(other, one).isEqual());
      if (equal === undefined) kept.push(one);
      else replaceComponent(component, one, equal);
    }
  }
}

function replaceComponent(component: Component, from: NestedComponent, to: NestedComponent): void {
  for (const user of definitionsOf(component)) {
    if (user.kind === "instantiation" && user.component === from) (user as Instantiation).component = to;
  }
  if (!definitionsOf(component).some((user) => referencesOf(user).has(from))) {
    removeDefinitions(component, new Set([from]));
  }
}

/** A place where a core module stands. */
interface Place {
  readonly module: CoreModuleDefinition;
  readonly component: Component;
}

function shareModules(root: Component, origins: ReadonlyMap<Entity, Entity>): void {
  const places = modulePlaces(root);
  const groups = Map.groupBy(places, ({ module }) => origins.get(module) ?? module);
  for (const group of groups.values()) {
    if (group.length < 2) continue;
    for (const equal of Map.groupBy(group, ({ module }) => hashOf(module)).values()) {
      if (equal.length > 1) share(equal as [Place, ...Place[]], root);
    }
  }
}

/** Core modules that nothing but instantiations refers to. */
function modulePlaces(component: Component): Place[] {
  const definitions = definitionsOf(component);
  const others = definitions.filter(({ kind }) => kind !== "core instantiation" && kind !== "component");
  const used = new Set(others.flatMap((definition) => [...referencesOf(definition)]));
  const instantiated = new Set(instantiatedIn(component));
  return definitions.flatMap((definition): Place[] => {
    if (definition.kind === "component") return instantiated.has(definition) ? modulePlaces(definition.component) : [];
    return definition.kind === "core module" && !used.has(definition) ? [{ module: definition, component }] : [];
  });
}

/** The nested components that are instantiated: one that is only exported, or passed on, stays as it was given. */
function instantiatedIn(component: Component): NestedComponent[] {
  const instantiated = instantiatedComponents(definitionsOf(component));
  return definitionsOf(component).filter(
    (one) => one.kind === "component" && instantiated.has(one),
  ) as NestedComponent[];
}

function hashOf({ chunks }: CoreModuleDefinition): string {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}

/** In one component the first is kept; otherwise the root gets it, where every component can refer to it. */
function share(places: readonly [Place, ...Place[]], root: Component): void {
  const [{ module: kept, component }] = places;
  const isLocal = places.every((place) => place.component === component);
  if (!isLocal) {
    removeDefinitions(component, new Set([kept]));
    root.sections.unshift({ kind: "core module", definitions: [kept] });
    const name = nameOf(componentNames(component), kept);
    if (name !== undefined && component !== root) setName(root, kept, name);
  }
  for (const place of places) {
    if (place.component === (isLocal ? component : root)) replaceModule(place, kept);
    else aliasModule(place, kept);
  }
}

function replaceModule({ component, module }: Place, kept: CoreModuleDefinition): void {
  if (module === kept) return;
  redirect(component, module, kept);
  removeDefinitions(component, new Set([module]));
}

function aliasModule({ component, module }: Place, kept: CoreModuleDefinition): void {
  const alias: OuterAlias = { kind: "outer alias", sort: "core module", target: kept };
  const section: ComponentSection = { kind: "alias", definitions: [alias] };
  const at = component.sections.findIndex(({ definitions }) => definitions.includes(module));
  if (at < 0) component.sections.unshift(section);
  else component.sections[at] = section;
  redirect(component, module, alias);
}

function redirect(component: Component, from: Entity, to: Entity): void {
  for (const user of definitionsOf(component)) {
    if (user.kind === "core instantiation" && user.module === from) (user as CoreInstantiation).module = to;
  }
}

function groupsOf(nested: readonly NestedComponent[], origins: ReadonlyMap<Entity, Entity>): NestedComponent[][] {
  const groups = Map.groupBy(nested, (one) => origins.get(one) ?? one);
  return [...groups.values()].filter((group) => group.length > 1);
}

/** Compares two components definition by definition; what is defined in the one stands for its like in the other. */
class Comparison {
  private readonly pairs = new Map<object, object>();
  private readonly own: ReadonlySet<object>;
  private readonly ownOfRight: ReadonlySet<object>;

  constructor(
    private readonly left: NestedComponent,
    private readonly right: NestedComponent,
  ) {
    this.own = ownedBy(left.component);
    this.ownOfRight = ownedBy(right.component);
  }

  isEqual(): boolean {
    return this.isSame(this.left.component, this.right.component);
  }

  private isSame(left: unknown, right: unknown): boolean {
    if (left instanceof Uint8Array) return right instanceof Uint8Array && Buffer.compare(left, right) === 0;
    if (typeof left !== "object" || left === null || typeof right !== "object" || right === null) return left === right;
    const known = this.pairs.get(left);
    if (known !== undefined) return known === right;
    if (Object.hasOwn(left, "sort") && !("names" in left) && !this.own.has(left)) return left === right;
    this.pairs.set(left, right);
    if (isModule(left) && isModule(right)) return hashOf(left) === hashOf(right);
    if (isName(left) && isName(right) && !this.own.has(left.entity)) return !this.ownOfRight.has(right.entity);
    const keys = Object.keys(left);
    if (keys.length !== Object.keys(right).length) return false;
    const field = (object: object, key: string) => (object as Record<string, unknown>)[key];
    return keys.every((key) => this.isSame(field(left, key), field(right, key)));
  }
}

/** Names of what was removed are still listed, until they are written. */
function isName(value: object): value is { readonly name: string; readonly entity: Entity } {
  return "entity" in value && "name" in value;
}

function isModule(value: object): value is CoreModuleDefinition {
  return (value as Definition).kind === "core module" && "chunks" in value;
}
