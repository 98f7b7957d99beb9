import { type ConstExpr, i32ConstExpr, i64ConstExpr, refFuncExpr } from "../binary/const-expr.js";
import type { Global, Table } from "../module/definitions.js";
import type { TableType } from "../module/extern-types.js";
import { importedCount, importsByKind, typeSpace } from "../module/index-spaces.js";
import type { CoreModule } from "../module/model.js";
import type { ElementSegment } from "../module/segments.js";
import { type RefType, refNullExpr } from "../module/value-types.js";
import { type FunctionReference, NULL_ENTRY, type ReferenceValue, type TableImage } from "../snapshot/model.js";
import type { CoreGraph } from "./core-graph.js";
import { countEntries, countRuns, type Entries, runsOf } from "./entries.js";
import { mismatch } from "./mismatch.js";

/** Segments of one table. */
const MAX_SEGMENTS = 10_000;

/** Entries that segments of the module that defines a table put in. */
const MAX_ENTRIES = 2 ** 20;

/** The state of references in one core instance, with the position that the instance has in the component. */
export interface ReferenceState {
  readonly instance: number;
  readonly tables: readonly TableImage[];
  readonly references: readonly ReferenceValue[];
}

/** What a module cannot write itself, because the functions belong to other instances. */
export interface ForeignReferences {
  readonly instance: number;
  /** The entries that it cannot write; the others are null. */
  readonly tables: readonly TableImage[];
  readonly globals: readonly { readonly index: number; readonly func: FunctionReference }[];
}

/**
 * Writes tables and reference globals: in the module that defines them, as far as it has the functions itself. Every
 * active element segment on a table that is written goes, in whatever module: it would be applied on top.
 *
 * @param translate - from functions of the snapshot to those of the component
 * @returns what a module of its own has to put in
 */
export function rewriteReferences(
  states: readonly ReferenceState[],
  graph: CoreGraph,
  instances: Iterable<number>,
  moduleToEdit: (instance: number) => CoreModule,
  translate: (func: FunctionReference) => FunctionReference,
): ForeignReferences[] {
  const rewritten = new Set(
    states.flatMap(({ instance, tables }) => tables.map(({ index }) => `${instance}:${index}`)),
  );
  if (rewritten.size > 0) {
    for (const instance of instances) retireSegments(instance, rewritten, graph, moduleToEdit);
  }
  return states.flatMap((state) => {
    const foreign = rewriteInstance(state, graph, moduleToEdit, translate);
    return foreign.tables.length + foreign.globals.length > 0 ? [foreign] : [];
  });
}

/** A declared segment counts as dropped, as an active one does once it was applied (core specification 4.5.4). */
function retireSegments(
  instance: number,
  rewritten: ReadonlySet<string>,
  graph: CoreGraph,
  moduleToEdit: (instance: number) => CoreModule,
): void {
  const isRetired = ({ mode }: ElementSegment) => {
    if (mode.kind !== "active") return false;
    const source = graph.source(instance, "table", mode.table);
    return source.kind === "defined" && rewritten.has(`${source.instance}:${source.index}`);
  };
  if (!graph.moduleOf(instance).elements.some(isRetired)) return;
  const module = moduleToEdit(instance);
  module.elements = module.elements.map((segment) =>
    isRetired(segment) ? { ...segment, mode: { kind: "declared" } } : segment,
  );
}

function rewriteInstance(
  { instance, tables, references }: ReferenceState,
  graph: CoreGraph,
  moduleToEdit: (instance: number) => CoreModule,
  translate: (func: FunctionReference) => FunctionReference,
): ForeignReferences {
  if (tables.length + references.length === 0) return { instance, tables: [], globals: [] };
  const module = moduleToEdit(instance);
  const local = new LocalFunctions(instance, graph);
  return {
    instance,
    tables: rewriteTables(
      module,
      tables.map((image) => ({ ...image, functions: image.functions.map(translate) })),
      local,
    ),
    globals: rewriteGlobals(
      module,
      references.map((one) => ({ ...one, func: one.func && translate(one.func) })),
      local,
    ),
  };
}

/** @returns what others have to put in */
function rewriteTables(module: CoreModule, images: readonly TableImage[], local: LocalFunctions): TableImage[] {
  if (images.length === 0) return [];
  const imported = importedCount(module, "table");
  const tables = [...module.tables];
  const segments: ElementSegment[] = [];
  const foreign = images.flatMap((image) => {
    const { index, entries } = image;
    const table = tables[index - imported];
    if (table === undefined) throw mismatch(`a core module has no table ${index} of its own`);
    const type = { ...table.type, minimum: BigInt(entries.length) };
    tables[index - imported] = resized(table, type);
    const split = splitEntries(image, local, type.element);
    if (isTooLarge(split.own, MAX_ENTRIES)) return [image];
    for (const segment of entrySegments(split.own, index, type)) segments.push(segment);
    return countEntries(split.foreign) === 0 ? [] : [{ ...image, entries: split.foreign }];
  });
  module.tables = tables;
  if (segments.length > 0) module.elements = [...module.elements, ...segments];
  return foreign;
}

/** Where null is possible it is what an entry is that nothing is written to. */
function resized({ init }: Table, type: TableType): Table {
  return { type, init: type.element.nullable ? undefined : init };
}

interface SplitEntries {
  /** Function indices in the module. */
  readonly own: Entries;
  /** The rest, as it was. */
  readonly foreign: Entries;
}

function splitEntries(
  { index, functions, entries }: TableImage,
  local: LocalFunctions,
  element: RefType,
): SplitEntries {
  const localOf = Int32Array.from(functions, (func) => local.find(func, element) ?? NULL_ENTRY);
  const own = entries.map((entry) => {
    if (entry === NULL_ENTRY) return NULL_ENTRY;
    return localOf[entry] ?? unknownFunction(index, entry);
  });
  const foreign = entries.map((entry) => (entry === NULL_ENTRY || localOf[entry] !== NULL_ENTRY ? NULL_ENTRY : entry));
  return { own, foreign };
}

function unknownFunction(table: number, entry: number): never {
  throw mismatch(`an entry of table ${table} is function ${entry} of a list that has no such function`);
}

/** Active segments that put functions into a table. */
export function entrySegments(entries: Entries, table: number, { element, is64 }: TableType): ElementSegment[] {
  const isPlain = element.heap.kind === "abstract" && element.heap.name === "func" && element.nullable;
  const exprs = new Map<number, ConstExpr>();
  const exprOf = (func: number): ConstExpr => {
    let expr = exprs.get(func);
    if (expr === undefined) exprs.set(func, (expr = refFuncExpr(func)));
    return expr;
  };
  return Array.from(runsOf(entries), ([start, end]): ElementSegment => {
    const run = entries.subarray(start, end);
    const offset = is64 ? i64ConstExpr(BigInt(start)) : i32ConstExpr(start);
    const items: ElementSegment["items"] = isPlain
      ? { kind: "functions", indices: Array.from(run) }
      : { kind: "expressions", type: element, exprs: Array.from(run, exprOf) };
    return { mode: { kind: "active", table, offset }, items };
  });
}

/**
 * Whether segments would be too many, or too much: engines limit their number, and Wasmtime 48 needs kilobytes for each entry of
 * a table that has more than a million, or that another module defines.
 *
 * @param limit - of the number of entries
 */
export function isTooLarge(entries: Entries, limit: number): boolean {
  return countRuns(entries) > MAX_SEGMENTS || countEntries(entries) > limit;
}

/** @returns what others have to put in */
function rewriteGlobals(
  module: CoreModule,
  references: readonly ReferenceValue[],
  local: LocalFunctions,
): { index: number; func: FunctionReference }[] {
  if (references.length === 0) return [];
  const imported = importedCount(module, "global");
  const globals = [...module.globals];
  const foreign = references.flatMap(({ index, func }) => {
    const { type, init } = referenceGlobal(globals[index - imported], index);
    const own = func && local.find(func, type.value);
    // Until its function is put in from outside it is null, or where it cannot be null what it was.
    const fallback = type.value.nullable ? refNullExpr(type.value.heap) : init;
    globals[index - imported] = { type, init: own === undefined ? fallback : refFuncExpr(own) };
    return func !== undefined && own === undefined ? [{ index, func }] : [];
  });
  module.globals = globals;
  return foreign;
}

type ReferenceGlobal = Global & { readonly type: { readonly value: RefType } };

function referenceGlobal(global: Global | undefined, index: number): ReferenceGlobal {
  if (global === undefined || typeof global.type.value !== "object" || !global.type.mutable) {
    throw mismatch(`a core module has no mutable reference global ${index} of its own`);
  }
  return global as ReferenceGlobal;
}

/**
 * The functions that a core module has itself, defined or imported. Not those that it imports by a type that can have
 * subtypes: the function may be of one, and V8 takes what an element segment puts into a table for what is declared, so that
 * a call of its own type traps.
 */
class LocalFunctions {
  private imported: Map<unknown, number> | undefined;

  constructor(
    private readonly instance: number,
    private readonly graph: CoreGraph,
  ) {}

  /** @param wanted - the type of what is to hold it; an import may be declared with a supertype of the function's own */
  find(func: FunctionReference, wanted: RefType): number | undefined {
    const source = this.graph.source(func.instance, "func", func.index);
    if (source.kind === "defined" && source.instance === this.instance) return source.index;
    return wanted.heap.kind === "abstract" ? this.importedFunctions().get(this.graph.keyOf(source)) : undefined;
  }

  private importedFunctions(): Map<unknown, number> {
    if (this.imported === undefined) {
      const module = this.graph.moduleOf(this.instance);
      const types = typeSpace(module);
      const keyAt = (index: number) => this.graph.keyOf(this.graph.source(this.instance, "func", index));
      const closed = importsByKind(module).func.flatMap(({ type }, index) =>
        types[type as number]?.final === false ? [] : [index],
      );
      this.imported = new Map(closed.map((index) => [keyAt(index), index]));
    }
    return this.imported;
  }
}
