import type { Global, Table } from "./definitions.js";
import type { ExternKind } from "./exports.js";
import type { GlobalType, MemoryType, TableType, TagType } from "./extern-types.js";
import type { Import } from "./imports.js";
import type { CoreModule } from "./model.js";
import type { FuncType, SubType } from "./types.js";

/** An item of an index space: imports come first (core specification 2.5.1). */
export type SpaceItem<T, D = T> = ImportedItem<T> | DefinedItem<T, D>;

export interface ImportedItem<T> {
  readonly imported: true;
  readonly index: number;
  readonly type: T;
  readonly import: Import;
}

export interface DefinedItem<T, D> {
  readonly imported: false;
  readonly index: number;
  readonly type: T;
  /** Position in the list of definitions: `module.memories[position]`, and so on. */
  readonly position: number;
  readonly definition: D;
}

/** Functions; a type here is a type index. */
export function functionSpace(module: CoreModule): SpaceItem<number>[] {
  return space(importedItems<number>(module, "func"), module.functions, (type) => type);
}

export function tableSpace(module: CoreModule): SpaceItem<TableType, Table>[] {
  return space(importedItems<TableType>(module, "table"), module.tables, ({ type }) => type);
}

export function memorySpace(module: CoreModule): SpaceItem<MemoryType>[] {
  return space(importedItems<MemoryType>(module, "memory"), module.memories, (type) => type);
}

export function globalSpace(module: CoreModule): SpaceItem<GlobalType, Global>[] {
  return space(importedItems<GlobalType>(module, "global"), module.globals, ({ type }) => type);
}

export function tagSpace(module: CoreModule): SpaceItem<TagType>[] {
  return space(importedItems<TagType>(module, "tag"), module.tags, (type) => type);
}

/** Lists of a module never change, so what is computed of one stays right for as long as it is there. */
function memoized<K extends object, V>(compute: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, V>();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) known.set(key, (value = compute(key)));
    return value;
  };
}

const flatTypes = memoized((groups: CoreModule["types"]): readonly SubType[] => groups.flatMap((group) => group.types));

const importedFunctions = memoized((imports: CoreModule["imports"]) => imports.filter((item) => item.kind === "func"));

/** All types by type index. */
export function typeSpace(module: CoreModule): readonly SubType[] {
  return flatTypes(module.types);
}

/** How many imports an index space starts with: the index of the first definition. */
export function importedCount(module: CoreModule, kind: ExternKind): number {
  return module.imports.reduce((count, item) => count + (item.kind === kind ? 1 : 0), 0);
}

/** The type of a function by function index; `undefined` when the module is not valid there. */
export function functionType(module: CoreModule, index: number): FuncType | undefined {
  const imported = importedFunctions(module.imports);
  const type = imported[index]?.type ?? module.functions[index - imported.length];
  return type === undefined ? undefined : funcTypeAt(module, type);
}

/** The function type at a type index. */
export function funcTypeAt(module: CoreModule, index: number): FuncType | undefined {
  const composite = typeSpace(module)[index]?.composite;
  return composite?.kind === "func" ? composite : undefined;
}

/** The type of a global by global index. */
export function globalType(module: CoreModule, index: number): GlobalType | undefined {
  return globalSpace(module)[index]?.type;
}

function importedItems<T extends Import["type"]>(module: CoreModule, kind: ExternKind): ImportedItem<T>[] {
  return module.imports
    .filter((item) => item.kind === kind)
    .map((item, index) => ({ imported: true, index, type: item.type as T, import: item }));
}

function space<T, D>(
  imported: readonly ImportedItem<T>[],
  definitions: readonly D[],
  typeOf: (definition: D) => T,
): SpaceItem<T, D>[] {
  const defined = definitions.map((definition, position): DefinedItem<T, D> => {
    return { imported: false, index: imported.length + position, type: typeOf(definition), position, definition };
  });
  return [...imported, ...defined];
}
