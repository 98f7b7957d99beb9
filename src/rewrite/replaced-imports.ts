import { Cloner } from "../component/clone.js";
import { ComponentEdits } from "../component/edits.js";
import { definitionsOf, definitionsOfKind, referencesOf, turnInto } from "../component/graph.js";
import type { Component, Import, TypeDefinition } from "../component/model.js";
import { ComponentInitError } from "../errors.js";

/**
 * Takes the functions out of imports that nobody is to provide any more, and that are still there: for the sake of their types, of
 * which exported functions are made.
 *
 * @throws ComponentInitError `unsupported` where a function of one is passed on, which nobody could call
 */
export function dropFunctions(component: Component, imports: ReadonlySet<Import>): void {
  const edits = new ComponentEdits(component);
  for (const item of definitionsOfKind(component, "import")) {
    if (!imports.has(item) || item.type.kind !== "instance") continue;
    for (const definition of definitionsOf(component)) {
      if (definition === item || definition.kind === "component names" || !referencesOf(definition).has(item)) continue;
      if (definition.kind !== "export alias" || definition.sort !== "type") refuse(item);
    }
    const type = withoutFunctions(item.type.type as TypeDefinition);
    edits.insertBefore(item, "type", [type]);
    turnInto(item, { ...item, type: { kind: "instance", type } });
  }
  edits.apply();
}

function withoutFunctions(definition: TypeDefinition): TypeDefinition {
  const copy = new Cloner().definition(definition);
  if (copy.type.kind !== "instance") return copy;
  const declarations = copy.type.declarations.filter(
    (one) => one.kind !== "export" || one.definition.type.kind !== "func",
  );
  return { ...copy, type: { ...copy.type, declarations } };
}

function refuse({ name: { name } }: Import): never {
  throw new ComponentInitError(
    "unsupported",
    `the component passes functions of ${name} on: only core modules that it calls them from can go on without their host. ` +
      "With --keep-dlopen they stay the host's",
  );
}
