/**
 * How the immediates of an instruction are laid out. The layouts of WebAssembly 3.0 (section 5.4) and of the proposals
 * that engines or tool chains already produce.
 */
export enum Immediates {
  /** No such instruction. */
  Unknown = 0,
  None,
  /** An index, or another u32: `local.get`, `call`, `br`, `memory.size`. */
  Index,
  /** Two of them: `memory.init`, `struct.get`, `call_indirect`. */
  TwoIndices,
  BlockType,
  /** `try_table`: a block type and a list of catch clauses. */
  TryTable,
  BranchTable,
  MemoryArgument,
  /** `v128.load8_lane` and its like: a memory argument and a lane. */
  MemoryArgumentAndLane,
  I32,
  I64,
  F32,
  F64,
  V128,
  Lane,
  /** `select` with a list of value types. */
  ValueTypes,
  HeapType,
  /** `br_on_cast`: flags, a label, two heap types. */
  BranchOnCast,
  /** `resume`: a continuation type and a list of handlers. */
  Resume,
  /** `resume_throw`: a continuation type, a tag and a list of handlers. */
  ResumeThrow,
  /** `atomic.fence`: a reserved zero byte. */
  Fence,
  /** Shared-everything threads: a memory ordering, then one index. */
  OrderingAndIndex,
  /** ... or two. */
  OrderingAndTwoIndices,
}

/** Instructions that passes look for. A prefixed one is its prefix, shifted by 16 bits, and its number. */
export const Opcode = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  try: 0x06,
  end: 0x0b,
  brIf: 0x0d,
  call: 0x10,
  callIndirect: 0x11,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  callRef: 0x14,
  returnCallRef: 0x15,
  delegate: 0x18,
  drop: 0x1a,
  tryTable: 0x1f,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  tableGet: 0x25,
  tableSet: 0x26,
  i32Load: 0x28,
  i32Load8U: 0x2d,
  i64Load32U: 0x35,
  i32Store: 0x36,
  i32Store8: 0x3a,
  i64Store32: 0x3e,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i64Const: 0x42,
  f32Const: 0x43,
  f64Const: 0x44,
  i32Eqz: 0x45,
  i32Eq: 0x46,
  i64Eq: 0x51,
  i64Ne: 0x52,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32Mul: 0x6c,
  i32And: 0x71,
  i64Ctz: 0x7a,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  i64Mul: 0x7e,
  i64And: 0x83,
  i32WrapI64: 0xa7,
  i64ExtendI32U: 0xad,
  refNull: 0xd0,
  refIsNull: 0xd1,
  refFunc: 0xd2,
  arrayNewData: 0xfb_0009,
  arrayNewElem: 0xfb_000a,
  arrayInitData: 0xfb_0012,
  arrayInitElem: 0xfb_0013,
  memoryInit: 0xfc_0008,
  dataDrop: 0xfc_0009,
  tableInit: 0xfc_000c,
  elemDrop: 0xfc_000d,
  v128Const: 0xfd_000c,
  firstRelaxedSimd: 0xfd_0100,
  lastRelaxedSimd: 0xfd_0113,
} as const;

/** `0x6a`, or `0xfc 0x9` for a prefixed instruction. */
export function formatOpcode(opcode: number): string {
  const hex = (value: number) => `0x${value.toString(16).padStart(2, "0")}`;
  return opcode > 0xff ? `${hex(Math.floor(opcode / 0x10000))} ${hex(opcode % 0x10000)}` : hex(opcode);
}

type Row = readonly [first: number, last: number, immediates: Immediates];

const SINGLE_BYTE: readonly Row[] = [
  [0x00, 0x01, Immediates.None],
  [0x02, 0x04, Immediates.BlockType],
  [0x05, 0x05, Immediates.None],
  // Exceptions, the legacy form (try, catch, throw, rethrow) and that of WebAssembly 3.0 (throw, throw_ref).
  [0x06, 0x06, Immediates.BlockType],
  [0x07, 0x09, Immediates.Index],
  [0x0a, 0x0b, Immediates.None],
  [0x0c, 0x0d, Immediates.Index],
  [0x0e, 0x0e, Immediates.BranchTable],
  [0x0f, 0x0f, Immediates.None],
  [0x10, 0x10, Immediates.Index],
  [0x11, 0x11, Immediates.TwoIndices],
  [0x12, 0x12, Immediates.Index],
  [0x13, 0x13, Immediates.TwoIndices],
  [0x14, 0x15, Immediates.Index],
  // Legacy exceptions: delegate, catch_all.
  [0x18, 0x18, Immediates.Index],
  [0x19, 0x1b, Immediates.None],
  [0x1c, 0x1c, Immediates.ValueTypes],
  [0x1f, 0x1f, Immediates.TryTable],
  [0x20, 0x26, Immediates.Index],
  [0x28, 0x3e, Immediates.MemoryArgument],
  [0x3f, 0x40, Immediates.Index],
  [0x41, 0x41, Immediates.I32],
  [0x42, 0x42, Immediates.I64],
  [0x43, 0x43, Immediates.F32],
  [0x44, 0x44, Immediates.F64],
  [0x45, 0xc4, Immediates.None],
  [0xd0, 0xd0, Immediates.HeapType],
  [0xd1, 0xd1, Immediates.None],
  [0xd2, 0xd2, Immediates.Index],
  [0xd3, 0xd4, Immediates.None],
  [0xd5, 0xd6, Immediates.Index],
  // Stack switching.
  [0xe0, 0xe0, Immediates.Index],
  [0xe1, 0xe1, Immediates.TwoIndices],
  [0xe2, 0xe2, Immediates.Index],
  [0xe3, 0xe3, Immediates.Resume],
  [0xe4, 0xe4, Immediates.ResumeThrow],
  [0xe5, 0xe5, Immediates.Resume],
  [0xe6, 0xe6, Immediates.TwoIndices],
];

/** Garbage collection, and custom descriptors from 0x20. */
const PREFIX_FB: readonly Row[] = [
  [0x00, 0x01, Immediates.Index],
  [0x02, 0x05, Immediates.TwoIndices],
  [0x06, 0x07, Immediates.Index],
  [0x08, 0x0a, Immediates.TwoIndices],
  [0x0b, 0x0e, Immediates.Index],
  [0x0f, 0x0f, Immediates.None],
  [0x10, 0x10, Immediates.Index],
  [0x11, 0x13, Immediates.TwoIndices],
  [0x14, 0x17, Immediates.HeapType],
  [0x18, 0x19, Immediates.BranchOnCast],
  [0x1a, 0x1e, Immediates.None],
  [0x20, 0x21, Immediates.Index],
  [0x22, 0x24, Immediates.HeapType],
  [0x25, 0x26, Immediates.BranchOnCast],
];

/** Saturating conversions, bulk memory, tables, memory.discard (0x12), wide arithmetic (from 0x13). */
const PREFIX_FC: readonly Row[] = [
  [0x00, 0x07, Immediates.None],
  [0x08, 0x08, Immediates.TwoIndices],
  [0x09, 0x09, Immediates.Index],
  [0x0a, 0x0a, Immediates.TwoIndices],
  [0x0b, 0x0b, Immediates.Index],
  [0x0c, 0x0c, Immediates.TwoIndices],
  [0x0d, 0x0d, Immediates.Index],
  [0x0e, 0x0e, Immediates.TwoIndices],
  [0x0f, 0x12, Immediates.Index],
  [0x13, 0x16, Immediates.None],
];

/** Vectors, and relaxed SIMD from 0x100. */
const PREFIX_FD: readonly Row[] = [
  [0x00, 0x0b, Immediates.MemoryArgument],
  // v128.const and i8x16.shuffle: 16 bytes.
  [0x0c, 0x0d, Immediates.V128],
  [0x0e, 0x14, Immediates.None],
  [0x15, 0x22, Immediates.Lane],
  [0x23, 0x53, Immediates.None],
  [0x54, 0x5b, Immediates.MemoryArgumentAndLane],
  [0x5c, 0x5d, Immediates.MemoryArgument],
  [0x5e, 0x99, Immediates.None],
  [0x9b, 0xa1, Immediates.None],
  [0xa3, 0xa4, Immediates.None],
  [0xa7, 0xae, Immediates.None],
  [0xb1, 0xb1, Immediates.None],
  [0xb5, 0xba, Immediates.None],
  [0xbc, 0xc1, Immediates.None],
  [0xc3, 0xc4, Immediates.None],
  [0xc7, 0xce, Immediates.None],
  [0xd1, 0xd1, Immediates.None],
  [0xd5, 0xe1, Immediates.None],
  [0xe3, 0xed, Immediates.None],
  [0xef, 0x113, Immediates.None],
];

/** Threads, and shared-everything threads from 0x4f. */
const PREFIX_FE: readonly Row[] = [
  [0x00, 0x02, Immediates.MemoryArgument],
  [0x03, 0x03, Immediates.Fence],
  [0x10, 0x4e, Immediates.MemoryArgument],
  [0x4f, 0x5b, Immediates.OrderingAndIndex],
  [0x5c, 0x66, Immediates.OrderingAndTwoIndices],
  [0x67, 0x71, Immediates.OrderingAndIndex],
  [0x72, 0x72, Immediates.None],
];

function table(rows: readonly Row[], size: number): Uint8Array {
  const immediates = new Uint8Array(size);
  for (const [first, last, kind] of rows) immediates.fill(kind, first, last + 1);
  return immediates;
}

/** By opcode. */
export const singleByteOpcodes = table(SINGLE_BYTE, 0x100);

const NONE = new Uint8Array();

/** By prefix - 0xfb, then by number. */
const prefixed = [table(PREFIX_FB, 0x27), table(PREFIX_FC, 0x17), table(PREFIX_FD, 0x114), table(PREFIX_FE, 0x73)];

/** The instructions of a prefix by number, or nothing when `byte` is no prefix. */
export function prefixedOpcodes(byte: number): Uint8Array | undefined {
  return byte >= 0xfb && byte <= 0xfe ? (prefixed[byte - 0xfb] ?? NONE) : undefined;
}
