import { Opcode } from "../binary/opcodes.js";
import { ByteWriter } from "../binary/writer.js";
import { ComponentInitError } from "../errors.js";
import type { Import } from "../module/imports.js";
import { funcTypeAt } from "../module/index-spaces.js";
import type { CoreModule } from "../module/model.js";
import type { FuncType } from "../module/types.js";
import { funcref } from "../module/value-types.js";
import { PAGE_SIZE, type Placement } from "./layout.js";
import type { Library, WantedFunction, WantedGlobal } from "./library.js";
import type { TableName } from "./lookup-table.js";
import { ModuleBuilder } from "./module-builder.js";
import { type LinkPlan, MEMORY, reallocOf, taskHookOf } from "./plan.js";
import { signatureOf } from "./signature.js";
import type { FunctionBinding } from "./symbols.js";
import type { GET_BASE, PROGRAM_INFO, SET_BASE } from "./tls-names.js";
import { isCommonTag } from "./unresolved.js";

export const TABLE = "__indirect_function_table";

/** The names under which `env` exports what libraries get of it. Its other exports are those of the component. */
export const envName = {
  global: ({ module, name, mutable, isWeak }: WantedGlobal, library: Library): string => {
    // Missing and weak it is null, and otherwise a stub.
    const kind = `${module}${mutable ? "+mut" : ""}${isWeak ? "+weak" : ""}`;
    return BASES.has(name) ? `${kind}.${name}:${library.name}` : `${kind}.${name}`;
  },
  call: ({ library, func }: FunctionBinding): string => `call:${library.name}:${func.index}`,
  stub: ({ name, signature }: WantedFunction): string => `stub:${name}:${signature}`,
  addressStub: (name: string): string => `stub:${name}`,
  tag: ({ name }: WantedFunction): string => `tag:${name}`,
  linker: ({ name }: WantedFunction, library: Library): string => `${library.name}:${name}`,
  outside: ({ module, name }: Import): string => `import:${module}:${name}`,
};

/** Every library has its own. */
const BASES = new Set(["__memory_base", "__table_base"]);

/**
 * The core module that stands for the program: the memory, the table and the stack pointer of all libraries, the places
 * that they are at, and functions that reach theirs through the table. wit-component makes a component of it as of any
 * program; what it imports and exports for libraries is what these want of the component and give to it.
 */
export function buildEnv(plan: LinkPlan, roots: Roots): CoreModule {
  return new EnvBuilder(plan, roots).build();
}

/** The addresses of the tables that libdl looks names up in. */
export type Roots = Readonly<Partial<Record<TableName | typeof PROGRAM_INFO, number>>>;

class EnvBuilder {
  private readonly builder = new ModuleBuilder();
  private readonly exported = new Set<string>();
  /** The function index of `context.get 1`. */
  private contextGet = 0;

  constructor(
    private readonly plan: LinkPlan,
    private readonly roots: Roots,
  ) {}

  build(): CoreModule {
    this.importOutside();
    this.importContext();
    this.defineTags();
    this.defineGlobals();
    this.defineFunctions();
    // Last, because it is the functions and addresses that take entries of the table.
    this.defineMemoryAndTable();
    const module = this.builder.finish("env");
    for (const { worlds } of this.plan.libraries) {
      for (const { name, contents } of worlds) module.addCustomSection(name, contents);
    }
    return module;
  }

  /** What libraries import from elsewhere comes to them through here, because wit-component looks at this module only. */
  private importOutside(): void {
    const imported = new Map<string, { library: Library; type: string }>();
    for (const library of this.plan.libraries) {
      for (const item of library.outside) {
        const key = JSON.stringify([item.module, item.name]);
        const type = describeType(item, library);
        const known = imported.get(key);
        if (known === undefined) {
          imported.set(key, { library, type });
          this.export(envName.outside(item), item.kind, this.builder.import(this.withOwnType(item, library)));
        } else if (known.type !== type) {
          failDiffering(item, known, { library, type });
        }
      }
    }
  }

  /** Where other threads than the main one have their pointers. */
  private importContext(): void {
    const wanted = this.plan.libraries.some(({ linkerFunctions }) => linkerFunctions.length > 0);
    if (!wanted || !this.plan.storage.hasThreads) return;
    this.contextGet = this.builder.importFunction("$root", "[context-get-1]", {
      kind: "func",
      params: [],
      results: ["i32"],
    });
  }

  private withOwnType(item: Import, library: Library): Import {
    if (item.kind !== "func") return item;
    return { ...item, type: this.builder.type(funcTypeAt(library.module, item.type) as FuncType) };
  }

  private defineTags(): void {
    for (const { tags } of this.plan.libraries) {
      for (const tag of tags) {
        if (!isCommonTag(tag) || this.plan.symbols.tag(tag) !== undefined) continue;
        this.exportOnce(envName.tag(tag), "tag", () => this.builder.tag(tag.type));
      }
    }
  }

  private defineGlobals(): void {
    for (const library of this.plan.libraries) {
      for (const wanted of [...library.linkerGlobals, ...library.dataAddresses, ...library.functionAddresses]) {
        this.exportOnce(envName.global(wanted, library), "global", () =>
          this.builder.i32Global(this.valueOf(wanted, library), wanted.mutable),
        );
      }
    }
  }

  private valueOf(wanted: WantedGlobal, library: Library): number {
    const { module, name, isWeak } = wanted;
    const { symbols, slots, layout } = this.plan;
    if (library.linkerGlobals.includes(wanted)) return this.linkersValueOf(name, library);
    if (module === "GOT.func") {
      const pointee = symbols.pointee(name);
      if (pointee !== undefined) return slots.of(pointee);
      return isWeak ? 0 : slots.ofStub(name);
    }
    const data = symbols.data(name);
    // What nobody has and may be missing is at the null address, as in ELF.
    return data === undefined ? 0 : (layout.placements.get(data.library) as Placement).memoryBase + data.offset;
  }

  private linkersValueOf(name: string, library: Library): number {
    const { layout } = this.plan;
    const placement = layout.placements.get(library) as Placement;
    const values: Readonly<Record<string, number>> = {
      __memory_base: placement.memoryBase,
      __table_base: placement.tableBase,
      __stack_pointer: layout.stackSize,
      __init_stack_pointer: layout.stackSize,
      __stack_low: 0,
      __stack_high: layout.stackSize,
      __heap_base: layout.heapBase,
      __heap_end: layout.heapEnd,
      ...this.roots,
    };
    // Asyncify's are 0.
    return values[name] ?? 0;
  }

  private defineFunctions(): void {
    const { libraries, callOf, worldFunctions, symbols, slots, storage, storageAddress } = this.plan;
    for (const library of libraries) {
      for (const wanted of library.linkerFunctions) {
        const name = wanted.name as typeof GET_BASE | typeof SET_BASE;
        const body = () => storage.body(name, library, storageAddress, this.contextGet);
        this.exportOnce(envName.linker(wanted, library), "func", () => this.builder.func(wanted.type, body()));
      }
      for (const wanted of library.functions) {
        const call = callOf(library, wanted);
        if (call.kind === "indirect") {
          this.exportOnce(envName.call(call.binding), "func", () => this.trampoline(call.binding));
        } else if (call.kind === "stub") {
          this.exportOnce(envName.stub(wanted), "func", () => this.stub(wanted.type));
        }
      }
    }
    for (const [name, binding] of worldFunctions) this.exportOnce(name, "func", () => this.trampoline(binding));
    const hook = taskHookOf(symbols);
    if (hook !== undefined) this.exportOnce(hook.func.name, "func", () => this.trampoline(hook));
    const realloc = reallocOf(symbols);
    if (realloc !== undefined) this.exportOnce(realloc.func.name, "func", () => this.trampoline(realloc));
    for (const start of startsOf(libraries)) this.exportOnce("_start", "func", () => this.trampoline(start));
    for (const name of slots.stubs) {
      this.exportOnce(envName.addressStub(name), "func", () => this.stub({ kind: "func", params: [], results: [] }));
    }
  }

  private trampoline(binding: FunctionBinding): number {
    const { type } = binding.func;
    const body = new ByteWriter().u8(0);
    for (const [i] of type.params.entries()) body.u8(Opcode.localGet).u32(i);
    body.u8(Opcode.i32Const).s32(this.plan.slots.of(binding));
    body.u8(Opcode.callIndirect).u32(this.builder.type(type)).u32(0).u8(Opcode.end);
    return this.builder.func(type, body.toBytes());
  }

  private stub(type: FuncType): number {
    return this.builder.func(type, Uint8Array.of(0, Opcode.unreachable, Opcode.end));
  }

  private defineMemoryAndTable(): void {
    const { libraries, layout, slots } = this.plan;
    const limits = { maximum: undefined, shared: false, is64: false };
    const pages = Math.max(layout.heapEnd / PAGE_SIZE, ...libraries.map(({ minimum }) => minimum.memory));
    const entries = Math.max(slots.end, ...libraries.map(({ minimum }) => minimum.table));
    this.export(MEMORY, "memory", this.builder.memory({ ...limits, minimum: BigInt(pages), pageSizeLog2: undefined }));
    this.export(TABLE, "table", this.builder.table({ ...limits, minimum: BigInt(entries), element: funcref }));
  }

  private exportOnce(name: string, kind: Parameters<ModuleBuilder["export"]>[1], define: () => number): void {
    if (!this.exported.has(name)) this.export(name, kind, define());
  }

  private export(name: string, kind: Parameters<ModuleBuilder["export"]>[1], index: number): void {
    this.exported.add(name);
    this.builder.export(name, kind, index);
  }
}

/** @throws ComponentInitError `link-failed` when a command could start in two ways */
function startsOf(libraries: readonly Library[]): FunctionBinding[] {
  const commands = libraries.filter(({ isCommand }) => isCommand);
  const [first, second] = commands;
  if (first !== undefined && second !== undefined) {
    throw new ComponentInitError(
      "link-failed",
      `both ${first.name} and ${second.name} are programs: they export _start`,
    );
  }
  return commands.map((library) => {
    const { index } = library.module.exports.find(({ name }) => name === "_start") as { index: number };
    const type: FuncType = { kind: "func", params: [], results: [] };
    return { library, func: { name: "_start", index, type, signature: "[] -> []" } };
  });
}

function describeType(item: Import, { module }: Library): string {
  if (item.kind !== "func") return `${item.kind} ${JSON.stringify(item.type, (_, value) => String(value))}`;
  const type = funcTypeAt(module, item.type);
  return (type && signatureOf(type)) ?? "a function of types of its own";
}

type TypedImport = { readonly library: Library; readonly type: string };

function failDiffering({ module, name }: Import, first: TypedImport, second: TypedImport): never {
  throw new ComponentInitError(
    "link-failed",
    `${first.library.name} imports ${module}#${name} as ${first.type}, and ${second.library.name} as ${second.type}: they ` +
      "were made for different versions of it",
  );
}
