import { posix } from "node:path";
import { DlError } from "../dlopen/interface.js";
import { checkOpenable } from "../dlopen/planner.js";
import { type Library, readLibrary } from "../link/library.js";
import type { LoadBudget } from "./budget.js";
import type { Loaded, Registry } from "./registry.js";
import { type FoundFile, inMemory, type LibrarySource, runtimePath } from "./source.js";
import { isSystemName, type SystemLibraries } from "./system-libraries.js";

/** A library that is not open yet. */
export interface Arrival {
  readonly library: Library;
  readonly path: string | undefined;
  readonly identity: string | undefined;
  readonly bytes: Uint8Array;
  /** What it can be opened by, once it is open. */
  readonly names: readonly string[];
  /** What it names as needed: open already, or on its way as well. */
  readonly needed: (Loaded | Arrival)[];
  /** What it names as needed and nobody has, if that is not in the program itself. */
  readonly missing: string[];
}

export interface GatherContext {
  readonly registry: Registry;
  readonly source: LibrarySource;
  readonly budget: LoadBudget;
  readonly systemLibraries: SystemLibraries;
  /** Whether the names of what the program was linked of are known. */
  readonly isLinked: boolean;
}

/**
 * Finds a library and all that it needs and that is not open, in the order in which symbols are searched: breadth first.
 *
 * @param bytes - the library itself, where the guest has it
 * @throws DlError
 */
export function gather(name: string, bytes: Uint8Array | undefined, context: GatherContext): Arrival[] {
  const { registry, source, budget, systemLibraries, isLinked } = context;
  const root = bytes === undefined ? source.find(name, []) : inMemory(posix.basename(name), bytes);
  if (root === undefined) failToFind(name);
  const arrivals = [arrive(root, name, budget)];
  for (const { library, path, needed, missing } of arrivals) {
    for (const wanted of library.dylink.needed) {
      const known = registry.byName(wanted) ?? arrivals.find(({ names }) => names.includes(wanted));
      if (known !== undefined) {
        needed.push(known);
        continue;
      }
      const found = source.find(wanted, runtimePath(library.dylink.runtimePath, path));
      // A second C library would have an allocator and files of its own.
      if (!isLinked && found !== undefined && systemLibraries.has(wanted, found)) continue;
      const same = found && (registry.byFile(found, wanted) ?? arrivals.find((one) => isSame(one, found)));
      if (same !== undefined) {
        needed.push(same);
      } else if (found !== undefined) {
        const arrival = arrive(found, wanted, budget);
        arrivals.push(arrival);
        needed.push(arrival);
      } else if (isLinked) {
        failToFind(wanted, ` (needed by ${library.name})`);
      } else if (!isSystemName(wanted)) {
        // A program of one core module has its libraries in itself, and nobody knows their names.
        missing.push(wanted);
      }
    }
  }
  return arrivals;
}

function failToFind(name: string, why = ""): never {
  throw new DlError(`Error loading shared library ${name}: No such file or directory${why}`, { notFound: [name] });
}

function isSame({ identity }: Arrival, found: FoundFile): boolean {
  return identity !== undefined && identity === found.identity;
}

function arrive({ name, path, identity, size, read }: FoundFile, requested: string, budget: LoadBudget): Arrival {
  budget.take(size, name);
  const bytes = read();
  const library = readable(name, bytes);
  checkOpenable(library);
  const names = [...new Set([requested, name, ...(path === undefined ? [] : [path])])];
  return { library, path, identity, bytes, names, needed: [], missing: [] };
}

function readable(name: string, bytes: Uint8Array): Library {
  try {
    return readLibrary({ name, bytes });
  } catch (error) {
    throw new DlError(`Error loading shared library ${(error as Error).message.replace(/^library /, "")}`, {
      cause: error,
    });
  }
}
