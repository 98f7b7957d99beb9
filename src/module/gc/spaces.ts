import { ComponentInitError } from "../../errors.js";
import type { Import } from "../imports.js";
import type { CoreModule } from "../model.js";
import type { RecursiveGroup } from "../types.js";
import type { IndexSpace } from "./operands.js";

/** Imports by their kind, in order: index spaces start with them (core specification 2.5.1). */
export type ImportsByKind = Readonly<Record<Import["kind"], readonly Import[]>>;

export function importsByKind(module: CoreModule): ImportsByKind {
  const imports: Record<Import["kind"], Import[]> = { func: [], table: [], memory: [], global: [], tag: [] };
  for (const item of module.imports) imports[item.kind].push(item);
  return imports;
}

/** How many items each index space has. */
export function spaceSizes(module: CoreModule): Record<IndexSpace, number> {
  const imported = importsByKind(module);
  return {
    type: module.types.reduce((count, group) => count + group.types.length, 0),
    func: imported.func.length + module.functions.length,
    table: imported.table.length + module.tables.length,
    memory: imported.memory.length + module.memories.length,
    tag: imported.tag.length + module.tags.length,
    global: imported.global.length + module.globals.length,
    element: module.elements.length,
    data: module.data.length,
  };
}

/** A recursion group and the index of its first type. */
export interface GroupAt {
  readonly group: RecursiveGroup;
  readonly first: number;
}

/** The recursion group of each type index. */
export function groupByType(types: CoreModule["types"]): GroupAt[] {
  const groups: GroupAt[] = [];
  for (const group of types) {
    const entry = { group, first: groups.length };
    for (const _ of group.types) groups.push(entry);
  }
  return groups;
}

/** Positions of segments by what they initialize. */
export function segmentsBy<S extends { readonly mode: unknown }>(
  segments: readonly S[],
  keyOf: (mode: S["mode"]) => number | undefined,
): Map<number, number[]> {
  const found = new Map<number, number[]>();
  segments.forEach(({ mode }, i) => {
    const key = keyOf(mode);
    if (key === undefined) return;
    const known = found.get(key);
    if (known === undefined) found.set(key, [i]);
    else known.push(i);
  });
  return found;
}

/** An item that the module must have. */
export function at<T>(list: readonly T[], index: number, space: IndexSpace): T {
  return list[index] ?? failUnknown(space, index, list.length);
}

export function failUnknown(space: IndexSpace, index: number, count: number): never {
  throw new ComponentInitError("malformed", `something refers to ${space} ${index} of a core module with ${count}`);
}
