import type { Library } from "./library.js";
import type { Symbols } from "./symbols.js";
import { worldExports } from "./worlds.js";

/** Which libraries a library cannot do without, by any path. */
export type Dependencies = ReadonlyMap<Library, ReadonlySet<Library>>;

/**
 * Those that a library names, and those that have what it imports. wit-component looks at `needed` and functions only:
 * a library whose data alone is used would be left out.
 */
export function dependenciesOf(libraries: readonly Library[], symbols: Symbols): Dependencies {
  const byName = new Map(libraries.map((library) => [library.name, library]));
  const direct = new Map(libraries.map((library) => [library, directDependencies(library, symbols, byName)]));
  return new Map(libraries.map((library) => [library, closure(library, direct)]));
}

function directDependencies(
  { dylink, functions, functionAddresses, dataAddresses, tags }: Library,
  symbols: Symbols,
  byName: ReadonlyMap<string, Library>,
): Library[] {
  const found = [
    ...dylink.needed.map((name) => byName.get(name)),
    ...functions.map((wanted) => symbols.callee(wanted)?.library),
    ...functionAddresses.map(({ name }) => symbols.pointee(name)?.library),
    ...dataAddresses.map(({ name }) => symbols.data(name)?.library),
    ...tags.map((tag) => symbols.tag(tag)),
  ];
  return [...new Set(found.filter((library) => library !== undefined))];
}

/** All that can be reached, without recursion: libraries can be thousands in a chain. */
function closure(library: Library, direct: ReadonlyMap<Library, readonly Library[]>): Set<Library> {
  const reached = new Set(direct.get(library));
  for (const one of reached) for (const next of direct.get(one) ?? []) reached.add(next);
  return reached;
}

/** The libraries that something can get to: the exports of the component, a command's start, or `dlopen`. */
export function reachableOf(libraries: readonly Library[], dependencies: Dependencies): Library[] {
  const roots = libraries.filter((one) => one.dlOpenable || one.isCommand || worldExports(one).length > 0);
  const reachable = new Set(roots.flatMap((root) => [root, ...(dependencies.get(root) ?? [])]));
  return libraries.filter((library) => reachable.has(library));
}

/** Dependencies first; where they go round in a circle, in the order in which they are given. */
export function instantiationOrder(libraries: readonly Library[], dependencies: Dependencies): Library[] {
  const remaining = new Set(libraries);
  const order: Library[] = [];
  const isReady = (library: Library) =>
    [...(dependencies.get(library) ?? [])].every(
      (needed) => !remaining.has(needed) || dependencies.get(needed)?.has(library),
    );
  while (remaining.size > 0) {
    for (const library of [...remaining]) {
      if (!isReady(library)) continue;
      remaining.delete(library);
      order.push(library);
    }
  }
  return order;
}
