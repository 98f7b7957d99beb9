import { Cloner } from "../../src/component/clone.js";
import { decodeComponent } from "../../src/component/decode.js";
import { encodeComponent } from "../../src/component/encode.js";
import {
  appendSection,
  definitionsOf,
  definitionsOfKind,
  entitiesOf,
  referencesOf,
} from "../../src/component/graph.js";
import type {
  Component,
  Definition,
  Entity,
  Export,
  ExportAlias,
  Import,
  Instantiation,
  NestedComponent,
  SectionKind,
} from "../../src/component/model.js";

/**
 * A component that has another one inside, as composition tools make it: it has the same imports and hands them on, and
 * it exports the functions of each instance, those of all but the first under a prefix.
 */
export function nest(bytes: Uint8Array, prefixes: readonly string[] = [""]): Uint8Array {
  const inner = decodeComponent(bytes);
  const root: Component = { sections: [] };
  const cloner = new Cloner();
  for (const definition of importedWorld(inner)) {
    appendSection(root, sectionOf(definition), [cloner.definition(definition)]);
  }
  const nested: NestedComponent = { kind: "component", sort: "component", component: decodeComponent(bytes) };
  appendSection(root, "component", [nested]);
  const imports = definitionsOfKind(inner, "import");
  for (const prefix of prefixes) addInstance(root, nested, imports, cloner, prefix);
  return encodeComponent(root).toBytes();
}

function addInstance(
  root: Component,
  component: NestedComponent,
  imports: readonly Import[],
  cloner: Cloner,
  prefix: string,
): void {
  const args = imports.map((item) => ({ name: item.name.name, item: cloner.copyOf(item) }));
  const instance: Instantiation = { kind: "instantiation", sort: "instance", component, args };
  appendSection(root, "instance", [instance]);
  for (const { name, sort } of definitionsOfKind(component.component, "export")) {
    if (sort !== "func") continue;
    const alias: ExportAlias = { kind: "export alias", sort, instance, name: name.name };
    const exported: Export = {
      kind: "export",
      sort,
      name: { ...name, name: prefix + name.name },
      item: alias,
      type: undefined,
    };
    appendSection(root, "alias", [alias]);
    appendSection(root, "export", [exported]);
  }
}

/** The imports of a component, with the types and aliases that they stand on, in order. */
function importedWorld(component: Component): Definition[] {
  const definitions = definitionsOf(component);
  const definitionOf = new Map<Entity, Definition>(
    definitions.flatMap((definition) => entitiesOf(definition).map((entity) => [entity, definition] as const)),
  );
  const needed = new Set<Definition>(definitionsOfKind(component, "import"));
  for (const definition of needed) {
    for (const entity of referencesOf(definition)) {
      // What an instance type declares is inside of the type.
      const used = definitionOf.get(entity);
      if (used !== undefined) needed.add(used);
    }
  }
  return definitions.filter((definition) => needed.has(definition));
}

function sectionOf({ kind }: Definition): SectionKind {
  return kind === "export alias" ? "alias" : (kind as SectionKind);
}
