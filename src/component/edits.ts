import { withoutDefinitions } from "./graph.js";
import type { Component, ComponentSection, Definition, Entity, SectionKind } from "./model.js";
import { setNames } from "./names.js";

/** Where a section stands: before or among those that the component has. */
interface Place {
  /** Position of the section that it stands before, or its own. */
  readonly section: number;
  /** Its turn among what stands before the same section. */
  readonly turn: number;
}

/** Changes to a component that are made all at once: each alone would go through all of it. */
export class ComponentEdits {
  private readonly places = new Map<Definition, Place>();
  private readonly inserted = new Map<number, ComponentSection[]>();
  private readonly removed = new Set<Definition>();
  private readonly names: (readonly [Entity, string])[] = [];

  constructor(readonly component: Component) {
    component.sections.forEach(({ definitions }, section) => {
      for (const definition of definitions) this.places.set(definition, { section, turn: Infinity });
    });
  }

  /** Inserts definitions as a section of their own, in front of the section that has another one. */
  insertBefore(before: Definition, kind: SectionKind, definitions: readonly Definition[]): void {
    const { section } = this.places.get(before) as Place;
    const sections = this.inserted.get(section) ?? [];
    this.inserted.set(section, sections);
    for (const definition of definitions) this.places.set(definition, { section, turn: sections.length });
    sections.push({ kind, definitions });
  }

  /** Whether a definition comes in a section before that of another one. */
  isBefore(definition: Definition, other: Definition): boolean {
    const [left, right] = [this.places.get(definition), this.places.get(other)] as [Place, Place];
    return left.section < right.section || (left.section === right.section && left.turn < right.turn);
  }

  remove(definition: Definition): void {
    this.removed.add(definition);
  }

  setName(entity: Entity, name: string): void {
    this.names.push([entity, name]);
  }

  apply(): void {
    const { component, inserted, removed } = this;
    if (inserted.size + removed.size > 0) {
      const all = component.sections.flatMap((section, i) => [...(inserted.get(i) ?? []), section]);
      component.sections = withoutDefinitions(all, removed);
    }
    setNames(component, this.names);
  }
}
