import { Cloner } from "../component/clone.js";
import { type AnyEntity, definitionIn, type Environment, type Resolved, resolve } from "../component/environment.js";
import { referencesOf } from "../component/graph.js";
import type { Definition, Entity, Instantiation, NestedComponent, SectionKind } from "../component/model.js";
import { ComponentInitError } from "../errors.js";

export type CopyComponent = (target: Resolved, to: Environment, before: Instantiation) => NestedComponent;

/** Puts definitions into the component of an instance. */
export type InsertBefore = (
  to: Environment,
  before: Definition,
  kind: SectionKind,
  definitions: readonly Definition[],
) => void;

/**
 * Brings what a component refers to in its surroundings along when the component is copied elsewhere. Outer aliases can
 * only refer to what never changes (component-model Explainer.md, "outer alias"): core modules, components and types
 * without resources, so a copy means the same.
 */
export class Localizer {
  private readonly known = new Map<Environment, Map<Entity, Entity>>();

  constructor(
    private readonly copyComponent: CopyComponent,
    private readonly insertBefore: InsertBefore,
  ) {}

  /** @returns a definition in the component of `to`, in front of `before` */
  localize(target: Resolved, to: Environment, before: Instantiation): Entity {
    const { entity, environment } = resolve(target);
    const copies = this.copiesIn(to);
    let copy = copies.get(entity);
    if (copy === undefined) {
      copy = this.copy(entity as AnyEntity, environment, to, before);
      copies.set(entity, copy);
    }
    return copy;
  }

  private copy(definition: AnyEntity, from: Environment, to: Environment, before: Instantiation): Entity {
    switch (definition.kind) {
      case "core module": {
        const copy = { ...definition };
        this.insertBefore(to, before, "core module", [copy]);
        return copy;
      }
      case "component":
        return this.copyComponent({ entity: definition, environment: from }, to, before);
      case "type":
        if (definition.type.kind !== "resource") return this.copyType(definition, definition, from, to, before);
        break;
    }
    const group = definitionIn(from, definition);
    if (group?.kind === "core type") return this.copyType(group, definition, from, to, before);
    throw new ComponentInitError(
      "unsupported",
      `a component that is passed on has an outer alias of a ${definition.sort} that cannot be copied`,
    );
  }

  private copyType(
    definition: Extract<Definition, { kind: "type" | "core type" }>,
    entity: Entity,
    from: Environment,
    to: Environment,
    before: Instantiation,
  ): Entity {
    const replaced = new Map<Entity, Entity>();
    for (const used of outerReferences(definition)) {
      replaced.set(used, this.localize({ entity: used, environment: from }, to, before));
    }
    const cloner = new Cloner(replaced);
    this.insertBefore(to, before, definition.kind, [cloner.definition(definition)]);
    return cloner.copyOf(entity);
  }

  private copiesIn(to: Environment): Map<Entity, Entity> {
    let copies = this.known.get(to);
    if (copies === undefined) {
      copies = new Map();
      this.known.set(to, copies);
    }
    return copies;
  }
}

/** What a type refers to outside of itself. */
function outerReferences(definition: Extract<Definition, { kind: "type" | "core type" }>): Entity[] {
  const inner = new Cloner();
  inner.definition(definition);
  const own = new Set<object>([...inner.pairs].map(([original]) => original));
  return [...referencesOf(definition)].filter((entity) => !own.has(entity));
}
