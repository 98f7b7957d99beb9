import { definitionsOf } from "./graph.js";
import type { Component, CoreInstantiation, Definition } from "./model.js";

/** All instantiations of core modules in the order in which an engine carries them out, where each nested component is instantiated once. */
export function instantiationsIn(component: Component): CoreInstantiation[] {
  return definitionsOf(component).flatMap((definition) => {
    if (definition.kind === "core instantiation") return [definition];
    if (definition.kind !== "instantiation") return [];
    const nested = definition.component as Extract<Definition, { kind: "component" }>;
    return nested.kind === "component" ? instantiationsIn(nested.component) : [];
  });
}
