import type { CoreModule } from "../module/model.js";

/**
 * Takes the maximum off the tables of a module that has a memory: a program, whose linker gave it the size that it needed by
 * itself. Tables of wit-component's own modules are of a fixed size, which other modules rely on.
 */
export function letTablesGrow(module: CoreModule): void {
  if (module.memories.length === 0 || module.tables.every(({ type }) => type.maximum === undefined)) return;
  module.tables = module.tables.map((table) => ({ ...table, type: { ...table.type, maximum: undefined } }));
}
