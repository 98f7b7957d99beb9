import type { ExternKind } from "./exports.js";
import { emptyBody } from "./gc/bodies.js";
import { updateCustomSections } from "./gc/custom-sections.js";
import { type KeptElements, keepElements } from "./gc/elements.js";
import { Numbering } from "./gc/numbering.js";
import { findReachable } from "./gc/reachability.js";
import { renumberModule } from "./gc/renumber.js";
import { importedCount } from "./index-spaces.js";
import type { CoreModule } from "./model.js";

export interface CollectedModule {
  readonly module: CoreModule;
  readonly removed: RemovedCounts;
  /** The index that an item has now; `undefined` when it went. */
  readonly indexOf: (kind: ExternKind, index: number) => number | undefined;
  /** Names of the custom sections that would not fit the module any more. */
  readonly droppedSections: readonly string[];
}

/** How many of each went, imported ones included. */
export interface RemovedCounts {
  readonly types: number;
  readonly functions: number;
  /** Of functions that stay in tables, where no call can reach them. */
  readonly bodies: number;
  readonly tables: number;
  readonly memories: number;
  readonly tags: number;
  readonly globals: number;
  /** Segments. */
  readonly elements: number;
  /** Segments. */
  readonly data: number;
}

/**
 * Removes what nothing that is visible from outside reaches, imports included. Whoever instantiates the module cannot
 * tell the result from it, except that less is asked for: exports behave the same, imports that are left are called and
 * written the same, instantiation traps if it did.
 *
 * Bodies of functions that are not reached are not looked at.
 *
 * @returns a copy, or the module itself when nothing can go
 */
export function collectGarbage(module: CoreModule): CollectedModule {
  const reachable = findReachable(module);
  const elements = keepElements(module.elements, reachable);
  const element = Uint8Array.from(elements.segments, (segment) => (segment === undefined ? 0 : 1));
  const emptied = withBodies(module, reachable.uncalled);
  const numbering = new Numbering({ ...reachable.live, element }, emptied);
  const removed = countRemoved(numbering);
  if (numbering.removesNothing && emptied.size === 0 && !editsElements(module, elements)) {
    return { module, removed, indexOf: (_, index) => index, droppedSections: [] };
  }
  const result = renumberModule(module, numbering, elements);
  const indexOf = (kind: ExternKind, index: number) => numbering.find(kind, index);
  return { module: result, removed, indexOf, droppedSections: updateCustomSections(result, numbering) };
}

/** The functions whose bodies are longer than what takes their place. One that is not has no room for a reference. */
function withBodies(module: CoreModule, functions: ReadonlySet<number>): ReadonlySet<number> {
  const imported = importedCount(module, "func");
  const size = (func: number) => module.code[func - imported]?.length ?? 0;
  return new Set([...functions].filter((func) => size(func) > emptyBody.length));
}

function editsElements(module: CoreModule, { segments, added }: KeptElements): boolean {
  return added !== undefined || segments.some((segment, i) => segment !== module.elements[i]);
}

function countRemoved(numbering: Numbering): RemovedCounts {
  return {
    types: numbering.removed("type"),
    functions: numbering.removed("func"),
    bodies: numbering.emptied.size,
    tables: numbering.removed("table"),
    memories: numbering.removed("memory"),
    tags: numbering.removed("tag"),
    globals: numbering.removed("global"),
    elements: numbering.removed("element"),
    data: numbering.removed("data"),
  };
}
