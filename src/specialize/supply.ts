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
import { describeKind, fileKind } from "../file-kind.js";
import { decodeModule } from "../module/decode.js";
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
  for (const sort of ["core module", "component"] as const) checkKnown(imports, sort, suppliedAs(sort, supply));
  for (const { sort, name } of wanted) checkSupplied(sort as keyof typeof OPTIONS, name.name, supply);
  if (wanted.length === 0) return component;
  const replaced = new Map(wanted.map((item) => [item, suppliedFor(item, supply)] as const));
  const copy = new Cloner(replaced).component(component);
  return { sections: copy.sections.flatMap(splitByKind) };
}

function suppliedAs(sort: keyof typeof OPTIONS, { modules, components }: Supply): Readonly<Record<string, Uint8Array>> {
  return (sort === "component" ? components : modules) ?? {};
}

function checkSupplied(sort: keyof typeof OPTIONS, name: string, supply: Supply): void {
  if (Object.hasOwn(suppliedAs(sort, supply), name)) return;
  throw new ComponentInitError(
    "invalid-option",
    `the component imports the ${sort} ${name}: supply it with ${OPTIONS[sort]} ${name}=FILE`,
  );
}

/** A name that is not known says more than that of an import which nothing is supplied for. */
function checkKnown(
  imports: readonly Import[],
  sort: keyof typeof OPTIONS,
  supplied: Readonly<Record<string, Uint8Array>>,
): void {
  const names = imports.filter((item) => item.sort === sort).map(({ name }) => name.name);
  const unknown = Object.keys(supplied).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  const known = names.length === 0 ? `it imports no ${sort}` : `it imports ${names.join(", ")}`;
  const other = imports.find(({ name }) => name.name === unknown)?.sort;
  const advice =
    other === undefined
      ? known
      : other === "core module" || other === "component"
        ? `${unknown} is a ${other}, supply it with ${OPTIONS[other]}`
        : `${unknown} is ${other === "instance" ? "an instance" : `a ${other}`}, which a component has to be composed with first`;
  throw new ComponentInitError("invalid-option", `the component has no import ${unknown} of a ${sort}: ${advice}`);
}

const OPTIONS = { "core module": "--module", component: "--component" } as const;

function suppliedFor({ sort, name: { name } }: Import, supply: Supply): CoreModuleDefinition | NestedComponent {
  if (sort === "core module") {
    const bytes = supply.modules?.[name] as Uint8Array;
    if (!isCoreModule(bytes)) wrongKind(name, "core module", isComponent(bytes) ? "a component" : kindOf(bytes));
    readable(name, () => decodeModule(bytes));
    return { kind: "core module", sort, chunks: [bytes], offset: 0 };
  }
  const bytes = supply.components?.[name] as Uint8Array;
  if (!isComponent(bytes)) wrongKind(name, "component", isCoreModule(bytes) ? "a core module" : kindOf(bytes));
  return { kind: "component", sort: "component", component: readable(name, () => decodeComponent(bytes)) };
}

function readable<T>(name: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof ComponentInitError)) throw error;
    throw new ComponentInitError(error.code, `what was supplied for the import ${name}: ${error.message}`, {
      cause: error,
    });
  }
}

function kindOf(bytes: Uint8Array): string {
  const kind = fileKind(bytes);
  return kind === undefined ? "no WebAssembly" : describeKind(kind);
}

function wrongKind(name: string, wanted: string, found: string): never {
  throw new ComponentInitError(
    "invalid-option",
    `what was supplied for the import ${name} is ${found}, not a ${wanted}`,
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
