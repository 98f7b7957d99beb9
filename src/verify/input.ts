import { decodeComponent } from "../component/decode.js";
import { appendSections, definitionsOfKind, removeDefinitions } from "../component/graph.js";
import type { Component, CoreModuleDefinition, Import, Instantiation, NestedComponent } from "../component/model.js";
import { Surroundings } from "../component/surroundings.js";
import { ComponentInitError } from "../errors.js";
import type { JcoThread } from "../jco/jco-thread.js";
import type { Supply } from "../specialize/model.js";
import { skeletonOf } from "./skeleton.js";
import { validateSkeleton } from "./verify.js";

/**
 * Validates a component as it was given. What is bound and run is what specialization leaves of it, where imports,
 * arguments and their types are dissolved: nothing else would notice that they do not fit.
 *
 * @throws ComponentInitError `malformed`, or `invalid-option` when what is supplied does not fit
 */
export async function validateInput(bytes: Uint8Array, supply: Supply, thread: JcoThread): Promise<void> {
  const component = decodeComponent(bytes);
  removeStartFunctions(component);
  const problem = await validateSkeleton(skeletonOf(component), thread);
  if (problem !== undefined) {
    throw new ComponentInitError("malformed", `the component is not valid: ${inOneLine(problem)}`);
  }
  const names = Object.keys({ ...supply.modules, ...supply.components });
  if (names.length === 0) return;
  const misfit = await validateSkeleton(skeletonOf(instantiatedWith(component, supply)), thread);
  if (misfit !== undefined) {
    throw new ComponentInitError(
      "invalid-option",
      `what is supplied for ${names.join(", ")} does not fit the component: ${inOneLine(misfit)}`,
    );
  }
}

/** wasm-tools, as it is built into jco, takes every one for one too many. */
function removeStartFunctions(component: Component): void {
  removeDefinitions(component, new Set(definitionsOfKind(component, "start")));
  for (const nested of definitionsOfKind(component, "component")) removeStartFunctions(nested.component);
}

/** The component as an argument for whose imports the supplied ones stand: their types are checked against each other. */
function instantiatedWith(component: Component, supply: Supply): Component {
  const isSupplied = ({ sort }: Import) => sort === "core module" || sort === "component";
  const imports = definitionsOfKind(component, "import");
  const supplied = new Map(imports.filter(isSupplied).map((item) => [item, suppliedFor(item, supply)]));
  const around = new Surroundings(component, (item) => !isSupplied(item));
  const nested: NestedComponent = { kind: "component", sort: "component", component };
  const args = imports.map((item) => ({ name: item.name.name, item: supplied.get(item) ?? around.argumentFor(item) }));
  const instance: Instantiation = { kind: "instantiation", sort: "instance", component: nested, args };
  appendSections(around.root, [
    ...[...supplied.values()].map((definition) => ({ kind: definition.kind, definitions: [definition] })),
    { kind: "component", definitions: [nested] },
    { kind: "instance", definitions: [instance] },
  ]);
  return around.root;
}

function suppliedFor({ sort, name }: Import, { modules, components }: Supply): CoreModuleDefinition | NestedComponent {
  if (sort === "core module") {
    return { kind: "core module", sort, chunks: [modules?.[name.name] as Uint8Array], offset: 0 };
  }
  const component = decodeComponent(components?.[name.name] as Uint8Array);
  removeStartFunctions(component);
  return { kind: "component", sort: "component", component };
}

/** wasm-tools tells the causes on lines of their own. */
function inOneLine(problem: string): string {
  const lines = problem.split("\n").map((line) => line.trim());
  return lines
    .filter((line) => line !== "" && line !== "Caused by:" && !/^failed to (decode|extract|parse)/.test(line))
    .map((line) => line.replace(/^\d+: |^failed to decode binary WIT: | \(at offset 0x[0-9a-f]+\)$|:$/g, ""))
    .join(": ");
}
