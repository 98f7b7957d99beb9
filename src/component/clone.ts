import type { Component, ComponentSection, CoreTypeDefinition, Declaration, Definition, Entity } from "./model.js";

/**
 * A copy of definitions that can be edited on its own. References among what is copied lead to the copies; all others
 * stay, but for those that `replaced` says what to put in their place.
 */
export class Cloner {
  private readonly copies: Map<object, object>;
  /** What is defined inside of what is copied. */
  private readonly own = new Set<object>();
  private readonly made = new Set<object>();

  constructor(replaced: ReadonlyMap<Entity, Entity> = new Map()) {
    this.copies = new Map(replaced);
  }

  component(component: Component): Component {
    collectComponent(component, this.own);
    return this.copy(component);
  }

  definition<D extends Definition>(definition: D): D {
    collect(definition, this.own);
    return this.copy(definition);
  }

  /** How many definitions there are in what was copied. */
  get definitions(): number {
    return this.own.size;
  }

  /** Everything that was copied, with its copy. */
  get pairs(): Iterable<[object, object]> {
    return this.copies;
  }

  /** Whether something came about by copying. */
  isCopy(entity: Entity): boolean {
    return this.made.has(entity);
  }

  /** The copy of something that was copied. */
  copyOf<T extends Entity>(entity: T): T {
    return (this.copies.get(entity) ?? entity) as T;
  }

  private copy<T>(value: T): T {
    if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
    const known = this.copies.get(value);
    if (known !== undefined) return known as T;
    if ("sections" in value) return this.copySections(value as Component) as T;
    if (Array.isArray(value)) return value.map((item) => this.copy(item)) as T;
    if ("sort" in value && isEntity(value) && !this.own.has(value)) return value;
    const copy: Record<string, unknown> = {};
    this.copies.set(value, copy);
    this.made.add(copy);
    for (const [key, field] of Object.entries(value)) copy[key] = this.copy(field);
    return copy as T;
  }

  /** References go backwards, so what they lead to is copied already; but names may stand in front of everything. */
  private copySections({ sections }: Component): Component {
    const isNames = (section: ComponentSection) => section.definitions[0]?.kind === "component names";
    const copies = sections.map((section) => (isNames(section) ? section : this.copy(section)));
    return { sections: copies.map((section) => (isNames(section) ? this.copy(section) : section)) };
  }
}

/** Everything that is defined inside of a component. */
export function ownedBy(component: Component): ReadonlySet<object> {
  const own = new Set<object>();
  collectComponent(component, own);
  return own;
}

/** The names of a sort in a name section have a field `sort` too. */
function isEntity(value: object): boolean {
  return !("names" in value);
}

function collectComponent(component: Component, own: Set<object>): void {
  for (const { definitions } of component.sections) for (const definition of definitions) collect(definition, own);
}

function collect(definition: Definition | Declaration["definition"], own: Set<object>): void {
  own.add(definition);
  switch (definition.kind) {
    case "component":
      collectComponent(definition.component, own);
      break;
    case "type":
      if (definition.type.kind === "component" || definition.type.kind === "instance") {
        for (const { definition: inner } of definition.type.declarations) collect(inner, own);
      }
      break;
    case "core type":
      collectCoreTypes(definition, own);
      break;
    case "start":
      for (const result of definition.results) own.add(result);
      break;
  }
}

function collectCoreTypes({ types }: CoreTypeDefinition, own: Set<object>): void {
  for (const entity of types) {
    own.add(entity);
    if (entity.type.kind !== "module") continue;
    for (const declaration of entity.type.declarations) {
      if (declaration.kind === "type") collectCoreTypes(declaration.definition, own);
      if (declaration.kind === "outer alias") own.add(declaration.entity);
    }
  }
}
