import { ComponentInitError } from "../errors.js";
import { formatOpcode, Immediates, Opcode, prefixedOpcodes, singleByteOpcodes } from "./opcodes.js";
import { type ByteReader, formatOffset } from "./reader.js";

/** Says that an instruction has no such immediate. */
export const NO_INDEX = -1;

/**
 * An instruction that the scanner stepped over. The scanner reuses one object for all of a body's instructions (a
 * module has millions): copy what must outlive the visit.
 */
export interface Instruction {
  /** Compare with {@link Opcode}. */
  readonly opcode: number;
  /** Position of its first byte, in the reader's bytes. */
  readonly start: number;
  /**
   * The first index or u32: of `call` the function, of `memory.init` the data segment, of `call_indirect` the type, of
   * a load or store the memory; {@link NO_INDEX} when there is none.
   */
  readonly index: number;
  /** The second: of `memory.init` the memory, of `call_indirect` the table. */
  readonly secondIndex: number;
}

export type InstructionVisitor = (instruction: Instruction) => void;

/** Steps over instructions, opcode and immediates. Knows every one of WebAssembly 3.0 and of the usual proposals. */
export class InstructionScanner implements Instruction {
  opcode = 0;
  start = 0;
  index = NO_INDEX;
  secondIndex = NO_INDEX;

  constructor(readonly reader: ByteReader) {}

  /** Steps over the next instruction, which the scanner's own fields then describe. */
  next(): void {
    const { reader } = this;
    this.start = reader.position;
    this.index = NO_INDEX;
    this.secondIndex = NO_INDEX;
    const byte = reader.u8();
    const prefixed = prefixedOpcodes(byte);
    if (prefixed === undefined) {
      this.opcode = byte;
      this.skipImmediates(singleByteOpcodes[byte] as Immediates);
    } else {
      const number = reader.u32("instruction number");
      // Numbers stay below 0x114, so the limit changes only those that no instruction has.
      this.opcode = byte * 0x10000 + Math.min(number, 0xffff);
      this.skipImmediates(prefixed[number] ?? Immediates.Unknown);
    }
  }

  private skipImmediates(kind: Immediates): void {
    const { reader } = this;
    switch (kind) {
      case Immediates.None:
        return;
      case Immediates.Index:
        this.index = reader.u32();
        return;
      case Immediates.TwoIndices:
        this.index = reader.u32();
        this.secondIndex = reader.u32();
        return;
      case Immediates.MemoryArgument:
        this.skipMemoryArgument();
        return;
      case Immediates.MemoryArgumentAndLane:
        this.skipMemoryArgument();
        reader.u8();
        return;
      case Immediates.I32:
        reader.skipLeb(32);
        return;
      case Immediates.I64:
        reader.skipLeb(64);
        return;
      case Immediates.F32:
        reader.skip(4);
        return;
      case Immediates.F64:
        reader.skip(8);
        return;
      case Immediates.V128:
        reader.skip(16);
        return;
      case Immediates.Lane:
        reader.u8();
        return;
      case Immediates.BlockType:
        skipBlockType(reader);
        return;
      case Immediates.BranchTable:
        skipBranchTable(reader);
        return;
      case Immediates.TryTable:
        skipBlockType(reader);
        skipCatches(reader);
        return;
      case Immediates.ValueTypes:
        skipValueTypes(reader);
        return;
      case Immediates.HeapType:
        skipHeapType(reader);
        return;
      case Immediates.BranchOnCast:
        this.skipBranchOnCast();
        return;
      case Immediates.Resume:
        this.index = reader.u32();
        skipHandlers(reader);
        return;
      case Immediates.ResumeThrow:
        this.index = reader.u32();
        this.secondIndex = reader.u32();
        skipHandlers(reader);
        return;
      case Immediates.Fence:
        if (reader.u8() !== 0) reader.fail("reserved byte of atomic.fence is not zero", reader.position - 1);
        return;
      case Immediates.OrderingAndIndex:
        skipOrdering(reader);
        this.index = reader.u32();
        return;
      case Immediates.OrderingAndTwoIndices:
        skipOrdering(reader);
        this.index = reader.u32();
        this.secondIndex = reader.u32();
        return;
      case Immediates.Unknown:
        this.failUnknown();
    }
  }

  /** `memarg`: bit 6 of the alignment says that a memory index follows (multi-memory); the offset has up to 64 bits. */
  private skipMemoryArgument(): void {
    const { reader } = this;
    const start = reader.position;
    const flags = reader.u32("alignment");
    if (flags >= 0x80) reader.fail("alignment of a memory instruction is too large", start);
    this.index = flags & 0x40 ? reader.u32("memory index") : 0;
    reader.skipLeb(64);
  }

  private skipBranchOnCast(): void {
    const { reader } = this;
    if (reader.u8() > 3) reader.fail("unknown cast flags", reader.position - 1);
    this.index = reader.u32("label");
    skipHeapType(reader);
    skipHeapType(reader);
  }

  /** Not `malformed`: it may well be an instruction of a proposal younger than this scanner. */
  private failUnknown(): never {
    const offset = formatOffset(this.reader.base + this.start);
    throw new ComponentInitError("unsupported", `unknown instruction ${formatOpcode(this.opcode)} at offset ${offset}`);
  }
}

function skipBlockType(reader: ByteReader): void {
  const byte = reader.peek();
  // A type index is a non-negative s33; every other block type is one byte (0x40), or a value type.
  if (byte < 0x40 || byte >= 0x80) {
    const start = reader.position;
    if (reader.s33() < 0) reader.fail("malformed block type", start);
  } else if (byte === 0x40) {
    reader.u8();
  } else {
    skipValueType(reader);
  }
}

function skipValueType(reader: ByteReader): void {
  const start = reader.position;
  const byte = reader.u8();
  if (byte === 0x63 || byte === 0x64) {
    skipHeapType(reader);
  } else if (byte === 0x65) {
    skipAbstractHeapType(reader, reader.u8(), start);
  } else if (byte < 0x7b || byte > 0x7f) {
    skipAbstractHeapType(reader, byte, start);
  }
}

/** `heaptype` is an s33: a type index when not negative, else the one byte of an abstract heap type. */
function skipHeapType(reader: ByteReader): void {
  const byte = reader.peek();
  const start = reader.position;
  if (byte < 0x40 || byte >= 0x80) {
    if (reader.s33() < 0) reader.fail("malformed heap type", start);
    return;
  }
  reader.u8();
  // Shared-everything threads: `shared` and an abstract heap type. Custom descriptors: `exact` and a type index.
  if (byte === 0x65) skipAbstractHeapType(reader, reader.u8(), start);
  else if (byte === 0x62) reader.u32("type index");
  else skipAbstractHeapType(reader, byte, start);
}

function skipAbstractHeapType(reader: ByteReader, byte: number, start: number): void {
  if (byte < 0x68 || byte > 0x75) reader.fail(`unknown type 0x${byte.toString(16)}`, start);
}

function skipValueTypes(reader: ByteReader): void {
  const count = reader.count("types of select");
  for (let i = 0; i < count; i++) skipValueType(reader);
}

function skipBranchTable(reader: ByteReader): void {
  const count = reader.count("labels of br_table");
  for (let i = 0; i <= count; i++) reader.u32("label");
}

function skipCatches(reader: ByteReader): void {
  const count = reader.count("catch clauses");
  for (let i = 0; i < count; i++) {
    const kind = reader.u8();
    if (kind > 3) reader.fail(`unknown catch clause 0x${kind.toString(16)}`, reader.position - 1);
    if (kind < 2) reader.u32("tag index");
    reader.u32("label");
  }
}

/** Stack switching: `(on $tag $label)` or `(on $tag switch)`. */
function skipHandlers(reader: ByteReader): void {
  const count = reader.count("handlers");
  for (let i = 0; i < count; i++) {
    const kind = reader.u8();
    if (kind > 1) reader.fail(`unknown handler 0x${kind.toString(16)}`, reader.position - 1);
    reader.u32("tag index");
    if (kind === 0) reader.u32("label");
  }
}

function skipOrdering(reader: ByteReader): void {
  const start = reader.position;
  if (reader.u32("memory ordering") > 1) reader.fail("unknown memory ordering", start);
}

/**
 * Steps over instructions up to and including the `end` that closes what was open at the reader's position: a function
 * body after its locals, or a constant expression.
 */
export function scanExpression(reader: ByteReader, visit: InstructionVisitor = ignore): void {
  const scanner = new InstructionScanner(reader);
  for (let depth = 1; depth > 0; ) {
    scanner.next();
    depth += nesting(scanner.opcode);
    visit(scanner);
  }
}

function ignore(): void {}

/** How many `end`s more, or fewer, must follow after an instruction. */
function nesting(opcode: number): number {
  switch (opcode) {
    case Opcode.block:
    case Opcode.loop:
    case Opcode.if:
    case Opcode.try:
    case Opcode.tryTable:
      return 1;
    case Opcode.end:
    // Legacy exceptions: `delegate` closes its `try` itself.
    case Opcode.delegate:
      return -1;
    default:
      return 0;
  }
}

/**
 * Visits each instruction of a function body.
 *
 * @param reader - over exactly one body: its locals, its instructions, their `end`
 */
export function scanFunctionBody(reader: ByteReader, visit: InstructionVisitor = ignore): void {
  skipLocals(reader);
  scanExpression(reader, visit);
  reader.expectEnd("function body");
}

export function skipLocals(reader: ByteReader): void {
  const groups = reader.count("groups of locals");
  for (let i = 0; i < groups; i++) {
    reader.u32("number of locals");
    skipValueType(reader);
  }
}
