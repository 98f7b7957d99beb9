import { ByteWriter } from "../binary/writer.js";
import { encodeDefinition } from "./encode.js";
import type { Component, ComponentNames, ComponentSection, Definition, Entity, SectionKind } from "./model.js";
import { ReferenceRecorder } from "./scope.js";

/** All definitions of a component (not of nested ones), in order. */
export function definitionsOf(component: Component): Definition[] {
  return component.sections.flatMap((section) => section.definitions);
}

export function definitionsOfKind<K extends Definition["kind"]>(
  component: Component,
  kind: K,
): Extract<Definition, { kind: K }>[] {
  return definitionsOf(component).filter(
    (definition): definition is Extract<Definition, { kind: K }> => definition.kind === kind,
  );
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

/** Whether an entity is in one of the index spaces of a component. */
export function defines(component: Component, entity: Entity): boolean {
  return component.sections.some((section) => entitiesOfSection(section).has(entity));
}

/** Passes put new sections in the place of old ones and leave the definitions of a section as they are. */
const knownEntities = new WeakMap<ComponentSection, ReadonlySet<Entity>>();

function entitiesOfSection(section: ComponentSection): ReadonlySet<Entity> {
  let entities = knownEntities.get(section);
  if (entities === undefined) {
    entities = new Set(section.definitions.flatMap(entitiesOf));
    knownEntities.set(section, entities);
  }
  return entities;
}

/** Appends definitions as a section of their own. */
export function appendSection(component: Component, kind: SectionKind, definitions: Definition[]): void {
  component.sections.push({ kind, definitions });
}

export function insertSectionBefore(
  component: Component,
  before: Definition,
  kind: SectionKind,
  definitions: Definition[],
): void {
  const at = component.sections.findIndex((section) => section.definitions.includes(before));
  component.sections.splice(at, 0, { kind, definitions });
}

/** What the instances among some definitions are instances of. */
export function instantiatedComponents(definitions: readonly Definition[]): ReadonlySet<Entity> {
  return new Set(definitions.flatMap((one) => (one.kind === "instantiation" ? [one.component] : [])));
}

/** Removes definitions, and sections that hold nothing any more. */
export function removeDefinitions(component: Component, removed: ReadonlySet<Definition>): void {
  const kept = component.sections.flatMap((section) => {
    const definitions = section.definitions.filter((definition) => !removed.has(definition));
    const emptied = definitions.length === 0 && section.definitions.length > 0;
    return emptied ? [] : [{ kind: section.kind, definitions }];
  });
  component.sections.splice(0, component.sections.length, ...kept);
}

/** Puts sections in the place of some definitions of a component. */
export function replaceDefinitions(
  component: Component,
  replacements: ReadonlyMap<Definition, readonly ComponentSection[]>,
): void {
  const sections = component.sections.flatMap((section) => {
    if (!section.definitions.some((definition) => replacements.has(definition))) return [section];
    return section.definitions.flatMap(
      (definition) => replacements.get(definition) ?? [{ kind: section.kind, definitions: [definition] }],
    );
  });
  component.sections.splice(0, component.sections.length, ...sections);
}

/** Makes another definition of one, of the same sort: whoever refers to it goes on doing so. */
export function turnInto<E extends Definition & Entity>(definition: Definition & Entity, other: E): E {
  for (const key of Object.keys(definition)) delete (definition as unknown as Record<string, unknown>)[key];
  return Object.assign(definition, other);
}
