import { ByteWriter } from "../binary/writer.js";
import { encodeDefinition } from "./encode.js";
import type { Component, ComponentNames, ComponentSection, Definition, Entity, SectionKind } from "./model.js";
import { ReferenceRecorder } from "./scope.js";

type DefinitionOfKind<K extends Definition["kind"]> = Extract<Definition, { kind: K }>;

/** What is computed of a component's sections. Passes put another list in the place of one, so it stays right. */
class SectionIndex {
  readonly definitions: readonly Definition[];
  private kinds: Map<Definition["kind"], Definition[]> | undefined;
  private entities: Map<Entity, Definition> | undefined;

  constructor(sections: readonly ComponentSection[]) {
    this.definitions = sections.flatMap((section) => section.definitions);
  }

  ofKind<K extends Definition["kind"]>(kind: K): readonly DefinitionOfKind<K>[] {
    this.kinds ??= Map.groupBy(this.definitions, (definition) => definition.kind);
    return (this.kinds.get(kind) ?? []) as DefinitionOfKind<K>[];
  }

  definitionOf(entity: Entity): Definition | undefined {
    this.entities ??= new Map(
      this.definitions.flatMap((definition) => entitiesOf(definition).map((one) => [one, definition] as const)),
    );
    return this.entities.get(entity);
  }
}

const indices = new WeakMap<readonly ComponentSection[], SectionIndex>();

function indexOf({ sections }: Component): SectionIndex {
  let index = indices.get(sections);
  if (index === undefined) indices.set(sections, (index = new SectionIndex(sections)));
  return index;
}

/** All definitions of a component (not of nested ones), in order. */
export function definitionsOf(component: Component): readonly Definition[] {
  return indexOf(component).definitions;
}

export function definitionsOfKind<K extends Definition["kind"]>(
  component: Component,
  kind: K,
): readonly DefinitionOfKind<K>[] {
  return indexOf(component).ofKind(kind);
}

export function componentNames(component: Component): ComponentNames | undefined {
  return definitionsOfKind(component, "component names")[0];
}

/** What a definition refers to, in its own component and in enclosing ones. */
export function referencesOf(definition: Definition): ReadonlySet<Entity> {
  const recorder = new ReferenceRecorder();
  encodeDefinition(definition, new ByteWriter(), recorder);
  return recorder.references;
}

/** The entities that a definition puts into index spaces. */
export function entitiesOf(definition: Definition): readonly Entity[] {
  switch (definition.kind) {
    case "custom":
    case "component names":
      return [];
    case "core type":
      return definition.types;
    case "start":
      return definition.results;
    default:
      return [definition];
  }
}

/** The definition by which an entity is in one of the index spaces of a component; `undefined` where it is in none. */
export function definitionOf(component: Component, entity: Entity): Definition | undefined {
  return indexOf(component).definitionOf(entity);
}

/** Appends definitions, each list as a section of its own. */
export function appendSections(component: Component, sections: readonly ComponentSection[]): void {
  component.sections = [...component.sections, ...sections];
}

/** Appends definitions as a section of their own. */
export function appendSection(component: Component, kind: SectionKind, definitions: readonly Definition[]): void {
  appendSections(component, [{ kind, definitions }]);
}

/** What the instances among some definitions are instances of. */
export function instantiatedComponents(definitions: readonly Definition[]): ReadonlySet<Entity> {
  return new Set(definitions.flatMap((one) => (one.kind === "instantiation" ? [one.component] : [])));
}

/** Removes definitions, and sections that hold nothing any more. */
export function removeDefinitions(component: Component, removed: ReadonlySet<Definition>): void {
  if (removed.size > 0) component.sections = withoutDefinitions(component.sections, removed);
}

export function withoutDefinitions(
  sections: readonly ComponentSection[],
  removed: ReadonlySet<Definition>,
): ComponentSection[] {
  return sections.flatMap((section) => {
    const definitions = section.definitions.filter((definition) => !removed.has(definition));
    const emptied = definitions.length === 0 && section.definitions.length > 0;
    return emptied ? [] : [{ kind: section.kind, definitions }];
  });
}

/** Puts sections in the place of some definitions of a component. */
export function replaceDefinitions(
  component: Component,
  replacements: ReadonlyMap<Definition, readonly ComponentSection[]>,
): void {
  component.sections = component.sections.flatMap((section) => {
    if (!section.definitions.some((definition) => replacements.has(definition))) return [section];
    return section.definitions.flatMap(
      (definition) => replacements.get(definition) ?? [{ kind: section.kind, definitions: [definition] }],
    );
  });
}

/** Makes another definition of one, of the same sort: whoever refers to it goes on doing so. */
export function turnInto<E extends Definition & Entity>(definition: Definition & Entity, other: E): E {
  for (const key of Object.keys(definition)) delete (definition as unknown as Record<string, unknown>)[key];
  return Object.assign(definition, other);
}
