import { concat } from "../binary/writer.js";
import type { ProgramItem, ProgramItems } from "../dlopen/bake.js";
import { failDl } from "../dlopen/interface.js";
import type { Definer } from "../dlopen/resolve.js";
import { lookUp, type RunningInstance } from "../instrument/access.js";
import type { InstrumentedModule, VisibleMemory } from "../instrument/model.js";
import { decodeDylink } from "../link/dylink.js";
import { type DefinedFunction, type Library, readLibrary } from "../link/library.js";
import { signatureOf } from "../link/signature.js";
import { decodeModule } from "../module/decode.js";
import { funcTypeAt, functionType, globalSpace, memorySpace, tableSpace, tagSpace } from "../module/index-spaces.js";
import { EXPORT_PREFIX } from "../module/item-exports.js";
import type { CoreModule } from "../module/model.js";
import { equalValueTypes, funcref } from "../module/value-types.js";
import type { Importer } from "./importers.js";

/** A core instance of the component, running. */
export interface RunningCore extends RunningInstance {
  readonly name: string | undefined;
  readonly module: InstrumentedModule;
}

/** A core instance that has symbols for libraries. */
export interface ProgramPart {
  readonly definer: Definer;
  readonly exports: WebAssembly.Exports;
}

/** What a program shares with the libraries that it opens. */
export interface Program {
  readonly memory: WebAssembly.Memory;
  readonly table: WebAssembly.Table;
  readonly stackPointer: WebAssembly.Global | undefined;
  readonly items: ProgramItems;
  /** The core module that is the program itself; none where it was linked of libraries alone, whose names are known. */
  readonly main: ProgramPart | undefined;
  /** Libraries that are part of the component, by their names. */
  readonly libraries: readonly ProgramPart[];
  /** Those of its core instances that import something. */
  readonly importers: readonly Importer[];
}

/**
 * Finds the program among the core instances of a component: the one core module that has a memory and a table, or, where it was
 * linked of libraries, these. After pre-initialization there can be both.
 *
 * @param callers - the memories of those who can open libraries
 * @throws DlError
 */
export function findProgram(instances: readonly RunningCore[], callers: ReadonlySet<WebAssembly.Memory>): Program {
  const modules = instances.map(({ module }) => decodeModule(concat(module.chunks)));
  const candidates = candidatesAmong(instances, callers);
  const libraries = candidates.filter((position) => decodeDylink(modules[position] as CoreModule) !== undefined);
  const parts = libraries.map((position) => libraryPart(instances[position] as RunningCore, position));
  const main = mainOf(instances, candidates);
  if (main !== undefined && !hasPlaces(instances, main, libraries))
    return singleProgram(instances, modules, main, parts, [...callers]);
  if (libraries.length === 0) return failDl("the program has no core module with a memory and a table");
  return linkedProgram(instances, modules, libraries, parts);
}

/** Whether a core instance is what a linker made, which has memory and table, and says to libraries where their parts of it are. */
function hasPlaces(instances: readonly RunningCore[], position: number, libraries: readonly number[]): boolean {
  const exported = new Set(Object.values((instances[position] as RunningCore).exports));
  return libraries.some((library) => {
    const { __memory_base: base, __table_base: start } = (instances[library] as RunningCore).imports.env ?? {};
    return [base, start].some((one) => exported.has(one as WebAssembly.ExportValue));
  });
}

/** Of several programs in a component, which have a memory each, the core instances of the one that can open libraries. */
function candidatesAmong(instances: readonly RunningCore[], callers: ReadonlySet<WebAssembly.Memory>): number[] {
  const positions = [...instances.keys()];
  const [memory, other] = callers;
  if (other !== undefined) failDl("several programs of the component open libraries, and only one can");
  return memory === undefined
    ? positions
    : positions.filter((position) => memoryIn(instances[position] as RunningCore, memory) === memory);
}

function memoryIn(running: RunningCore, wanted: WebAssembly.Memory): WebAssembly.ExportValue | undefined {
  const own = ownMemory(running, wanted);
  const [imported] = running.module.state.importedMemories;
  return own === undefined ? imported && lookUp(imported, running) : running.exports[own.exportName];
}

function linkedProgram(
  instances: readonly RunningCore[],
  modules: readonly CoreModule[],
  positions: readonly number[],
  libraries: readonly ProgramPart[],
): Program {
  const given = positions.map((position) => (instances[position] as RunningCore).imports.env ?? {});
  const shared = <T>(name: string) => given.find((one) => one[name] !== undefined)?.[name] as T | undefined;
  const memory = shared<WebAssembly.Memory>("memory") ?? failDl("the program's libraries share no memory");
  const table =
    shared<WebAssembly.Table>("__indirect_function_table") ?? failDl("the program's libraries share no table");
  const stackPointer = shared<WebAssembly.Global>("__stack_pointer");
  const items = { ...itemsOf(instances, { memory, table, stackPointer }), symbols: positions };
  const importers = positions.map((position) => importerAt(position, instances, modules));
  return { memory, table, stackPointer, items, main: undefined, libraries, importers };
}

/** A library's addresses are relative to where its memory starts. */
function libraryPart(running: RunningCore, position: number): ProgramPart {
  const { name = `core instance ${position}`, module, exports, imports } = running;
  const library = readable(name, concat(module.chunks));
  const base = (imports.env?.__memory_base as WebAssembly.Global | undefined)?.value ?? 0;
  const data = new Map([...library.definedData].map(([symbol, offset]) => [symbol, (base + offset) >>> 0]));
  const owner = { instance: position };
  const functions = symbolsOf(library.definedFunctions);
  return { definer: { owner, name, functions, data, tags: library.definedTags }, exports };
}

/** @throws DlError */
function readable(name: string, bytes: Uint8Array): Library {
  try {
    return readLibrary({ name, bytes });
  } catch (error) {
    return failDl(`the program's ${(error as Error).message}`);
  }
}

/** @throws DlError where it cannot be told */
function mainOf(instances: readonly RunningCore[], candidates: readonly number[]): number | undefined {
  const withMemory = candidates.filter((position) => {
    const { memories, tables } = (instances[position] as RunningCore).module.state;
    return memories.length > 0 && tables.length > 0;
  });
  const allocating = withMemory.filter((position) => "malloc" in (instances[position] as RunningCore).exports);
  const [position, other] = withMemory.length > 1 ? allocating : withMemory;
  if (other === undefined) return position;
  return failDl("several core modules have a memory and a table: which one opens libraries cannot be told");
}

function singleProgram(
  instances: readonly RunningCore[],
  modules: readonly CoreModule[],
  position: number,
  libraries: readonly ProgramPart[],
  [caller]: readonly WebAssembly.Memory[],
): Program {
  const running = instances[position] as RunningCore;
  const { exports } = running;
  const decoded = modules[position] as CoreModule;
  const memory = memoryOf(running, decoded, caller);
  const table = tableOf(running, decoded);
  const stackPointer = stackPointerOf(running, decoded);
  const main = { definer: definerOf(decoded, running, position), exports };
  const symbols = [
    position,
    ...libraries.map(({ definer }) => (definer.owner as { readonly instance: number }).instance),
  ];
  const items = { ...itemsOf(instances, { memory, table, stackPointer }), symbols };
  const importers = [importerAt(position, instances, modules)];
  return { memory, table, stackPointer, items, main, libraries, importers };
}

/** @throws DlError */
function memoryOf(
  running: RunningCore,
  decoded: CoreModule,
  caller: WebAssembly.Memory | undefined,
): WebAssembly.Memory {
  const { index, exportName } = ownMemory(running, caller) as VisibleMemory;
  if (memorySpace(decoded)[index]?.type.is64)
    failDl("the program's memory has 64-bit addresses, and libraries have 32-bit ones");
  return running.exports[exportName] as WebAssembly.Memory;
}

/** The one that its calls are made with, where that is known; by wit-component's convention it is called so. */
function ownMemory(
  { module, exports }: RunningCore,
  wanted: WebAssembly.Memory | undefined,
): VisibleMemory | undefined {
  const { memories } = module.state;
  return (
    memories.find(({ exportName }) => exports[exportName] === wanted) ??
    memories.find(({ exportName }) => exportName === "memory") ??
    memories[0]
  );
}

const STACK_POINTER = "__stack_pointer";

/** Exported, or only named so: a global that programs can change, for nothing else can be one. */
function stackPointerOf({ exports, module }: RunningCore, decoded: CoreModule): WebAssembly.Global | undefined {
  const exported = decoded.exports.find(({ name, kind }) => name === STACK_POINTER && kind === "global");
  const type = exported && globalSpace(decoded)[exported.index]?.type;
  if (type?.value === "i32" && type.mutable) return exports[STACK_POINTER] as WebAssembly.Global;
  const named = module.state.globals.find((one) => one.name === STACK_POINTER && one.type === "i32");
  return named && (exports[named.exportName] as WebAssembly.Global);
}

/** Bindings for JavaScript have tables of objects, too. @throws DlError */
function tableOf(running: RunningCore, decoded: CoreModule): WebAssembly.Table {
  const index = tableSpace(decoded).findIndex(({ type }) => !type.is64 && equalValueTypes(type.element, funcref));
  const access = running.module.state.tables[index];
  if (access === undefined) return failDl("the program has no table of functions with 32-bit indices");
  return lookUp(access, running) as WebAssembly.Table;
}

function importerAt(position: number, instances: readonly RunningCore[], modules: readonly CoreModule[]): Importer {
  const { imports } = instances[position] as RunningCore;
  return { position, module: modules[position] as CoreModule, imports };
}

/** The symbols of a program: its addresses are those of its memory. */
function definerOf(module: CoreModule, { exports }: RunningCore, position: number): Definer {
  const functions = new Map<string, DefinedFunction>();
  const data = new Map<string, number>();
  const tags = new Map<string, string>();
  const globals = globalSpace(module);
  for (const { name: symbol, kind, index } of module.exports) {
    if (kind === "func") {
      const type = functionType(module, index);
      const signature = type && signatureOf(type);
      if (type !== undefined && signature !== undefined)
        functions.set(symbol, { name: symbol, index, type, signature });
    } else if (kind === "global") {
      const type = globals[index]?.type;
      const { value } = exports[symbol] as WebAssembly.Global;
      if (type?.value === "i32" && !type.mutable) data.set(symbol, value >>> 0);
    } else if (kind === "tag") {
      const type = funcTypeAt(module, tagSpace(module)[index]?.type.type as number);
      const signature = type && signatureOf(type);
      if (signature !== undefined) tags.set(symbol, signature);
    }
  }
  return { owner: { instance: position }, name: "the program", functions: symbolsOf(functions), data, tags };
}

/** Exports that no C program calls: the component's own, and those that were added to see the state. */
const NO_SYMBOL = new RegExp(
  `^(${EXPORT_PREFIX}|cabi_post_|\\[)|[#:]|^(_initialize|_start|__wasm_call_ctors|__wasm_apply_data_relocs)$`,
);

function symbolsOf(functions: ReadonlyMap<string, DefinedFunction>): Map<string, DefinedFunction> {
  return new Map([...functions].filter(([name]) => !NO_SYMBOL.test(name)));
}

interface Shared {
  readonly memory: WebAssembly.Memory;
  readonly table: WebAssembly.Table;
  readonly stackPointer: WebAssembly.Global | undefined;
}

/** Which core instances define what is shared: the JS API gives one object for one item. */
function itemsOf(
  instances: readonly RunningCore[],
  { memory, table, stackPointer }: Shared,
): Omit<ProgramItems, "symbols"> {
  const find = (what: string, select: (running: RunningCore) => number | undefined): ProgramItem => {
    for (const [position, running] of instances.entries()) {
      const index = select(running);
      if (index !== undefined) return { position, index };
    }
    return failDl(`no core instance has the program's ${what}`);
  };
  return {
    memory: find(
      "memory",
      ({ module, exports }) => module.state.memories.find((one) => exports[one.exportName] === memory)?.index,
    ),
    table: find("table", (running) => {
      const index = running.module.state.tables.findIndex(
        (access) => access.kind === "export" && lookUp(access, running) === table,
      );
      return index < 0 ? undefined : index;
    }),
    stackPointer:
      stackPointer &&
      find(
        "stack pointer",
        ({ module, exports }) => module.state.globals.find((one) => exports[one.exportName] === stackPointer)?.index,
      ),
  };
}
