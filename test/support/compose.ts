import { decodeComponent } from "../../src/component/decode.js";
import { encodeComponent } from "../../src/component/encode.js";
import { appendSection, definitionsOfKind } from "../../src/component/graph.js";
import type { Export, ExportAlias, Instantiation, NestedComponent } from "../../src/component/model.js";
import { Surroundings } from "../../src/component/surroundings.js";

/**
 * A component that has another one inside, as composition tools make it: it has the same imports and hands them on, and
 * it exports the functions of each instance, those of all but the first under a prefix.
 */
export function nest(bytes: Uint8Array, prefixes: readonly string[] = [""]): Uint8Array {
  const component = decodeComponent(bytes);
  const around = new Surroundings(component);
  const nested: NestedComponent = { kind: "component", sort: "component", component };
  appendSection(around.root, "component", [nested]);
  for (const prefix of prefixes) addInstance(around, nested, prefix);
  return encodeComponent(around.root).toBytes();
}

function addInstance(around: Surroundings, component: NestedComponent, prefix: string): void {
  const args = definitionsOfKind(component.component, "import").map((item) => ({
    name: item.name.name,
    item: around.argumentFor(item),
  }));
  const instance: Instantiation = { kind: "instantiation", sort: "instance", component, args };
  appendSection(around.root, "instance", [instance]);
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
    appendSection(around.root, "alias", [alias]);
    appendSection(around.root, "export", [exported]);
  }
}
