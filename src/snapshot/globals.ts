import { ByteWriter } from "../binary/writer.js";
import type { InitializedInstance } from "../host/initialize.js";
import type { GlobalValue } from "./model.js";

export type NumberType = "i32" | "i64" | "f32" | "f64" | "v128";

/** Bytes that a value takes in memory. */
const SIZES: Record<NumberType, number> = { i32: 4, i64: 8, f32: 4, f64: 8, v128: 16 };

const TYPE_BYTES: Record<NumberType, number> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

/** `store` instructions: opcode, and the alignment that memory instructions are written with. */
const STORES: Record<NumberType, readonly number[]> = {
  i32: [0x36],
  i64: [0x37],
  f32: [0x38],
  f64: [0x39],
  v128: [0xfd, 0x0b],
};

const MAX_BATCH = 512;

/**
 * Reads globals bit by bit. `WebAssembly.Global.value` loses the sign and payload of a NaN and throws for v128, so a
 * module made for it imports the globals and stores them to a memory of its own.
 *
 * @returns little-endian bits, in the order of `globals`
 */
export function readGlobals(
  globals: readonly { global: WebAssembly.Global; type: NumberType; mutable: boolean }[],
): Uint8Array[] {
  const bits: Uint8Array[] = [];
  for (let i = 0; i < globals.length; i += MAX_BATCH) bits.push(...readBatch(globals.slice(i, i + MAX_BATCH)));
  return bits;
}

function readBatch(
  globals: readonly { global: WebAssembly.Global; type: NumberType; mutable: boolean }[],
): Uint8Array[] {
  const imports = Object.fromEntries(globals.map(({ global }, i) => [String(i), global]));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(readerModule(globals)), { g: imports });
  const memory = new Uint8Array((instance.exports.m as WebAssembly.Memory).buffer);
  return globals.map(({ type }, i) => memory.slice(i * 16, i * 16 + SIZES[type]));
}

function readerModule(globals: readonly { type: NumberType; mutable: boolean }[]): Uint8Array<ArrayBuffer> {
  const body = new ByteWriter().u8(0x00);
  globals.forEach(({ type }, i) => {
    body
      .u8(0x41)
      .s32(i * 16)
      .u8(0x23)
      .u32(i);
    for (const byte of STORES[type]) body.u8(byte);
    body.u8(0x00).u8(0x00);
  });
  body.u8(0x0b);
  return new ByteWriter()
    .bytes(new Uint8Array([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]))
    .section(1, new ByteWriter().u32(1).u8(0x60).u32(0).u32(0))
    .section(
      2,
      new ByteWriter().vec([...globals.entries()], ([i, { type, mutable }], writer) =>
        writer
          .name("g")
          .name(String(i))
          .u8(0x03)
          .u8(TYPE_BYTES[type])
          .u8(mutable ? 1 : 0),
      ),
    )
    .section(3, new ByteWriter().u32(1).u32(0))
    .section(5, new ByteWriter().u32(1).u8(0x00).u32(1))
    .section(7, new ByteWriter().u32(1).name("m").u8(0x02).u32(0))
    .section(8, new ByteWriter().u32(0))
    .section(10, new ByteWriter().u32(1).sized(body))
    .toBytes();
}

/** The i32 globals of an instance as they were right after its own start function, which does not run again. */
export function initialGlobals(instance: Pick<InitializedInstance, "initialGlobals">): GlobalValue[] {
  return [...instance.initialGlobals].map(([index, value]) => {
    const bits = new Uint8Array(4);
    new DataView(bits.buffer).setInt32(0, value, true);
    return { index, bits };
  });
}
