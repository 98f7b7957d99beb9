import { Cloner } from "../component/clone.js";
import { definitionsOfKind } from "../component/graph.js";
import type { Component, ExportAlias, Import, Instantiation, NestedComponent } from "../component/model.js";
import { isDlInterface } from "./interface.js";

/**
 * Puts a component in the place of the import by which libraries are opened.
 *
 * @param forwards - whether the import stays, and the component gets it
 */
export function replaceDlImport(component: Component, lookup: Component, forwards: boolean): Component {
  const found = definitionsOfKind(component, "import").find(isDlImport);
  if (found === undefined) return component;
  const nested: NestedComponent = { kind: "component", sort: "component", component: lookup };
  const instance: Instantiation = { kind: "instantiation", sort: "instance", component: nested, args: [] };
  const exported: ExportAlias = { kind: "export alias", sort: "instance", instance, name: found.name.name };
  const cloner = new Cloner(new Map([[found, exported]]));
  const copy = cloner.component(component);
  // Another definition, so that it is not replaced itself.
  const kept = forwards ? cloner.definition({ ...found }) : undefined;
  if (kept !== undefined) instance.args = [{ name: found.name.name, item: kept }];
  const sections = copy.sections.flatMap((section) => {
    const at = (section.definitions as readonly unknown[]).indexOf(exported);
    if (at < 0) return [section];
    const before = [...section.definitions.slice(0, at), ...(kept === undefined ? [] : [kept])];
    const after = section.definitions.slice(at + 1);
    return [
      ...(before.length > 0 ? [{ kind: section.kind, definitions: before }] : []),
      { kind: "component" as const, definitions: [nested] },
      { kind: "instance" as const, definitions: [instance] },
      { kind: "alias" as const, definitions: [exported] },
      ...(after.length > 0 ? [{ kind: section.kind, definitions: after }] : []),
    ];
  });
  return { sections };
}

/** Whether a component can open libraries. */
export function opensLibraries(component: Component): boolean {
  return definitionsOfKind(component, "import").some(isDlImport);
}

function isDlImport({ sort, name }: Import): boolean {
  return sort === "instance" && isDlInterface(name.name);
}
