import { ComponentInitError } from "../../errors.js";
import { importsByKind } from "../index-spaces.js";
import type { CoreModule } from "../model.js";
import type { IndexSpace } from "./operands.js";

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
