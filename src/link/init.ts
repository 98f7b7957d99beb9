import { i32ConstExpr } from "../binary/const-expr.js";
import { Opcode } from "../binary/opcodes.js";
import { ByteWriter } from "../binary/writer.js";
import type { CoreModule } from "../module/model.js";
import type { FuncType } from "../module/types.js";
import { funcref } from "../module/value-types.js";
import { envName, TABLE } from "./env.js";
import type { Library } from "./library.js";
import type { TableName } from "./lookup-table.js";
import { ModuleBuilder } from "./module-builder.js";
import { type LinkPlan, MEMORY, taskHookOf } from "./plan.js";
import { fillsOwnSlots, segmentsFor, type TableEntry } from "./table-entries.js";

/** The instance names under which this module imports. */
export const MAIN = "env";
export const libraryImport = (library: Library): string => `library:${library.name}`;

/** A function without parameters and results. */
const HOOK: FuncType = { kind: "func", params: [], results: [] };
const SET: FuncType = { kind: "func", params: ["i32"], results: [] };

/** How wit-component's libdl was told where to look, up to version 1.255 of wasm-tools. */
const SET_LIBRARIES = "__wasm_set_libraries";

/** Whether a library is to be told where to look libraries up. */
export function takesLibraries({ definedFunctions }: Library): boolean {
  return definedFunctions.get(SET_LIBRARIES)?.signature === "[i32] -> []";
}

/** What the linker has in memory, and where. */
export interface LinkerData {
  readonly bytes: Uint8Array;
  readonly address: number;
}

/** A table that libdl looks names up in. */
export interface LookupData extends LinkerData {
  readonly name: TableName;
  readonly root: number;
}

/**
 * The core module that is instantiated last. It fills what libraries leave empty of the table, then relocates all libraries' data, and then runs their
 * constructors, in the order in which the libraries are given, as wit-component does.
 */
export function buildInit(plan: LinkPlan, tables: readonly LookupData[], data: readonly LinkerData[]): CoreModule {
  const builder = new ModuleBuilder();
  const { slots } = plan;
  const limits = { minimum: 0n, maximum: undefined, shared: false, is64: false };
  builder.import({ module: MAIN, name: TABLE, kind: "table", type: { ...limits, element: funcref } });
  builder.import({ module: MAIN, name: MEMORY, kind: "memory", type: { ...limits, pageSizeLog2: undefined } });
  const entries = slots.list.flatMap((slot, i): TableEntry[] => {
    if ("stub" in slot) return [[slots.start + i, builder.importFunction(MAIN, envName.addressStub(slot.stub), HOOK)]];
    const { library, func } = slot;
    if (fillsOwnSlots(library)) return [];
    return [[slots.start + i, builder.importFunction(libraryImport(library), func.name, func.type)]];
  });
  const calls = callsOf(plan, tables).map(({ library, name, argument }) => {
    const type = argument === undefined ? HOOK : SET;
    return { func: builder.importFunction(libraryImport(library), name, type), argument };
  });
  const body = new ByteWriter().u8(0);
  for (const { func, argument } of calls) {
    if (argument !== undefined) body.u8(Opcode.i32Const).s32(argument);
    body.u8(Opcode.call).u32(func);
  }
  builder.start(builder.func(HOOK, body.u8(Opcode.end).toBytes()));
  for (const segment of segmentsFor(entries)) builder.element(segment);
  for (const { address, bytes } of [...tables, ...data]) {
    builder.data({ mode: { kind: "active", memory: 0, offset: i32ConstExpr(address) }, bytes });
  }
  return builder.finish("init");
}

interface HookCall {
  readonly library: Library;
  readonly name: string;
  readonly argument?: number;
}

function callsOf({ libraries, symbols }: LinkPlan, tables: readonly LookupData[]): HookCall[] {
  const relocations = libraries.filter(({ relocates }) => relocates);
  const root = tables.find(({ name }) => name === "__wasm_libdl_libraries")?.root;
  // Before any constructor: they may open libraries.
  const opening = libraries.filter(takesLibraries);
  const hook = taskHookOf(symbols);
  const tell = (argument: number): HookCall[] =>
    hook ? [{ library: hook.library, name: hook.func.name, argument }] : [];
  return [
    ...relocations.map((library) => ({ library, name: "__wasm_apply_data_relocs" })),
    ...opening.map((library) => ({ library, name: SET_LIBRARIES, argument: root ?? 0 })),
    ...tell(INITIALIZE_START),
    ...libraries.flatMap((library) =>
      library.constructors === undefined ? [] : [{ library, name: library.constructors }],
    ),
    ...tell(INITIALIZE_END),
  ];
}

/** What the task hook is told. */
const INITIALIZE_START = 6;
const INITIALIZE_END = 7;
