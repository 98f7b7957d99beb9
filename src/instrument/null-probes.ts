import { Opcode } from "../binary/opcodes.js";
import { ByteWriter } from "../binary/writer.js";
import type { FunctionBody } from "../module/code.js";
import { globalSpace, importedCount, tableSpace, typeSpace } from "../module/index-spaces.js";
import type { ItemExporter } from "../module/item-exports.js";
import type { CoreModule } from "../module/model.js";
import { funcTypeGroup, type RecursiveGroup } from "../module/types.js";
import { isRefType, type ValueType } from "../module/value-types.js";

/** Functions that tell whether a reference is null, by the index of the global or table; their export names. */
export interface NullProbes {
  /** Of type `[] -> [i32]`. */
  readonly globals: ReadonlyMap<number, string>;
  /** From an index to an i32. */
  readonly tables: ReadonlyMap<number, string>;
}

/**
 * JavaScript cannot look at exception and continuation references: the JS API throws a TypeError. All that a snapshot
 * needs to know of them is that they are null, and that the module can tell itself.
 */
export function addNullProbes(module: CoreModule, exporter: ItemExporter): NullProbes {
  const globals = globalSpace(module).filter(({ imported, type }) => !imported && isUnreadable(module, type.value));
  const tables = tableSpace(module).filter(({ imported, type }) => !imported && isUnreadable(module, type.element));
  const adder = new ProbeAdder(module, exporter);
  const probes = {
    globals: new Map(globals.map(({ index }) => [index, adder.add([], globalGet(index))])),
    tables: new Map(tables.map(({ index, type }) => [index, adder.add([type.is64 ? "i64" : "i32"], tableGet(index))])),
  };
  adder.finish();
  return probes;
}

function globalGet(index: number): ByteWriter {
  return new ByteWriter().u8(Opcode.globalGet).u32(index);
}

function tableGet(index: number): ByteWriter {
  return new ByteWriter().u8(Opcode.localGet).u32(0).u8(Opcode.tableGet).u32(index);
}

function isUnreadable(module: CoreModule, type: ValueType): boolean {
  if (!isRefType(type)) return false;
  const heap = type.heap.kind === "abstract" ? type.heap.name : typeSpace(module)[type.heap.index]?.composite.kind;
  return heap === "exn" || heap === "noexn" || heap === "cont" || heap === "nocont";
}

/** Functions to add to a module, of which there may be as many as globals and tables. */
class ProbeAdder {
  private readonly types: RecursiveGroup[] = [];
  private readonly functions: number[] = [];
  private readonly code: FunctionBody[] = [];
  private readonly firstType: number;
  private readonly firstFunction: number;

  constructor(
    private readonly module: CoreModule,
    private readonly exporter: ItemExporter,
  ) {
    this.firstType = typeSpace(module).length;
    this.firstFunction = importedCount(module, "func") + module.functions.length;
  }

  /** @returns the name that the function is exported under */
  add(params: readonly ValueType[], get: ByteWriter): string {
    this.functions.push(this.firstType + this.types.length);
    this.types.push(funcTypeGroup(params, ["i32"]));
    this.code.push(new ByteWriter().u8(0x00).append(get).u8(Opcode.refIsNull).u8(Opcode.end).toBytes());
    return this.exporter.nameOf("func", this.firstFunction + this.functions.length - 1);
  }

  finish(): void {
    const { module } = this;
    if (this.functions.length === 0) return;
    module.types = [...module.types, ...this.types];
    module.functions = [...module.functions, ...this.functions];
    module.code = [...module.code, ...this.code];
  }
}
