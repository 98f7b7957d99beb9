import { functionSpace, typeSpace } from "../module/index-spaces.js";
import type { CoreModule } from "../module/model.js";
import type { VisibleFunction } from "./model.js";

/**
 * Imported functions that references can be made of and whose type has subtypes, as `module.name`. V8 takes such a reference
 * to be of the type that the import declares, also where the function that is imported is of a subtype.
 */
export function openImports(module: CoreModule, visible: readonly VisibleFunction[]): string[] {
  const types = typeSpace(module);
  const referenced = new Set(visible.map(({ index }) => index));
  return functionSpace(module).flatMap((item) => {
    if (!item.imported || !referenced.has(item.index) || types[item.type]?.final !== false) return [];
    return [`${item.import.module}.${item.import.name}`];
  });
}
