import { checkEngine } from "../check-engine.js";
import { encodeComponent } from "../component/encode.js";
import { ComponentInitError } from "../errors.js";
import { JcoThread } from "../jco/jco-thread.js";
import { encodeModule } from "../module/encode.js";
import { appendLibraries, encodeModules } from "./assemble.js";
import { checkAdapters, checkLinked, makeComponent } from "./component-new.js";
import { buildEnv } from "./env.js";
import { buildInit, type LookupData, takesLibraries } from "./init.js";
import { layOut, Slots } from "./layout.js";
import { type Dlopen, withLibdl } from "./libdl.js";
import { type Library, type LibraryInput, readLibrary } from "./library.js";
import { FORMS, LookupTable, type TableName } from "./lookup-table.js";
import { instantiationOrder, reachableOf } from "./order.js";
import { type LinkPlan, planCalls, worldFunctionsOf } from "./plan.js";
import { type LinkReport, linkReport } from "./report.js";
import { Symbols } from "./symbols.js";
import { ThreadLocalStorage } from "./tls.js";
import { PROGRAM_INFO } from "./tls-names.js";
import { checkResolved } from "./unresolved.js";

export interface LinkOptions {
  /** Adapters, by the module name that libraries import from: `wasi_snapshot_preview1`. */
  readonly adapters?: Readonly<Record<string, Uint8Array>>;
  /** In bytes (default 1 MiB). */
  readonly stackSize?: number;
  /** Let functions that no library defines trap when they are called (default false). */
  readonly stubMissingFunctions?: boolean;
  /** Which `dlopen` a program gets that has none: of what is linked (the default), or of files while it is initialized. */
  readonly dlopen?: Dlopen;
}

export interface Linked {
  /** The component as ranges in order: joined they are the file. */
  readonly chunks: readonly Uint8Array[];
  readonly report: LinkReport;
}

const DEFAULT_STACK_SIZE = 2 ** 20;

/**
 * Links dynamic libraries (tool-conventions, DynamicLinking.md) into one component.
 *
 * @throws ComponentInitError `malformed`, `unsupported`, `link-failed`
 */
export async function link(inputs: readonly LibraryInput[], options: LinkOptions = {}): Promise<Linked> {
  checkEngine();
  const jco = new JcoThread();
  jco.prepare();
  try {
    return await linkWith(inputs, options, jco);
  } finally {
    jco.closeWhenIdle();
  }
}

/** jco works while this thread does what needs no answer of it. */
async function linkWith(inputs: readonly LibraryInput[], options: LinkOptions, jco: JcoThread): Promise<Linked> {
  const { plan, tables, leftOut } = await planLink(inputs, options);
  const { storage, storageAddress } = plan;
  const { bytes, programInfo } = storage.encode(storageAddress, plan.layout);
  const roots = Object.fromEntries(tables.map(({ name, root }) => [name, root]));
  const env = encodeModule(buildEnv(plan, { ...roots, [PROGRAM_INFO]: programInfo })).toBytes();
  const [component, modules] = await Promise.all([
    makeComponent(env, options.adapters ?? {}, jco),
    encodeModules(plan, buildInit(plan, tables, storage.size > 0 ? [{ bytes, address: storageAddress }] : [])),
  ]);
  const linked = appendLibraries(component, plan, modules);
  const [, output] = await Promise.all([checkLinked(linked, jco), encodeComponent(linked.component)]);
  return { chunks: output.toChunks(), report: linkReport(plan, output.length, leftOut) };
}

/** Decides everything that there is to decide about a set of libraries. */
async function planLink(inputs: readonly LibraryInput[], options: LinkOptions) {
  const { stackSize = DEFAULT_STACK_SIZE, stubMissingFunctions = false, dlopen = "linked" } = options;
  const given = await withLibdl(inputs.map(readLibrary), dlopen);
  checkNames(given);
  const known = new Symbols(given);
  const libraries = reachableOf(given, known);
  if (libraries.length === 0) fail("none of the libraries exports anything that a component could export");
  // With what is left out, because a name that is almost right leads to nothing.
  checkResolved(libraries, known, stubMissingFunctions);
  checkAdapters(libraries, options.adapters ?? {});
  const symbols = new Symbols(libraries);
  const order = instantiationOrder(libraries, symbols);
  const lookups = tableNames(libraries).map((name) => ({ name, table: new LookupTable(name, libraries) }));
  const storage = new ThreadLocalStorage(libraries);
  const lookupSize = lookups.reduce((sum, { table }) => sum + table.size, 0);
  const layout = layOut(libraries, stackSize, lookupSize + storage.size);
  const slots = new Slots(layout.tableEnd);
  const worldFunctions = worldFunctionsOf(libraries);
  const storageAddress = layout.stackSize + lookupSize;
  const callOf = planCalls(order, symbols);
  const plan = { libraries, order, symbols, layout, slots, callOf, worldFunctions, storage, storageAddress };
  const linked = new Set(libraries);
  const leftOut = given.filter((library) => !linked.has(library)).map(({ name }) => name);
  return { plan, tables: encodeTables(lookups, plan), leftOut };
}

function checkNames(libraries: readonly Library[]): void {
  const names = new Set<string>();
  for (const { name } of libraries) {
    if (names.has(name)) fail(`two libraries are called ${name}: give one of them another name`);
    names.add(name);
  }
}

/** The tables that some library looks names up in. */
function tableNames(libraries: readonly Library[]): TableName[] {
  const wanted = new Set(libraries.flatMap(({ linkerGlobals }) => linkerGlobals.map(({ name }) => name)));
  if (libraries.some(takesLibraries)) wanted.add("__wasm_libdl_libraries");
  return (Object.keys(FORMS) as TableName[]).filter((name) => wanted.has(name));
}

function encodeTables(
  lookups: readonly { readonly name: TableName; readonly table: LookupTable }[],
  { layout, slots }: LinkPlan,
): LookupData[] {
  let address = layout.stackSize;
  return lookups.map(({ name, table }) => {
    const data = { name, address, ...table.encode(address, layout, slots) };
    address += table.size;
    return data;
  });
}

function fail(message: string): never {
  throw new ComponentInitError("link-failed", message);
}
