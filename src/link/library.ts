import { evaluateConstExpr } from "../binary/const-expr.js";
import { ComponentInitError } from "../errors.js";
import { decodeModule } from "../module/decode.js";
import type { Export } from "../module/exports.js";
import type { TableType } from "../module/extern-types.js";
import type { Import } from "../module/imports.js";
import { funcTypeAt, functionType, globalSpace, tagSpace } from "../module/index-spaces.js";
import type { CoreModule } from "../module/model.js";
import type { FuncType } from "../module/types.js";
import { equalValueTypes, formatValueType, funcref } from "../module/value-types.js";
import { type Dylink, decodeDylink } from "./dylink.js";
import { type Signature, signatureOf } from "./signature.js";
import { GET_BASE, LIBRARY_INFO, PROGRAM_INFO, SET_BASE } from "./tls-names.js";

/** A dynamic library to link. */
export interface LibraryInput {
  /** What others call it in `needed`, and programs in `dlopen`. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Whether programs can open it by its name at run time. */
  readonly dlOpenable?: boolean;
}

/** A function or tag that a library wants from another one. */
export interface WantedFunction {
  readonly name: string;
  readonly type: FuncType;
  readonly signature: Signature;
  readonly isWeak: boolean;
}

/** A global with an address, or with something else that the linker knows. */
export interface WantedGlobal {
  readonly module: "env" | "GOT.mem" | "GOT.func";
  readonly name: string;
  /** As the import says, which must be true. */
  readonly mutable: boolean;
  readonly isWeak: boolean;
}

export interface DefinedFunction {
  readonly name: string;
  /** In the function index space of the library: several names may be one function. */
  readonly index: number;
  readonly type: FuncType;
  readonly signature: Signature;
}

/** What there is to know of a library in order to link it. */
export interface Library {
  readonly name: string;
  readonly dlOpenable: boolean;
  readonly module: CoreModule;
  readonly dylink: Dylink;
  /** The functions of `env` that it imports, but for those that the linker itself has. */
  readonly functions: readonly WantedFunction[];
  readonly tags: readonly WantedFunction[];
  /** Functions that the linker itself has. */
  readonly linkerFunctions: readonly WantedFunction[];
  /** `GOT.mem` and `GOT.func`. */
  readonly dataAddresses: readonly WantedGlobal[];
  readonly functionAddresses: readonly WantedGlobal[];
  /** What the linker itself has. */
  readonly linkerGlobals: readonly WantedGlobal[];
  /** Imports from elsewhere: the component's own imports, and what adapters have. */
  readonly outside: readonly Import[];
  readonly definedFunctions: ReadonlyMap<string, DefinedFunction>;
  /** Addresses relative to the library's place in memory. */
  readonly definedData: ReadonlyMap<string, number>;
  readonly definedTags: ReadonlyMap<string, Signature>;
  /** Where it says what thread-local storage it needs, relative to its place in memory. */
  readonly tlsInfo: number | undefined;
  readonly relocates: boolean;
  /** The export that runs its constructors. */
  readonly constructors: string | undefined;
  readonly isCommand: boolean;
  /** The contents of its `component-type` sections. */
  readonly worlds: readonly { readonly name: string; readonly contents: Uint8Array }[];
  /** What it says that the shared memory and table must have at least, in pages and entries. */
  readonly minimum: { readonly memory: number; readonly table: number };
}

const COMPONENT_TYPE = /^component-type/;

/** Called by the linker: no symbols. */
const RELOCATE = "__wasm_apply_data_relocs";
const CONSTRUCTORS = ["__wasm_call_ctors", "_initialize"];
const COMMAND = "_start";
const HOOKS = new Set([RELOCATE, ...CONSTRUCTORS, COMMAND]);

/** wasi-libc for threads of the component model: told of every task, with a code for what happens to it. */
export const TASK_HOOK = "__wasm_task_hook";

/** Functions of `env` that come from the component: wit-component makes `context.get` and `context.set` of them. */
export const GET_STACK_POINTER = "__wasm_get_stack_pointer";
export const SET_STACK_POINTER = "__wasm_set_stack_pointer";
const STACK_POINTER_FUNCTIONS = [GET_STACK_POINTER, SET_STACK_POINTER];
const LINKER_FUNCTIONS: ReadonlyMap<string, Signature> = new Map([
  [GET_BASE, "[] -> [i32]"],
  [SET_BASE, "[i32] -> []"],
]);

/** Globals of `env`. */
const ENV_GLOBALS = new Set([
  "__memory_base",
  "__table_base",
  "__stack_pointer",
  "__init_stack_pointer",
  "__asyncify_state",
  "__asyncify_data",
]);

/** Addresses that the linker lays out, asked for through `GOT.mem`. */
export const LINKER_ADDRESSES = [
  "__heap_base",
  "__heap_end",
  "__stack_low",
  "__stack_high",
  "__wasm_libdl_libraries",
  "__component_init_libraries",
  PROGRAM_INFO,
] as const;

/** @throws ComponentInitError `malformed`, `unsupported` */
export function readLibrary({ name, bytes, dlOpenable = false }: LibraryInput): Library {
  return inLibrary(name, () => new LibraryReader(name, dlOpenable, decodeModule(bytes)).read());
}

export interface InspectedLibrary {
  readonly library: Library;
  /** Why it could not be linked; what these say of is not in it. */
  readonly problems: readonly string[];
}

/**
 * What there is to know also of what cannot be linked, such as the main modules of other tools.
 *
 * @throws ComponentInitError `malformed`, and `unsupported` for what is no dynamic library at all
 */
export function inspectLibrary({ name, bytes }: LibraryInput): InspectedLibrary {
  const problems: string[] = [];
  const library = inLibrary(name, () => new LibraryReader(name, false, decodeModule(bytes), problems).read());
  return { library, problems };
}

/** What a library says of itself, without a look at its symbols; nothing where it is none. */
export function readDylink({ name, bytes }: LibraryInput): Dylink | undefined {
  return inLibrary(name, () => decodeDylink(decodeModule(bytes)));
}

/** Says which library an error is about. */
export function inLibrary<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ComponentInitError)) throw error;
    throw new ComponentInitError(error.code, `library ${name}: ${error.message}`, { cause: error });
  }
}

interface Spaces {
  readonly globals: ReturnType<typeof globalSpace>;
  readonly tags: ReturnType<typeof tagSpace>;
}

class LibraryReader {
  private readonly functions: WantedFunction[] = [];
  private readonly tags: WantedFunction[] = [];
  private readonly linkerFunctions: WantedFunction[] = [];
  private readonly dataAddresses: WantedGlobal[] = [];
  private readonly functionAddresses: WantedGlobal[] = [];
  private readonly linkerGlobals: WantedGlobal[] = [];
  private readonly outside: Import[] = [];
  private readonly exported = new Set<string>();
  private readonly hooks = new Set<string>();
  private readonly definedFunctions = new Map<string, DefinedFunction>();
  private readonly definedData = new Map<string, number>();
  private readonly definedTags = new Map<string, Signature>();
  private minimum = { memory: 0, table: 0 };
  /** Thousands of functions have a few dozen types. */
  private readonly signatures = new Map<FuncType, { type: FuncType; signature: Signature | undefined }>();
  /** They start each index space. */
  private readonly imports: ReadonlyMap<Import["kind"], readonly Import[]>;

  constructor(
    private readonly name: string,
    private readonly dlOpenable: boolean,
    private readonly module: CoreModule,
    /** Gets what is wrong, which is thrown otherwise. */
    private readonly problems?: string[],
  ) {
    this.imports = Map.groupBy(module.imports, ({ kind }) => kind);
  }

  read(): Library {
    const { name, dlOpenable, module } = this;
    const dylink = decodeDylink(module) ?? refuse(notALibrary(module));
    this.attempt(() => this.checkShape(dylink));
    this.attempt(() => this.checkImports());
    for (const item of module.imports) this.attempt(() => this.readImport(item, dylink));
    const spaces = { globals: globalSpace(module), tags: tagSpace(module) };
    for (const item of module.exports) this.attempt(() => this.readExport(item, spaces));
    const { functions, tags, linkerFunctions, dataAddresses, functionAddresses, linkerGlobals, outside, minimum } =
      this;
    const wanted = {
      functions,
      tags,
      linkerFunctions,
      dataAddresses,
      functionAddresses,
      linkerGlobals,
      outside,
      minimum,
    };
    const constructors = CONSTRUCTORS.filter((one) => this.hooks.has(one));
    this.attempt(() => {
      if (constructors.length > 1) refuse(`it exports both ${constructors.join(" and ")}, and only one can run`);
    });
    const { definedFunctions, definedData, definedTags, hooks } = this;
    const tlsInfo = definedData.get(LIBRARY_INFO);
    definedData.delete(LIBRARY_INFO);
    return {
      name,
      dlOpenable,
      module,
      dylink,
      ...wanted,
      definedFunctions,
      definedData,
      definedTags,
      tlsInfo,
      relocates: hooks.has(RELOCATE),
      constructors: constructors[0],
      isCommand: hooks.has(COMMAND),
      worlds: module.customSections.filter((section) => COMPONENT_TYPE.test(section.name)),
    };
  }

  private attempt(read: () => void): void {
    try {
      read();
    } catch (error) {
      if (this.problems === undefined || !(error instanceof ComponentInitError)) throw error;
      this.problems.push(error.message);
    }
  }

  private checkShape({ architecture }: Dylink): void {
    const { module } = this;
    if (architecture !== undefined && architecture !== "wasm32")
      refuse(`it is for ${architecture}, and not for wasm32`);
    if (module.memories.length > 0) refuse(OWN_MEMORY);
  }

  private checkImports(): void {
    const seen = new Set<string>();
    for (const item of this.module.imports) {
      const { module, name } = item;
      const key = JSON.stringify([module, name]);
      // Valid in a core module, and not in one that is part of a component.
      if (seen.has(key)) refuse(`it imports ${module}#${name} twice`);
      seen.add(key);
    }
  }

  private readImport(item: Import, { weakImports }: Dylink): void {
    const isWeak = weakImports.has(`env ${item.name}`) || weakImports.has(`${item.module} ${item.name}`);
    if (item.module === "env") this.readEnvImport(item, isWeak);
    else if (item.module === "GOT.mem" || item.module === "GOT.func") {
      const wanted = { module: item.module, name: item.name, mutable: this.mutabilityOf(item), isWeak } as const;
      if (item.module === "GOT.func") this.functionAddresses.push(wanted);
      else if ((LINKER_ADDRESSES as readonly string[]).includes(item.name)) this.linkerGlobals.push(wanted);
      else this.dataAddresses.push(wanted);
    } else this.readOutside(item);
  }

  private readOutside(item: Import): void {
    // For its errors: `env` imports functions with these types, too.
    if (item.kind === "func") this.wanted(item.name, item.type, false);
    this.outside.push(item);
  }

  private readEnvImport(item: Import, isWeak: boolean): void {
    const { name } = item;
    switch (item.kind) {
      case "memory":
        if (name !== "memory") refuse(`it imports the memory env.${name}, which nobody has`);
        if (item.type.is64) refuse("its memory has 64-bit addresses, and libraries of 32 bits are linked");
        if (item.type.shared) refuse("its memory is shared between threads, which cannot be linked");
        this.checkGrowth(item.type.maximum, "memory");
        this.minimum = { ...this.minimum, memory: Number(item.type.minimum) };
        break;
      case "table":
        if (name !== "__indirect_function_table") refuse(`it imports the table env.${name}, which nobody has`);
        this.checkTable(name, item.type);
        this.checkGrowth(item.type.maximum, "table");
        this.minimum = { ...this.minimum, table: Number(item.type.minimum) };
        break;
      case "global":
        if (item.type.value === "i64") {
          refuse(`its import env.${name} is a 64-bit address, and libraries of 32 bits are linked`);
        }
        if (!ENV_GLOBALS.has(name)) refuse(`it imports the global env.${name}, which nobody has`);
        this.linkerGlobals.push({ module: "env", name, mutable: this.mutabilityOf(item), isWeak });
        break;
      case "func":
        if (STACK_POINTER_FUNCTIONS.includes(name)) this.readOutside(item);
        else if (LINKER_FUNCTIONS.has(name)) this.readLinkerFunction(this.wanted(name, item.type, isWeak));
        else this.functions.push(this.wanted(name, item.type, isWeak));
        break;
      case "tag":
        this.tags.push(this.wanted(name, item.type.type, isWeak));
    }
  }

  private checkTable(name: string, { element, is64 }: TableType): void {
    if (is64) refuse(`its table env.${name} has 64-bit indices, and libraries of 32 bits are linked`);
    if (!equalValueTypes(element, funcref)) {
      refuse(`its table env.${name} is one of ${formatValueType(element)}, and libraries share one of functions`);
    }
  }

  private readLinkerFunction(wanted: WantedFunction): void {
    const { name, signature } = wanted;
    const known = LINKER_FUNCTIONS.get(name);
    if (signature !== known) refuse(`it imports env.${name} as ${signature}, and it is ${known}`);
    this.linkerFunctions.push(wanted);
  }

  private checkGrowth(maximum: bigint | undefined, what: string): void {
    if (maximum !== undefined)
      refuse(`it wants a ${what} of at most ${maximum}, and libraries share one that can grow`);
  }

  private wanted(name: string, typeIndex: number, isWeak: boolean): WantedFunction {
    const type = funcTypeAt(this.module, typeIndex) ?? refuse(`its import ${name} has no function type`);
    return { name, type, signature: signatureOf(type) ?? refuseTyped(name), isWeak };
  }

  private mutabilityOf(item: Import): boolean {
    if (item.kind === "global" && item.type.value === "i32") return item.type.mutable;
    return refuse(`its import ${item.module}.${item.name} is no i32 global, which addresses are`);
  }

  private signatureAt(index: number): { type: FuncType; signature: Signature | undefined } | undefined {
    const type = functionType(this.module, index);
    if (type === undefined) return undefined;
    let known = this.signatures.get(type);
    if (known === undefined) this.signatures.set(type, (known = { type, signature: signatureOf(type) }));
    return known;
  }

  /** In one pass: there can be tens of thousands. */
  private readExport(item: Export, { globals, tags }: Spaces): void {
    if (this.exported.has(item.name)) refuse(`it exports ${item.name} twice`);
    this.exported.add(item.name);
    if (HOOKS.has(item.name)) this.readHook(item);
    else if (item.kind === "func") this.readFunction(item);
    else if (item.kind === "global") this.readData(item, globals);
    else if (item.kind === "tag") this.readTag(item, tags);
    else refuse(OWN_MEMORY);
  }

  private readHook({ name, kind, index }: Export): void {
    const signature = kind === "func" ? this.signatureAt(index)?.signature : undefined;
    if (signature !== "[] -> []") refuse(`its export ${name} must be a function without parameters and results`);
    this.hooks.add(name);
  }

  private readFunction({ name, index }: Export): void {
    if (this.isImportedAs("func", name, index)) return;
    const found = this.signatureAt(index) ?? refuse(`its export ${name} is no function that it has`);
    const { type, signature = refuseTyped(name) } = found;
    this.definedFunctions.set(name, { name, index, type, signature });
  }

  /** Exported globals are addresses, relative to where the library's memory starts. Others are for its own use. */
  private readData({ name, index }: Export, globals: Spaces["globals"]): void {
    const global = globals[index] ?? refuse(`its export ${name} is no global that it has`);
    if (global.imported || global.type.value !== "i32" || global.type.mutable) return;
    const value = evaluateConstExpr(global.definition.init);
    if (typeof value === "number") this.definedData.set(name, value >>> 0);
  }

  private readTag({ name, index }: Export, tags: Spaces["tags"]): void {
    if (this.isImportedAs("tag", name, index)) return;
    const tag = tags[index] ?? refuse(`its export ${name} is no tag that it has`);
    const type = funcTypeAt(this.module, tag.type.type);
    this.definedTags.set(name, (type && signatureOf(type)) ?? refuseTyped(name));
  }

  /** Such an export passes on what another library defines. */
  private isImportedAs(kind: Export["kind"], name: string, index: number): boolean {
    const item = this.imports.get(kind)?.[index];
    return item?.module === "env" && item.name === name;
  }
}

const OWN_MEMORY = "it has a memory or table of its own: compile it with -fPIC and link it with -shared";

function notALibrary(module: CoreModule): string {
  const hint = module.memories.length > 0 ? ": compile it with -fPIC and link it with -shared" : "";
  return `it is no dynamic library: it has no dylink.0 section${hint}`;
}

function refuseTyped(name: string): never {
  return refuse(`the type of ${name} refers to other types, which differ from library to library`);
}

function refuse(message: string): never {
  throw new ComponentInitError("unsupported", message);
}
