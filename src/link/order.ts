import { ComponentInitError } from "../errors.js";
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

/**
 * Dependencies first; where they go round in a circle, in the order in which they are given, but for tags: a function can be
 * reached through the table before it is there, a tag cannot.
 *
 * @throws ComponentInitError `link-failed` when tags go round in a circle
 */
export function instantiationOrder(
  libraries: readonly Library[],
  dependencies: Dependencies,
  symbols: Symbols,
): Library[] {
  const remaining = new Set(libraries);
  const order: Library[] = [];
  const waitingFor = new Map(libraries.map((library) => [library, neededBefore(library, dependencies, symbols)]));
  const isReady = (library: Library) => {
    const needed = waitingFor.get(library) ?? [];
    // What is there stays there, and need not be looked at again.
    for (let last = needed.at(-1); last !== undefined && !remaining.has(last); last = needed.at(-1)) needed.pop();
    return needed.length === 0;
  };
  while (remaining.size > 0) {
    const ready = order.length;
    for (const library of [...remaining]) {
      if (!isReady(library)) continue;
      remaining.delete(library);
      order.push(library);
    }
    if (order.length === ready) failCircular([...remaining], dependencies, symbols);
  }
  return order;
}

function neededBefore(library: Library, dependencies: Dependencies, symbols: Symbols): Library[] {
  const needed = [...(dependencies.get(library) ?? [])].filter((other) => !dependencies.get(other)?.has(library));
  return [...needed, ...tagOwners(library, symbols)];
}

function tagOwners({ tags }: Library, symbols: Symbols): Library[] {
  return tags.map((tag) => symbols.tag(tag)).filter((owner) => owner !== undefined);
}

function failCircular(remaining: readonly Library[], dependencies: Dependencies, symbols: Symbols): never {
  for (const library of remaining) {
    for (const tag of library.tags) {
      const owner = symbols.tag(tag);
      if (owner === undefined || !dependencies.get(owner)?.has(library)) continue;
      const circle = owner === library ? "" : `, and ${owner.name} needs a tag of ${library.name} in turn`;
      throw new ComponentInitError(
        "link-failed",
        `${library.name} imports the tag ${tag.name} of ${owner.name}${circle}: a tag must be there before those that ` +
          "import it, so define it in a library of its own",
      );
    }
  }
  throw new Error("libraries wait for each other without a tag");
}
