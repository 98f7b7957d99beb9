import { Opcode } from "../binary/opcodes.js";
import { ByteWriter } from "../binary/writer.js";
import type { FunctionBody } from "../module/code.js";
import { findMemoryGrowth, type MemoryGrowth } from "../module/code-uses.js";
import { type MemoryType, pageSize } from "../module/extern-types.js";
import { importedCount, memorySpace, typeSpace } from "../module/index-spaces.js";
import type { ItemExporter } from "../module/item-exports.js";
import type { CoreModule } from "../module/model.js";
import { funcTypeGroup } from "../module/types.js";

/** A memory that the code grows. */
export interface WatchedGrowth {
  /** An i64 global: by how many pages it was last refused to grow; 0 as long as it was not. */
  readonly exportName: string;
  readonly memory: number;
  readonly pageSize: number;
  /** Its own, in pages, where there is one. */
  readonly maximum: bigint | undefined;
  /** How large it may become, in bytes. */
  readonly limit: number;
}

const NOTE_TYPE = { value: "i64", mutable: true, shared: false } as const;
const NOTE_INIT = Uint8Array.of(Opcode.i64Const, 0, Opcode.end);

/**
 * Lets each `memory.grow` call a function that grows the memory and notes when that was refused: no interface of a host
 * tells. Nothing else of a function changes. Left out are memories whose own maximum is not larger than the limit.
 *
 * @param original - the module before its memories were limited
 * @param limit - in bytes
 */
export function watchGrowth(
  module: CoreModule,
  exporter: ItemExporter,
  original: CoreModule,
  limit: number,
): WatchedGrowth[] {
  const types = memorySpace(original).map(({ type }) => type);
  const growths = findMemoryGrowth(module).filter(({ memory }) => isLimited(types[memory] as MemoryType, limit));
  const memories = [...new Set(growths.map(({ memory }) => memory))].sort((a, b) => a - b);
  const functions = new Map<number, number>();
  const watched = memories.map((memory): WatchedGrowth => {
    const type = types[memory] as MemoryType;
    const note = importedCount(module, "global") + module.globals.length;
    module.globals = [...module.globals, { type: NOTE_TYPE, init: NOTE_INIT }];
    functions.set(memory, addGrow(module, memory, type.is64, note));
    const exportName = exporter.nameOf("global", note);
    return { exportName, memory, pageSize: pageSize(type), maximum: type.maximum, limit };
  });
  replaceGrowths(module, growths, (memory) => functions.get(memory) as number);
  return watched;
}

function isLimited(type: MemoryType, limit: number): boolean {
  return type.maximum === undefined || type.maximum * BigInt(pageSize(type)) > limit;
}

/** From a number of pages to what `memory.grow` gives for it. */
function addGrow(module: CoreModule, memory: number, is64: boolean, note: number): number {
  const address = is64 ? "i64" : "i32";
  const type = typeSpace(module).length;
  const func = importedCount(module, "func") + module.functions.length;
  const body = new ByteWriter().vec([address], (_, writer) => writer.u32(1).u8(is64 ? I64 : I32));
  body.u8(Opcode.localGet).u32(0).u8(Opcode.memoryGrow).u32(memory).u8(Opcode.localTee).u32(1);
  body
    .u8(is64 ? Opcode.i64Const : Opcode.i32Const)
    .s32(-1)
    .u8(is64 ? Opcode.i64Eq : Opcode.i32Eq);
  body.u8(Opcode.if).u8(NO_RESULT).u8(Opcode.localGet).u32(0);
  if (!is64) body.u8(Opcode.i64ExtendI32U);
  body.u8(Opcode.globalSet).u32(note).u8(Opcode.end).u8(Opcode.localGet).u32(1).u8(Opcode.end);
  module.types = [...module.types, funcTypeGroup([address], [address])];
  module.functions = [...module.functions, type];
  module.code = [...module.code, body.toBytes()];
  return func;
}

const I32 = 0x7f;
const I64 = 0x7e;
const NO_RESULT = 0x40;

function replaceGrowths(
  module: CoreModule,
  growths: readonly MemoryGrowth[],
  functionFor: (memory: number) => number,
): void {
  if (growths.length === 0) return;
  const bodies = [...module.code];
  for (const [body, ofBody] of Map.groupBy(growths, ({ body }) => body)) {
    bodies[body] = callInstead(bodies[body] as FunctionBody, ofBody, functionFor);
  }
  module.code = bodies;
}

function callInstead(
  body: FunctionBody,
  growths: readonly MemoryGrowth[],
  functionFor: (memory: number) => number,
): FunctionBody {
  const writer = new ByteWriter();
  let copied = 0;
  for (const { memory, start, end } of growths) {
    writer.bytes(body.subarray(copied, start)).u8(Opcode.call).u32(functionFor(memory));
    copied = end;
  }
  return writer.bytes(body.subarray(copied)).toBytes();
}
