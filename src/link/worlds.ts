import { decodeComponent } from "../component/decode.js";
import { definitionsOf } from "../component/graph.js";
import type { Component, Declaration, Definition, TypeDefinition } from "../component/model.js";
import { inLibrary, type Library } from "./library.js";

/** What a world has, by name: interfaces and functions. */
interface WorldNames {
  readonly imports: readonly string[];
  readonly exports: readonly string[];
}

const known = new WeakMap<Library, WorldNames>();

/** What the worlds in a library's `component-type` sections export. */
export function worldExports(library: Library): readonly string[] {
  return namesOf(library).exports;
}

/** What the worlds in a library's `component-type` sections import. */
export function worldImports(library: Library): readonly string[] {
  return namesOf(library).imports;
}

function namesOf(library: Library): WorldNames {
  let names = known.get(library);
  if (names === undefined) {
    const declarations = library.worlds.flatMap((world) =>
      inLibrary(`${library.name}, section ${world.name}`, () => worldOf(decodeComponent(world.contents))),
    );
    names = {
      imports: declarations.flatMap((one) => (one.kind === "import" ? [one.definition.name.name] : [])),
      exports: declarations.flatMap((one) => (one.kind === "export" ? [one.definition.name.name] : [])),
    };
    known.set(library, names);
  }
  return names;
}

/**
 * wit-component's encoding of a world: a component that exports a component type (the package), in which another component type
 * (the world) is exported; what that one imports and exports is what the world does.
 */
function worldOf(component: Component): Declaration[] {
  return definitionsOf(component)
    .filter((one): one is TypeDefinition => isComponentType(one))
    .flatMap((one) => declarationsOf(one))
    .flatMap((declaration) => (declaration.kind === "type" ? declarationsOf(declaration.definition) : []));
}

function isComponentType(definition: Definition): boolean {
  return definition.kind === "type" && definition.type.kind === "component";
}

function declarationsOf({ type }: TypeDefinition): readonly Declaration[] {
  return type.kind === "component" ? type.declarations : [];
}

/** Prefixes of the functions that belong to an exported one: `cabi_post_run`, `[callback][async-lift]run`. */
const PREFIXES = /^(cabi_post_|(\[[a-z-]+\])+)/;

/** Whether a core function is what the component's exports are made of: `ns:pkg/iface#f`, `f`, and what belongs to them. */
export function isWorldFunction(name: string, exported: ReadonlySet<string>): boolean {
  const base = name.replace(PREFIXES, "");
  const [owner = ""] = base.split("#");
  return exported.has(owner);
}
