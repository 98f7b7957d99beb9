import { Cloner } from "./clone.js";
import { appendSections, definitionsOf, definitionsOfKind, entitiesOf, referencesOf } from "./graph.js";
import type { Component, Definition, Entity, Import, SectionKind } from "./model.js";

/**
 * A component that imports what another one does and hands it on.
 *
 * @param isHandedOn - leaves out imports that are to come from elsewhere
 */
export class Surroundings {
  readonly root: Component = { sections: [] };
  private readonly cloner = new Cloner();

  constructor(
    private readonly inner: Component,
    private readonly isHandedOn: (item: Import) => boolean = () => true,
  ) {
    const sections = this.importedWorld().map((definition) => ({
      kind: sectionOf(definition),
      definitions: [this.cloner.definition(definition)],
    }));
    appendSections(this.root, sections);
  }

  /** The import that an import of the inner component gets. */
  argumentFor(item: Import): Entity {
    return this.cloner.copyOf(item);
  }

  /** The imports, with the types and aliases that they stand on, in order. */
  private importedWorld(): Definition[] {
    const definitions = definitionsOf(this.inner);
    const definitionOf = new Map<Entity, Definition>(
      definitions.flatMap((definition) => entitiesOf(definition).map((entity) => [entity, definition] as const)),
    );
    const needed = new Set<Definition>(definitionsOfKind(this.inner, "import").filter(this.isHandedOn));
    for (const definition of needed) {
      for (const entity of referencesOf(definition)) {
        // What an instance type declares is inside of the type.
        const used = definitionOf.get(entity);
        if (used !== undefined) needed.add(used);
      }
    }
    return definitions.filter((definition) => needed.has(definition));
  }
}

function sectionOf({ kind }: Definition): SectionKind {
  return kind === "export alias" ? "alias" : (kind as SectionKind);
}
