import { posix } from "node:path";
import { ComponentInitError } from "../errors.js";
import type { Library, WantedFunction } from "./library.js";
import type { Symbols } from "./symbols.js";
import { worldExports } from "./worlds.js";

/** Which libraries a library cannot do without, by any path. */
export type Dependencies = ReadonlyMap<Library, ReadonlySet<Library>>;

/**
 * Those that a library names, and those that have what it imports. wit-component looks at `needed` and functions only:
 * a library whose data alone is used would be left out.
 */
export function dependenciesOf(libraries: readonly Library[], symbols: Symbols): Dependencies {
  const byName = namesOf(libraries);
  return closures(libraries, (library) => directDependencies(library, symbols, byName));
}

/** What others need libraries by: their names, and, of those from a directory or archive, the names of their files. */
export function namesOf(libraries: readonly Library[]): ReadonlyMap<string, Library> {
  const files = libraries.toReversed().map((library) => [posix.basename(library.name), library] as const);
  return new Map([...files, ...libraries.map((library) => [library.name, library] as const)]);
}

function closures(libraries: readonly Library[], directOf: (library: Library) => Library[]): Dependencies {
  const direct = new Map(libraries.map((library) => [library, directOf(library)]));
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
 * Dependencies first, in the order in which wit-component adds them; of a circle, first who is reached first. But for tags: a
 * function can be reached through the table before it is there, a tag cannot.
 *
 * @throws ComponentInitError `link-failed` when tags go round in a circle
 */
export function instantiationOrder(libraries: readonly Library[], symbols: Symbols): Library[] {
  const dependencies = closures(libraries, orderingDependencies(libraries, symbols));
  const of = (library: Library) => [...(dependencies.get(library) ?? [])];
  const isNeededBy = (library: Library, other: Library) => dependencies.get(other)?.has(library) ?? false;
  const begun = new Set<Library>();
  const order = new Set<Library>();
  const add = (library: Library) => {
    if (begun.has(library)) return;
    begun.add(library);
    for (const other of of(library)) if (!isNeededBy(library, other)) add(other);
    for (const tag of library.tags) {
      const owner = symbols.tag(tag);
      if (owner === undefined) continue;
      add(owner);
      if (!order.has(owner)) failCircular(library, tag, owner);
    }
    order.add(library);
    for (const other of of(library)) if (isNeededBy(library, other)) add(other);
  };
  for (const library of libraries) add(library);
  return [...order];
}

/** What decides the order: not addresses, which are constants. */
function orderingDependencies(libraries: readonly Library[], symbols: Symbols): (library: Library) => Library[] {
  const byName = namesOf(libraries);
  return ({ dylink, functions, tags }) => {
    const callees = functions.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const found = [
      ...dylink.needed.map((name) => byName.get(name)),
      ...callees.map((wanted) => symbols.callee(wanted)?.library),
      ...tags.map((tag) => symbols.tag(tag)),
    ];
    return [...new Set(found.filter((library) => library !== undefined))];
  };
}

function failCircular(library: Library, tag: WantedFunction, owner: Library): never {
  const circle = owner === library ? "" : `, and ${owner.name} needs a tag of ${library.name} in turn`;
  throw new ComponentInitError(
    "link-failed",
    `${library.name} imports the tag ${tag.name} of ${owner.name}${circle}: a tag must be there before those that ` +
      "import it, so define it in a library of its own",
  );
}
