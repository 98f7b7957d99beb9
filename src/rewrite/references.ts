import { i32ConstExpr, i64ConstExpr, refFuncExpr } from "../binary/const-expr.js";
import { importedCount, tableSpace } from "../module/index-spaces.js";
import type { CoreModule } from "../module/model.js";
import type { ElementSegment } from "../module/segments.js";
import { type RefType, refNullExpr } from "../module/value-types.js";
import type { FunctionReference, ReferenceValue, TableEntry, TableImage } from "../snapshot/model.js";
import type { CoreGraph } from "./core-graph.js";
import { mismatch } from "./mismatch.js";

/** Segments of one table beyond which the gaps between its entries are written too. */
const MAX_SEGMENTS = 10_000;

/** The state of references in one core instance, with positions of instances as the component has them. */
export interface ReferenceState {
  readonly instance: number;
  readonly tables: readonly TableImage[];
  readonly references: readonly ReferenceValue[];
}

/** What a module cannot write itself, because the functions belong to other instances. */
export interface ForeignReferences {
  readonly instance: number;
  readonly tables: readonly { readonly index: number; readonly entries: readonly TableEntry[] }[];
  readonly globals: readonly { readonly index: number; readonly func: FunctionReference }[];
}

/**
 * Writes tables and reference globals: in the module that defines them, as far as it has the functions itself. Every
 * active element segment on a table that is written goes, in whatever module: it would be applied on top.
 *
 * @returns what a module of its own has to put in
 */
export function rewriteReferences(
  states: readonly ReferenceState[],
  graph: CoreGraph,
  instances: Iterable<number>,
  moduleToEdit: (instance: number) => CoreModule,
): ForeignReferences[] {
  const rewritten = new Set(
    states.flatMap(({ instance, tables }) => tables.map(({ index }) => `${instance}:${index}`)),
  );
  if (rewritten.size > 0) {
    for (const instance of instances) retireSegments(instance, rewritten, graph, moduleToEdit);
  }
  return states.flatMap((state) => {
    const foreign = rewriteInstance(state, graph, moduleToEdit);
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
): ForeignReferences {
  if (tables.length + references.length === 0) return { instance, tables: [], globals: [] };
  const module = moduleToEdit(instance);
  const local = new LocalFunctions(instance, graph);
  return {
    instance,
    tables: tables.flatMap((image) => rewriteTable(module, image, local)),
    globals: references.flatMap((reference) => rewriteGlobal(module, reference, local)),
  };
}

function rewriteTable(
  module: CoreModule,
  { index, size, entries }: TableImage,
  local: LocalFunctions,
): { index: number; entries: TableEntry[] }[] {
  const position = index - importedCount(module, "table");
  const table = module.tables[position];
  if (table === undefined) throw mismatch(`a core module has no table ${index} of its own`);
  const { element } = table.type;
  // Where null is possible it is what an entry is that nothing is written to.
  const init = element.nullable ? undefined : table.init;
  const type = { ...table.type, minimum: BigInt(size) };
  module.tables = module.tables.map((one, i) => (i === position ? { type, init } : one));
  const own: LocalEntry[] = [];
  const foreign: TableEntry[] = [];
  for (const entry of entries) {
    const func = local.find(entry.func, element);
    if (func === undefined) foreign.push(entry);
    else own.push({ index: entry.index, func });
  }
  // Writing gaps between foreign entries would overwrite own ones, so one module writes them all.
  if (runsOf(foreign).length > MAX_SEGMENTS) return [{ index, entries: [...entries] }];
  if (own.length > 0) module.elements = [...module.elements, ...entrySegments(own, index, module)];
  return foreign.length > 0 ? [{ index, entries: foreign }] : [];
}

export interface LocalEntry {
  readonly index: number;
  /** Function index in the module that has the segment. */
  readonly func: number;
}

/** Active segments that put functions into a table. */
export function entrySegments(entries: readonly LocalEntry[], table: number, module: CoreModule): ElementSegment[] {
  const { element, is64 } = (tableSpace(module)[table] as ReturnType<typeof tableSpace>[number]).type;
  const runs = runsOf(entries);
  const limited = runs.length <= MAX_SEGMENTS || !element.nullable ? runs : [filled(entries)];
  return limited.map((run): ElementSegment => {
    const [first] = run as [LocalEntry];
    const offset = is64 ? i64ConstExpr(BigInt(first.index)) : i32ConstExpr(first.index);
    return { mode: { kind: "active", table, offset }, items: itemsOf(run, element) };
  });
}

type MaybeEntry = { readonly index: number; readonly func: number | undefined };

function itemsOf(run: readonly MaybeEntry[], element: RefType): ElementSegment["items"] {
  const isPlain = element.heap.kind === "abstract" && element.heap.name === "func" && element.nullable;
  const indices = run.flatMap(({ func }) => (func === undefined ? [] : [func]));
  if (isPlain && indices.length === run.length) return { kind: "functions", indices };
  const exprs = run.map(({ func }) => (func === undefined ? refNullExpr(element.heap) : refFuncExpr(func)));
  return { kind: "expressions", type: element, exprs };
}

function runsOf<E extends { readonly index: number }>(entries: readonly E[]): E[][] {
  const runs: E[][] = [];
  for (const entry of entries) {
    const run = runs.at(-1);
    if (run !== undefined && (run.at(-1) as E).index + 1 === entry.index) run.push(entry);
    else runs.push([entry]);
  }
  return runs;
}

/** One run, with the gaps in it. */
function filled(entries: readonly LocalEntry[]): MaybeEntry[] {
  const funcs = new Map(entries.map(({ index, func }) => [index, func]));
  const first = (entries[0] as LocalEntry).index;
  const length = (entries.at(-1) as LocalEntry).index - first + 1;
  return Array.from({ length }, (_, i) => ({ index: first + i, func: funcs.get(first + i) }));
}

function rewriteGlobal(
  module: CoreModule,
  { index, func }: ReferenceValue,
  local: LocalFunctions,
): { index: number; func: FunctionReference }[] {
  const position = index - importedCount(module, "global");
  const global = module.globals[position];
  if (global === undefined || typeof global.type.value !== "object" || !global.type.mutable) {
    throw mismatch(`a core module has no mutable reference global ${index} of its own`);
  }
  const { value } = global.type;
  const own = func && local.find(func, value);
  // Until its function is put in from outside it is null, or where it cannot be null what it was.
  const fallback = value.nullable ? refNullExpr(value.heap) : global.init;
  const init = own === undefined ? fallback : refFuncExpr(own);
  module.globals = module.globals.map((one, i) => (i === position ? { type: one.type, init } : one));
  return func !== undefined && own === undefined ? [{ index, func }] : [];
}

/** The functions that a core module has itself, defined or imported. */
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
      const count = importedCount(this.graph.moduleOf(this.instance), "func");
      const keyAt = (index: number) => this.graph.keyOf(this.graph.source(this.instance, "func", index));
      this.imported = new Map(Array.from({ length: count }, (_, index) => [keyAt(index), index]));
    }
    return this.imported;
  }
}
