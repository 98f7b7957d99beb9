import { scanExpression } from "./instructions.js";
import { Opcode } from "./opcodes.js";
import { ByteReader } from "./reader.js";
import { ByteWriter } from "./writer.js";

/** A constant expression as bytes, its `end` included (core specification 3.3.9 and 5.4.9). */
export type ConstExpr = Uint8Array;

/** Steps over a constant expression. */
export function skipConstExpr(reader: ByteReader): ConstExpr {
  const start = reader.position;
  scanExpression(reader);
  return reader.since(start);
}

/** The value of a constant expression: an i32 as a signed `number`, an i64 as a signed `bigint`. */
export type ConstValue = number | bigint;

/**
 * Computes a constant expression of the kind that segment offsets are: `i32.const`, `i64.const`, `global.get`, and
 * add, sub, mul of them.
 *
 * @param resolveGlobal - the value of a global; `undefined` when it is not known
 * @returns `undefined` for every other expression
 */
export function evaluateConstExpr(
  expr: ConstExpr,
  resolveGlobal: (index: number) => ConstValue | undefined = () => undefined,
): ConstValue | undefined {
  const reader = new ByteReader(expr);
  const stack: ConstValue[] = [];
  while (!reader.done) {
    const opcode = reader.u8();
    if (opcode === Opcode.end) return stack.length === 1 && reader.done ? stack[0] : undefined;
    const value = evaluateInstruction(opcode, reader, stack, resolveGlobal);
    if (value === undefined) return undefined;
    stack.push(value);
  }
  return undefined;
}

function evaluateInstruction(
  opcode: number,
  reader: ByteReader,
  stack: ConstValue[],
  resolveGlobal: (index: number) => ConstValue | undefined,
): ConstValue | undefined {
  switch (opcode) {
    case Opcode.i32Const:
      return reader.s32();
    case Opcode.i64Const:
      return reader.s64();
    case Opcode.globalGet:
      return resolveGlobal(reader.u32("global index"));
    default: {
      const right = stack.pop();
      const left = stack.pop();
      if (typeof left === "number" && typeof right === "number") return i32Arithmetic(opcode, left, right);
      if (typeof left === "bigint" && typeof right === "bigint") return i64Arithmetic(opcode, left, right);
      return undefined;
    }
  }
}

function i32Arithmetic(opcode: number, left: number, right: number): number | undefined {
  switch (opcode) {
    case Opcode.i32Add:
      return (left + right) | 0;
    case Opcode.i32Sub:
      return (left - right) | 0;
    case Opcode.i32Mul:
      return Math.imul(left, right);
    default:
      return undefined;
  }
}

function i64Arithmetic(opcode: number, left: bigint, right: bigint): bigint | undefined {
  switch (opcode) {
    case Opcode.i64Add:
      return BigInt.asIntN(64, left + right);
    case Opcode.i64Sub:
      return BigInt.asIntN(64, left - right);
    case Opcode.i64Mul:
      return BigInt.asIntN(64, left * right);
    default:
      return undefined;
  }
}

/** The function that a constant expression is a reference to, if it is a plain `ref.func`. */
export function referencedFunction(expr: ConstExpr): number | undefined {
  const reader = new ByteReader(expr);
  if (reader.u8() !== Opcode.refFunc) return undefined;
  const index = reader.u32("function index");
  return reader.u8() === Opcode.end && reader.done ? index : undefined;
}

/** @param value - signed or unsigned */
export function i32ConstExpr(value: number): ConstExpr {
  // There may be a million of them, and a writer for each takes long.
  const bytes: number[] = [Opcode.i32Const];
  for (let rest = value | 0; ; rest >>= 7) {
    const isLast = rest >= -0x40 && rest < 0x40;
    bytes.push(isLast ? rest & 0x7f : (rest & 0x7f) | 0x80);
    if (isLast) break;
  }
  bytes.push(Opcode.end);
  return Uint8Array.from(bytes);
}

/** @param value - signed or unsigned */
export function i64ConstExpr(value: bigint): ConstExpr {
  return expression((writer) => writer.u8(Opcode.i64Const).s64(value));
}

/** @param bits - 4 little-endian bytes: a `number` would not keep every NaN */
export function f32ConstExpr(bits: Uint8Array): ConstExpr {
  return expression((writer) => writer.u8(Opcode.f32Const).bytes(ofSize(bits, 4)));
}

/** @param bits - 8 little-endian bytes */
export function f64ConstExpr(bits: Uint8Array): ConstExpr {
  return expression((writer) => writer.u8(Opcode.f64Const).bytes(ofSize(bits, 8)));
}

/** @param bits - 16 little-endian bytes */
export function v128ConstExpr(bits: Uint8Array): ConstExpr {
  return expression((writer) => writer.u8(0xfd).u32(0x0c).bytes(ofSize(bits, 16)));
}

export function globalGetExpr(index: number): ConstExpr {
  return expression((writer) => writer.u8(Opcode.globalGet).u32(index));
}

export function refFuncExpr(index: number): ConstExpr {
  return expression((writer) => writer.u8(Opcode.refFunc).u32(index));
}

/** The type of a value that is stored as bits. */
export type BitsType = "i32" | "i64" | "f32" | "f64" | "v128";

/** The constant expression for a value given as its little-endian bits, as a snapshot holds it. */
export function constExprOfBits(type: BitsType, bits: Uint8Array): ConstExpr {
  switch (type) {
    case "i32":
      return i32ConstExpr(view(bits, 4).getInt32(0, true));
    case "i64":
      return i64ConstExpr(view(bits, 8).getBigInt64(0, true));
    case "f32":
      return f32ConstExpr(bits);
    case "f64":
      return f64ConstExpr(bits);
    case "v128":
      return v128ConstExpr(bits);
  }
}

function view(bits: Uint8Array, size: number): DataView {
  const { buffer, byteOffset, byteLength } = ofSize(bits, size);
  return new DataView(buffer, byteOffset, byteLength);
}

function ofSize(bits: Uint8Array, size: number): Uint8Array {
  if (bits.length !== size) throw new RangeError(`${size} bytes wanted, ${bits.length} given`);
  return bits;
}

function expression(write: (writer: ByteWriter) => void): ConstExpr {
  const writer = new ByteWriter();
  write(writer);
  return writer.u8(Opcode.end).toBytes();
}
