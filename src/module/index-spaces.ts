import type { Global, Table } from "./definitions.js";
import type { ExternKind } from "./exports.js";
import type { GlobalType, MemoryType, TableType, TagType } from "./extern-types.js";
import type { Import } from "./imports.js";
import type { CoreModule } from "./model.js";
import type { FuncType, RecursiveGroup, SubType } from "./types.js";

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

/** Lists of a module never change, so what is computed of some stays right for as long as they are there. */
function memoized<K extends object, V>(compute: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, V>();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) known.set(key, (value = compute(key)));
    return value;
  };
}

/** Imports by their kind, in order: index spaces start with them (core specification 2.5.1). */
export type ImportsByKind = Readonly<Record<ExternKind, readonly Import[]>>;

const byKind = memoized((imports: CoreModule["imports"]): ImportsByKind => {
  const lists: Record<ExternKind, Import[]> = { func: [], table: [], memory: [], global: [], tag: [] };
  for (const item of imports) lists[item.kind].push(item);
  return lists;
});

export function importsByKind({ imports }: CoreModule): ImportsByKind {
  return byKind(imports);
}

const byName = memoized((imports: CoreModule["imports"]): ReadonlyMap<string, Import> => {
  // The first of several.
  return new Map(imports.toReversed().map((item) => [importKey(item), item]));
});

function importKey({ kind, module, name }: Pick<Import, "kind" | "module" | "name">): string {
  return JSON.stringify([kind, module, name]);
}

/** The import of a kind and name. */
export function importNamed(
  { imports }: CoreModule,
  item: Pick<Import, "kind" | "module" | "name">,
): Import | undefined {
  return byName(imports).get(importKey(item));
}

/** The items of one kind, imported and defined ones, by index. */
function spaceOf<T, D>(kind: ExternKind, typeOf: (definition: D) => T) {
  const spaces = memoized((imports: CoreModule["imports"]) =>
    memoized((definitions: readonly D[]) => space(importedItems<T>(byKind(imports)[kind]), definitions, typeOf)),
  );
  return (imports: CoreModule["imports"], definitions: readonly D[]) => spaces(imports)(definitions);
}

const functionsOf = spaceOf<number, number>("func", (type) => type);
const tablesOf = spaceOf<TableType, Table>("table", ({ type }) => type);
const memoriesOf = spaceOf<MemoryType, MemoryType>("memory", (type) => type);
const globalsOf = spaceOf<GlobalType, Global>("global", ({ type }) => type);
const tagsOf = spaceOf<TagType, TagType>("tag", (type) => type);

/** Functions; a type here is a type index. */
export function functionSpace({ imports, functions }: CoreModule): readonly SpaceItem<number>[] {
  return functionsOf(imports, functions);
}

export function tableSpace({ imports, tables }: CoreModule): readonly SpaceItem<TableType, Table>[] {
  return tablesOf(imports, tables);
}

export function memorySpace({ imports, memories }: CoreModule): readonly SpaceItem<MemoryType>[] {
  return memoriesOf(imports, memories);
}

export function globalSpace({ imports, globals }: CoreModule): readonly SpaceItem<GlobalType, Global>[] {
  return globalsOf(imports, globals);
}

export function tagSpace({ imports, tags }: CoreModule): readonly SpaceItem<TagType>[] {
  return tagsOf(imports, tags);
}

const flatTypes = memoized((groups: CoreModule["types"]): readonly SubType[] => groups.flatMap((group) => group.types));

/** All types by type index. */
export function typeSpace(module: CoreModule): readonly SubType[] {
  return flatTypes(module.types);
}

/** A recursion group and the index of its first type. */
export interface GroupAt {
  readonly group: RecursiveGroup;
  readonly first: number;
}

/** The recursion group of each type index. */
export const groupsByType = memoized((types: CoreModule["types"]): readonly GroupAt[] => {
  const groups: GroupAt[] = [];
  for (const group of types) {
    const entry = { group, first: groups.length };
    for (const _ of group.types) groups.push(entry);
  }
  return groups;
});

/** How many imports an index space starts with: the index of the first definition. */
export function importedCount(module: CoreModule, kind: ExternKind): number {
  return importsByKind(module)[kind].length;
}

/** The type of a function by function index; `undefined` when the module is not valid there. */
export function functionType(module: CoreModule, index: number): FuncType | undefined {
  const imported = importsByKind(module).func;
  const type = imported[index]?.type ?? module.functions[index - imported.length];
  return type === undefined ? undefined : funcTypeAt(module, type as number);
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

function importedItems<T>(imports: readonly Import[]): ImportedItem<T>[] {
  return imports.map((item, index) => ({ imported: true, index, type: item.type as T, import: item }));
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
