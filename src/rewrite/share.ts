import { createHash } from "node:crypto";
import { encodeComponent } from "../component/encode.js";
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
import { nameOf, setNames } from "../component/names.js";
import { IdentityScope } from "../component/scope.js";

/**
 * Undoes the copying of what came out the same: instances of a core module whose state is equal share one module again,
 * and so do equal instances of a nested component.
 *
 * @param origins - what a core module or component is a copy of
 */
export function shareEqual(root: Component, origins: ReadonlyMap<Entity, Entity>): void {
  if (origins.size === 0) return;
  const hashes = new Hashes();
  shareComponents(root, origins, hashes);
  shareModules(root, origins, hashes);
}

function shareComponents(component: Component, origins: ReadonlyMap<Entity, Entity>, hashes: Hashes): void {
  const nested = instantiatedIn(component);
  for (const one of nested) shareComponents(one.component, origins, hashes);
  const kept = new Map<Entity, NestedComponent>();
  for (const copies of Map.groupBy(nested, (one) => origins.get(one) ?? one).values()) {
    if (copies.length < 2) continue;
    for (const [first, ...equal] of Map.groupBy(copies, (one) => hashes.ofComponent(one)).values()) {
      for (const one of equal) kept.set(one, first as NestedComponent);
    }
  }
  replaceComponents(component, kept);
}

/** @param kept - what takes the place of each component */
function replaceComponents(component: Component, kept: ReadonlyMap<Entity, NestedComponent>): void {
  if (kept.size === 0) return;
  const unused = new Set(kept.keys());
  for (const user of definitionsOf(component)) {
    const instead = user.kind === "instantiation" ? kept.get(user.component) : undefined;
    if (instead !== undefined) (user as Instantiation).component = instead;
    if (user.kind === "core module") continue;
    for (const entity of referencesOf(user)) unused.delete(entity);
  }
  removeDefinitions(component, unused as Set<Definition>);
}

/** A place where a core module stands. */
interface Place {
  readonly module: CoreModuleDefinition;
  readonly component: Component;
}

function shareModules(root: Component, origins: ReadonlyMap<Entity, Entity>, hashes: Hashes): void {
  const sharing = new ModuleSharing(root);
  for (const copies of Map.groupBy(modulePlaces(root), ({ module }) => origins.get(module) ?? module).values()) {
    if (copies.length < 2) continue;
    for (const equal of Map.groupBy(copies, ({ module }) => hashes.ofModule(module)).values()) {
      if (equal.length > 1) sharing.add(equal as [Place, ...Place[]]);
    }
  }
  sharing.apply();
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

/** What is to be done to one component. */
interface Changes {
  /** What is instantiated in the place of a module that goes. */
  readonly instead: Map<Entity, Entity>;
  /** The modules whose places aliases take. */
  readonly aliases: Map<Definition, OuterAlias>;
  readonly removed: Set<Definition>;
}

/** Lets places share modules, all at once. */
class ModuleSharing {
  private readonly changes = new Map<Component, Changes>();
  /** Modules that the root gets. */
  private readonly moved: ComponentSection[] = [];
  private readonly names: (readonly [Entity, string])[] = [];

  constructor(private readonly root: Component) {}

  /** In one component the first is kept; otherwise the root gets it, where every component can refer to it. */
  add(places: readonly [Place, ...Place[]]): void {
    const [{ module: kept, component }] = places;
    const isLocal = places.every((place) => place.component === component);
    if (!isLocal) this.move(kept, component);
    for (const place of places) {
      const { instead, aliases, removed } = this.changesOf(place.component);
      if (place.component === (isLocal ? component : this.root)) {
        if (place.module === kept) continue;
        instead.set(place.module, kept);
        removed.add(place.module);
      } else {
        const alias: OuterAlias = { kind: "outer alias", sort: "core module", target: kept };
        instead.set(place.module, alias);
        aliases.set(place.module, alias);
      }
    }
  }

  private move(module: CoreModuleDefinition, from: Component): void {
    this.moved.push({ kind: "core module", definitions: [module] });
    if (from === this.root) this.changesOf(from).removed.add(module);
    const name = nameOf(componentNames(from), module);
    if (name !== undefined && from !== this.root) this.names.push([module, name]);
  }

  private changesOf(component: Component): Changes {
    let changes = this.changes.get(component);
    if (changes === undefined) {
      changes = { instead: new Map(), aliases: new Map(), removed: new Set() };
      this.changes.set(component, changes);
    }
    return changes;
  }

  apply(): void {
    for (const [component, { instead, aliases, removed }] of this.changes) {
      for (const user of definitionsOf(component)) {
        if (user.kind !== "core instantiation") continue;
        (user as CoreInstantiation).module = instead.get(user.module) ?? user.module;
      }
      component.sections = component.sections.map((section) => aliased(section, aliases));
      removeDefinitions(component, removed);
    }
    this.root.sections = [...this.moved, ...this.root.sections];
    setNames(this.root, this.names);
  }
}

/** A core module is a section of its own. */
function aliased(section: ComponentSection, aliases: ReadonlyMap<Definition, OuterAlias>): ComponentSection {
  const [first] = section.definitions;
  const alias = first && aliases.get(first);
  return alias === undefined ? section : { kind: "alias", definitions: [alias] };
}

/** Texts that are equal if and only if core modules, or components, are. */
class Hashes {
  private readonly modules = new Map<CoreModuleDefinition, string>();
  private readonly surroundings = new IdentityScope();

  ofModule(module: CoreModuleDefinition): string {
    let hash = this.modules.get(module);
    if (hash === undefined) this.modules.set(module, (hash = sha256(module.chunks)));
    return hash;
  }

  ofComponent({ component }: NestedComponent): string {
    const hashed = (module: CoreModuleDefinition) => [Buffer.from(this.ofModule(module))];
    return sha256(encodeComponent(component, hashed, this.surroundings).toChunks());
  }
}

function sha256(chunks: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}
