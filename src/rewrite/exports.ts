import type { CoreInstantiation, Definition, Entity } from "../component/model.js";
import type { CoreModule } from "../module/model.js";

/** Names of exports that something asks for, by core instance. */
export type UsedExports = Map<Entity, Set<string>>;

export function aliasedExports(definitions: readonly Definition[]): UsedExports {
  const used: UsedExports = new Map();
  for (const definition of definitions) {
    if (definition.kind === "core export alias") noteExport(used, definition.instance, definition.name);
  }
  return used;
}

export function noteExport(used: UsedExports, instance: Entity, name: string): void {
  const names = used.get(instance);
  if (names === undefined) used.set(instance, new Set([name]));
  else names.add(name);
}

/** Notes what a module imports from the instances that it is instantiated with. */
export function noteImports(args: CoreInstantiation["args"], { imports }: CoreModule, used: UsedExports): void {
  const byModule = Map.groupBy(imports, ({ module }) => module);
  for (const { name, instance } of args) {
    for (const item of byModule.get(name) ?? []) noteExport(used, instance, item.name);
  }
}
