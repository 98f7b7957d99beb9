import { Cloner } from "../component/clone.js";
import { decodeComponent, isComponent, isCoreModule } from "../component/decode.js";
import { definitionsOfKind } from "../component/graph.js";
import type {
  Component,
  ComponentSection,
  CoreModuleDefinition,
  Definition,
  Import,
  NestedComponent,
  SectionKind,
} from "../component/model.js";
import { ComponentInitError } from "../errors.js";
import type { Supply } from "./model.js";

/**
 * Puts the core modules and components that the user supplies in the place of the imports that ask for them.
 *
 * @returns the component itself when it imports none
 * @throws {@link ComponentInitError} `invalid-option` when one is missing, unknown or something else
 */
export function supplyImports(component: Component, supply: Supply): Component {
  const imports = definitionsOfKind(component, "import");
  const wanted = imports.filter(({ sort }) => sort === "core module" || sort === "component");
  checkNames(wanted, "core module", supply.modules ?? {});
  checkNames(wanted, "component", supply.components ?? {});
  if (wanted.length === 0) return component;
  const replaced = new Map(wanted.map((item) => [item, suppliedFor(item, supply)] as const));
  const copy = new Cloner(replaced).component(component);
  return { sections: copy.sections.flatMap(splitByKind) };
}

function checkNames(
  wanted: readonly Import[],
  sort: "core module" | "component",
  supplied: Readonly<Record<string, Uint8Array>>,
): void {
  const names = wanted.filter((item) => item.sort === sort).map(({ name }) => name.name);
  const missing = names.find((name) => !Object.hasOwn(supplied, name));
  if (missing !== undefined) {
    throw new ComponentInitError(
      "invalid-option",
      `the component imports the ${sort} ${missing}: supply it with ${OPTIONS[sort]} ${missing}=FILE`,
    );
  }
  const unknown = Object.keys(supplied).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const known = names.length === 0 ? `it imports no ${sort}` : `it imports ${names.join(", ")}`;
    throw new ComponentInitError("invalid-option", `the component has no import ${unknown} of a ${sort}: ${known}`);
  }
}

const OPTIONS = { "core module": "--module", component: "--component" } as const;

function suppliedFor({ sort, name: { name } }: Import, supply: Supply): CoreModuleDefinition | NestedComponent {
  if (sort === "core module") {
    const bytes = supply.modules?.[name] as Uint8Array;
    if (!isCoreModule(bytes)) wrongKind(name, "core module", isComponent(bytes) ? "component" : undefined);
    return { kind: "core module", sort, chunks: [bytes], offset: 0 };
  }
  const bytes = supply.components?.[name] as Uint8Array;
  if (!isComponent(bytes)) wrongKind(name, "component", isCoreModule(bytes) ? "core module" : undefined);
  return { kind: "component", sort: "component", component: decodeComponent(bytes) };
}

function wrongKind(name: string, wanted: string, found: string | undefined): never {
  const what = found === undefined ? "no WebAssembly" : `a ${found}`;
  throw new ComponentInitError(
    "invalid-option",
    `what was supplied for the import ${name} is ${what}, not a ${wanted}`,
  );
}

/** A section holds definitions of one kind, and modules and components stand alone. */
function splitByKind(section: ComponentSection): ComponentSection[] {
  if (section.kind !== "import") return [section];
  const sections: { kind: SectionKind; definitions: Definition[] }[] = [];
  for (const definition of section.definitions) {
    const kind = definition.kind as "import" | "core module" | "component";
    const last = sections.at(-1);
    if (kind === "import" && last?.kind === "import") last.definitions.push(definition);
    else sections.push({ kind, definitions: [definition] });
  }
  return sections;
}
