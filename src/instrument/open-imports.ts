import { referencedFunction } from "../binary/const-expr.js";
import { importsByKind, typeSpace } from "../module/index-spaces.js";
import type { CoreModule } from "../module/model.js";

/**
 * Imported functions that element segments put into tables and whose type has subtypes, as `module.name`. V8 takes them
 * there to be of the type that the import declares, also where the function that is imported is of a subtype.
 */
export function openImports(module: CoreModule): string[] {
  const types = typeSpace(module);
  const isOpen = (type: unknown) => types[type as number]?.final === false;
  if (!importsByKind(module).func.some(({ type }) => isOpen(type))) return [];
  const put = new Set(
    module.elements.flatMap(({ mode, items }): readonly (number | undefined)[] => {
      if (mode.kind === "declared") return [];
      return items.kind === "functions" ? items.indices : items.exprs.map(referencedFunction);
    }),
  );
  return importsByKind(module).func.flatMap(({ module: from, name, type }, index) =>
    isOpen(type) && put.has(index) ? [`${from}.${name}`] : [],
  );
}
