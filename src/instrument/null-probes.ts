import { Opcode } from "../binary/opcodes.js";
import { ByteWriter } from "../binary/writer.js";
import { globalSpace, importedCount, tableSpace, typeSpace } from "../module/index-spaces.js";
import type { ItemExporter } from "../module/item-exports.js";
import type { CoreModule } from "../module/model.js";
import { funcTypeGroup } from "../module/types.js";
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
  const probes = { globals: new Map<number, string>(), tables: new Map<number, string>() };
  for (const { index } of globals) {
    const get = (body: ByteWriter) => body.u8(Opcode.globalGet).u32(index);
    probes.globals.set(index, addProbe(module, exporter, [], get));
  }
  for (const { index, type } of tables) {
    const get = (body: ByteWriter) => body.u8(Opcode.localGet).u32(0).u8(Opcode.tableGet).u32(index);
    probes.tables.set(index, addProbe(module, exporter, [type.is64 ? "i64" : "i32"], get));
  }
  return probes;
}

function isUnreadable(module: CoreModule, type: ValueType): boolean {
  if (!isRefType(type)) return false;
  const heap = type.heap.kind === "abstract" ? type.heap.name : typeSpace(module)[type.heap.index]?.composite.kind;
  return heap === "exn" || heap === "noexn" || heap === "cont" || heap === "nocont";
}

function addProbe(
  module: CoreModule,
  exporter: ItemExporter,
  params: readonly ValueType[],
  get: (body: ByteWriter) => void,
): string {
  const type = typeSpace(module).length;
  const func = importedCount(module, "func") + module.functions.length;
  const body = new ByteWriter().u8(0x00);
  get(body);
  module.types = [...module.types, funcTypeGroup(params, ["i32"])];
  module.functions = [...module.functions, type];
  module.code = [...module.code, body.u8(Opcode.refIsNull).u8(Opcode.end).toBytes()];
  return exporter.nameOf("func", func);
}
