import { ByteWriter } from "../binary/writer.js";
import { encodeDefinition } from "./encode.js";
import type {
  Component,
  ComponentNames,
  CoreInstantiation,
  Definition,
  Entity,
  Export,
  NestedComponent,
  SectionKind,
} from "./model.js";
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

/** The instantiations of core modules in the order in which an engine carries them out. */
export function coreInstantiations(component: Component): CoreInstantiation[] {
  return definitionsOfKind(component, "core instantiation");
}

export function componentNames(component: Component): ComponentNames | undefined {
  return definitionsOfKind(component, "component names")[0];
}

/** Whether a component or one nested in it holds a definition that `test` accepts. */
export function nestedSome(nested: NestedComponent, test: (definition: Definition) => boolean): boolean {
  return definitionsOf(nested.component).some(
    (definition) => test(definition) || (definition.kind === "component" && nestedSome(definition, test)),
  );
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

/** Removes definitions, and sections that hold nothing any more. */
export function removeDefinitions(component: Component, removed: ReadonlySet<Definition>): void {
  const kept = component.sections.flatMap((section) => {
    const definitions = section.definitions.filter((definition) => !removed.has(definition));
    const emptied = definitions.length === 0 && section.definitions.length > 0;
    return emptied ? [] : [{ kind: section.kind, definitions }];
  });
  component.sections.splice(0, component.sections.length, ...kept);
}

/** Definitions whose absence nobody can tell once nothing refers to them: making them runs no code of the guest. */
function isInert(definition: Definition): boolean {
  switch (definition.kind) {
    case "lift":
    case "lower":
    case "builtin":
    case "export alias":
    case "core export alias":
    case "outer alias":
    case "core inline exports":
    case "inline exports":
      return true;
    case "type":
      // A resource type is generative: an export of the component may still stand for it through an alias.
      return definition.type.kind !== "resource";
    case "component":
      return !nestedSome(definition, (inner) => inner.kind === "core instantiation" || inner.kind === "start");
    case "instantiation":
      return definition.component.sort === "component" && isInert(definition.component as NestedComponent);
    default:
      return false;
  }
}

/**
 * Removes exports and, transitively, what only they needed.
 *
 * @returns everything removed
 */
export function removeExports(component: Component, exports: readonly Export[]): ReadonlySet<Definition> {
  const removed = new Set<Definition>(exports);
  const definitions = definitionsOf(component);
  const definitionOf = new Map<Entity, Definition>();
  const users = new Map<Entity, Set<Definition>>();
  for (const definition of definitions) {
    for (const entity of entitiesOf(definition)) definitionOf.set(entity, definition);
    for (const entity of referencesOf(definition)) {
      const known = users.get(entity);
      if (known === undefined) users.set(entity, new Set([definition]));
      else known.add(definition);
    }
  }
  const unused = (definition: Definition) =>
    entitiesOf(definition).every((entity) => [...(users.get(entity) ?? [])].every((user) => removed.has(user)));
  const queue: Definition[] = [...exports];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const entity of referencesOf(next)) {
      const definition = definitionOf.get(entity);
      if (definition === undefined || removed.has(definition)) continue;
      if (!isInert(definition) || !unused(definition)) continue;
      removed.add(definition);
      queue.push(definition);
    }
  }
  removeDefinitions(component, removed);
  return removed;
}
