import { Opcode } from "../binary/opcodes.js";
import { ByteWriter } from "../binary/writer.js";
import type { FunctionBody } from "../module/code.js";
import type { TableType } from "../module/extern-types.js";
import type { ValueType } from "../module/value-types.js";
import type { Placement } from "./entries.js";

/** Calls in one function: engines limit the size of functions, and compile them one by one. */
const CALLS = 10_000;

/** What {@link putBody} takes: the first of 64 entries, a mask of them, and what to put in. */
export function putParams({ is64, element }: TableType): ValueType[] {
  return [is64 ? "i64" : "i32", "i64", element];
}

/** A function that puts a reference where a mask, which is not zero, has bits. */
export function putBody(table: number, { is64 }: TableType): FunctionBody {
  const body = new ByteWriter().u8(0x00).u8(Opcode.loop).u8(0x40);
  body.u8(Opcode.localGet).u32(0).u8(Opcode.localGet).u32(1).u8(Opcode.i64Ctz);
  if (is64) body.u8(Opcode.i64Add);
  else body.u8(Opcode.i32WrapI64).u8(Opcode.i32Add);
  body.u8(Opcode.localGet).u32(2).u8(Opcode.tableSet).u32(table);
  // The lowest bit goes.
  body.u8(Opcode.localGet).u32(1).u8(Opcode.localGet).u32(1).u8(Opcode.i64Const).s64(1n).u8(Opcode.i64Sub);
  body.u8(Opcode.i64And).u8(Opcode.localTee).u32(1).u8(Opcode.i64Const).s64(0n).u8(Opcode.i64Ne);
  return body.u8(Opcode.brIf).u32(0).u8(Opcode.end).u8(Opcode.end).toBytes();
}

/** Functions that together call one of {@link putBody} for all entries. */
export function* puttingBodies(
  placements: Iterable<Placement>,
  put: number,
  { is64 }: TableType,
): Generator<FunctionBody> {
  let body = new ByteWriter().u8(0x00);
  let calls = 0;
  for (const { func, start, mask } of placements) {
    if (is64) body.u8(Opcode.i64Const).s64(BigInt(start));
    else body.u8(Opcode.i32Const).s32(start);
    body.u8(Opcode.i64Const).s64(mask).u8(Opcode.refFunc).u32(func).u8(Opcode.call).u32(put);
    if (++calls % CALLS > 0) continue;
    yield body.u8(Opcode.end).toBytes();
    body = new ByteWriter().u8(0x00);
  }
  if (calls % CALLS > 0) yield body.u8(Opcode.end).toBytes();
}
