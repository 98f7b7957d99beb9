import { i32ConstExpr } from "../binary/const-expr.js";
import type { Global, Table } from "../module/definitions.js";
import type { Export, ExternKind } from "../module/exports.js";
import type { GlobalType, MemoryType, TableType, TagType } from "../module/extern-types.js";
import type { Import } from "../module/imports.js";
import { CoreModule } from "../module/model.js";
import { moduleNameSection } from "../module/names.js";
import type { DataSegment, ElementSegment } from "../module/segments.js";
import { type FuncType, funcTypeGroup, type RecursiveGroup } from "../module/types.js";
import { signatureOf } from "./signature.js";

/** Puts a core module together whose imports are all known before its first definition. */
export class ModuleBuilder {
  readonly #types: RecursiveGroup[] = [];
  readonly #typeIndices = new Map<string, number>();
  readonly #imports: Import[] = [];
  /** By module and name. */
  readonly #importedFunctions = new Map<string, Map<string, number>>();
  readonly #functions: number[] = [];
  readonly #code: Uint8Array[] = [];
  readonly #tables: Table[] = [];
  readonly #memories: MemoryType[] = [];
  readonly #tags: TagType[] = [];
  readonly #globals: Global[] = [];
  readonly #exports: Export[] = [];
  readonly #elements: ElementSegment[] = [];
  readonly #data: DataSegment[] = [];
  readonly #counts: Record<ExternKind, number> = { func: 0, table: 0, memory: 0, global: 0, tag: 0 };
  #start: number | undefined;

  /** The index of a function type. */
  type(type: FuncType): number {
    const key = signatureOf(type) ?? fail("a type that only means something in its own module");
    let index = this.#typeIndices.get(key);
    if (index === undefined) {
      index = this.#types.push(funcTypeGroup(type.params, type.results)) - 1;
      this.#typeIndices.set(key, index);
    }
    return index;
  }

  /** @returns its index in the space of its kind */
  import(item: Import): number {
    this.#imports.push(item);
    return this.#counts[item.kind]++;
  }

  /** Once, however often it is asked for: components allow no two imports of one name. */
  importFunction(module: string, name: string, type: FuncType): number {
    const known = this.#importedFunctions.get(module) ?? new Map<string, number>();
    this.#importedFunctions.set(module, known);
    let index = known.get(name);
    if (index === undefined) {
      index = this.import({ module, name, kind: "func", type: this.type(type), exact: false });
      known.set(name, index);
    }
    return index;
  }

  memory(type: MemoryType): number {
    this.#memories.push(type);
    return this.#counts.memory++;
  }

  table(type: TableType): number {
    this.#tables.push({ type, init: undefined });
    return this.#counts.table++;
  }

  i32Global(value: number, mutable: boolean): number {
    const type: GlobalType = { value: "i32", mutable, shared: false };
    this.#globals.push({ type, init: i32ConstExpr(value) });
    return this.#counts.global++;
  }

  tag(type: FuncType): number {
    this.#tags.push({ type: this.type(type) });
    return this.#counts.tag++;
  }

  /** @param body - locals, instructions, `end` */
  func(type: FuncType, body: Uint8Array): number {
    this.#functions.push(this.type(type));
    this.#code.push(body);
    return this.#counts.func++;
  }

  export(name: string, kind: ExternKind, index: number): void {
    this.#exports.push({ name, kind, index });
  }

  element(segment: ElementSegment): void {
    this.#elements.push(segment);
  }

  data(segment: DataSegment): void {
    this.#data.push(segment);
  }

  start(func: number): void {
    this.#start = func;
  }

  /** @param name - what stack traces call it */
  finish(name: string): CoreModule {
    const module = CoreModule.empty();
    module.types = this.#types;
    module.imports = this.#imports;
    module.functions = this.#functions;
    module.tables = this.#tables;
    module.memories = this.#memories;
    module.tags = this.#tags;
    module.globals = this.#globals;
    module.exports = this.#exports;
    module.start = this.#start;
    module.elements = this.#elements;
    module.code = this.#code;
    module.data = this.#data;
    module.addCustomSection("name", moduleNameSection(name));
    return module;
  }
}

function fail(message: string): never {
  throw new Error(message);
}
