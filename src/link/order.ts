import { posix } from "node:path";
import { ComponentInitError } from "../errors.js";
import { circlesInOrder, circlesOf } from "./circles.js";
import type { Library, WantedFunction } from "./library.js";
import type { Symbols } from "./symbols.js";
import { worldExports } from "./worlds.js";

/** What others need libraries by: their names, and, of those from a directory or archive, the names of their files. */
export function namesOf(libraries: readonly Library[]): ReadonlyMap<string, Library> {
  const files = libraries.toReversed().map((library) => [posix.basename(library.name), library] as const);
  return new Map([...files, ...libraries.map((library) => [library.name, library] as const)]);
}

/** The libraries that something can get to: the exports of the component, a command's start, or `dlopen`. */
export function reachableOf(libraries: readonly Library[], symbols: Symbols): Library[] {
  const byName = namesOf(libraries);
  const roots = libraries.filter((one) => one.dlOpenable || one.isCommand || worldExports(one).length > 0);
  const reachable = new Set(roots);
  for (const library of reachable) {
    for (const needed of directDependencies(library, symbols, byName)) reachable.add(needed);
  }
  return libraries.filter((library) => reachable.has(library));
}

/**
 * Those that a library names, and those that have what it imports. wit-component looks at `needed` and functions only:
 * a library whose data alone is used would be left out.
 */
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

/**
 * Dependencies first, in the order in which wit-component adds them; of a circle, first who is reached first. But for tags: a
 * function can be reached through the table before it is there, a tag cannot.
 *
 * @throws ComponentInitError `link-failed` when tags go round in a circle
 */
export function instantiationOrder(libraries: readonly Library[], symbols: Symbols): Library[] {
  const graph = circlesOf(libraries, orderingDependencies(libraries, symbols));
  const order: Library[] = [];
  for (const circle of circlesInOrder(libraries, graph)) {
    for (const library of tagsFirst(circle, symbols)) order.push(library);
  }
  return order;
}

/** What decides the order: not addresses, which are constants. */
function orderingDependencies(
  libraries: readonly Library[],
  symbols: Symbols,
): (library: Library) => readonly Library[] {
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

/** Who defines a tag comes before who imports it. */
function tagsFirst(circle: readonly Library[], symbols: Symbols): Iterable<Library> {
  if (circle.length === 1) return checkOwnTags(circle as [Library], symbols);
  const members = new Set(circle);
  const begun = new Set<Library>();
  const order = new Set<Library>();
  const stack: { readonly library: Library; readonly tags: Iterator<WantedFunction> }[] = [];
  const begin = (library: Library) => {
    begun.add(library);
    stack.push({ library, tags: library.tags[Symbol.iterator]() });
  };
  for (const first of circle) {
    if (!begun.has(first)) begin(first);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const { value: tag } = top.tags.next();
      if (tag === undefined) {
        order.add(top.library);
        stack.pop();
        continue;
      }
      const owner = symbols.tag(tag);
      if (owner === undefined || !members.has(owner) || order.has(owner)) continue;
      if (begun.has(owner)) failCircular(top.library, tag, owner);
      begin(owner);
    }
  }
  return order;
}

function checkOwnTags(circle: readonly [Library], symbols: Symbols): readonly Library[] {
  const [library] = circle;
  const own = library.tags.find((tag) => symbols.tag(tag) === library);
  if (own !== undefined) failCircular(library, own, library);
  return circle;
}

function failCircular(library: Library, tag: WantedFunction, owner: Library): never {
  const circle = owner === library ? "" : `, and ${owner.name} needs a tag of ${library.name} in turn`;
  throw new ComponentInitError(
    "link-failed",
    `${library.name} imports the tag ${tag.name} of ${owner.name}${circle}: a tag must be there before those that ` +
      "import it, so define it in a library of its own",
  );
}
