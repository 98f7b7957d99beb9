import { formatOpcode, Immediates, prefixedOpcodes, singleByteOpcodes } from "../../binary/opcodes.js";
import { type ByteReader, formatOffset } from "../../binary/reader.js";
import { ComponentInitError } from "../../errors.js";
import { type IndexSpace, type Operand, type Operands, operandsOf } from "./operands.js";

/** Is told of each reference right after it was read: it ends at the reader's position. */
export interface ReferenceVisitor {
  /** An index as u32. */
  index(space: IndexSpace, index: number, start: number): void;
  /** A type index as s33: a heap type or a block type. */
  typeIndex(index: number, start: number): void;
  /** Alignment and memory index of a memory argument; the index is there only if bit 6 of `flags` is set. */
  memoryArgument(flags: number, memory: number, start: number): void;
}

/** Bit 6 of a memory argument's alignment: a memory index follows (core specification 5.4). */
export const EXPLICIT_MEMORY = 0x40;

/**
 * Finds all references to items of the module in a function body or a constant expression. That marking and renumbering
 * share it is what makes sure that there is no reference which only one of them knows.
 */
export class ReferenceWalker {
  private current = 0;
  private start = 0;

  constructor(
    readonly reader: ByteReader,
    private readonly visitor: ReferenceVisitor,
  ) {}

  /** The instruction that is being read. */
  get opcode(): number {
    return this.current;
  }

  /** @param reader - over exactly one body */
  body(): void {
    const groups = this.reader.count("groups of locals");
    for (let i = 0; i < groups; i++) {
      this.reader.u32("number of locals");
      this.valueType();
    }
    this.expression();
  }

  /** Instructions up to the end of the reader's range. */
  expression(): void {
    while (!this.reader.done) this.instruction();
  }

  private instruction(): void {
    const { reader } = this;
    this.start = reader.position;
    const byte = reader.u8();
    const numbers = prefixedOpcodes(byte);
    if (numbers === undefined) {
      this.current = byte;
      this.immediates(singleByteOpcodes[byte] as Immediates);
    } else {
      const number = reader.u32("instruction number");
      this.current = byte * 0x10000 + Math.min(number, 0xffff);
      this.immediates(numbers[number] ?? Immediates.Unknown);
    }
  }

  private immediates(kind: Immediates): void {
    const { reader } = this;
    switch (kind) {
      case Immediates.None:
        return;
      case Immediates.Index:
        this.index(this.operands()[0]);
        return;
      case Immediates.TwoIndices:
        this.twoIndices();
        return;
      case Immediates.MemoryArgument:
        this.memoryArgument();
        return;
      case Immediates.MemoryArgumentAndLane:
        this.memoryArgument();
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
      case Immediates.Fence:
        reader.u8();
        return;
      case Immediates.BlockType:
        this.blockType();
        return;
      case Immediates.BranchTable:
        this.branchTable();
        return;
      case Immediates.TryTable:
        this.blockType();
        this.catches();
        return;
      case Immediates.ValueTypes:
        this.valueTypes();
        return;
      case Immediates.HeapType:
        if (isCustomDescriptor(this.opcode)) this.failUnknown();
        this.heapType();
        return;
      case Immediates.BranchOnCast:
        if (isCustomDescriptor(this.opcode)) this.failUnknown();
        reader.u8();
        reader.u32("label");
        this.heapType();
        this.heapType();
        return;
      case Immediates.Resume:
        this.index(this.operands()[0]);
        this.handlers();
        return;
      case Immediates.ResumeThrow:
        this.twoIndices();
        this.handlers();
        return;
      case Immediates.OrderingAndIndex:
        reader.u32("memory ordering");
        this.index(this.operands()[0]);
        return;
      case Immediates.OrderingAndTwoIndices:
        reader.u32("memory ordering");
        this.twoIndices();
        return;
      default:
        this.failUnknown();
    }
  }

  private operands(): Operands {
    return operandsOf(this.opcode) ?? this.failUnknown();
  }

  private twoIndices(): void {
    const [first, second] = this.operands();
    this.index(first);
    this.index(second);
  }

  private index(operand: Operand): void {
    const start = this.reader.position;
    const index = this.reader.u32("index");
    if (operand !== "inner") this.visitor.index(operand, index, start);
  }

  private memoryArgument(): void {
    const { reader } = this;
    const start = reader.position;
    const flags = reader.u32("alignment");
    if (flags >= 0x80) reader.fail("alignment of a memory instruction is too large", start);
    this.visitor.memoryArgument(flags, flags & EXPLICIT_MEMORY ? reader.u32("memory index") : 0, start);
    reader.skipLeb(64);
  }

  /** A type index is a non-negative s33; every other block type is one byte (0x40), or a value type. */
  private blockType(): void {
    const byte = this.reader.peek();
    if (byte < 0x40 || byte >= 0x80) this.s33TypeIndex();
    else if (byte === 0x40) this.reader.u8();
    else this.valueType();
  }

  private valueTypes(): void {
    const count = this.reader.count("types of select");
    for (let i = 0; i < count; i++) this.valueType();
  }

  private valueType(): void {
    const { reader } = this;
    const byte = reader.peek();
    if (byte >= 0x7b && byte <= 0x7f) {
      reader.u8();
    } else if (byte === 0x63 || byte === 0x64) {
      reader.u8();
      this.heapType();
    } else {
      this.abstractHeapType();
    }
  }

  private heapType(): void {
    const { reader } = this;
    const byte = reader.peek();
    if (byte < 0x40 || byte >= 0x80) {
      this.s33TypeIndex();
    } else if (byte === 0x62) {
      // Custom descriptors: `exact` and a type index, which here is a u32.
      reader.u8();
      this.index("type");
    } else {
      this.abstractHeapType();
    }
  }

  private s33TypeIndex(): void {
    const { reader } = this;
    const start = reader.position;
    const index = reader.s33();
    if (index < 0) reader.fail("malformed type", start);
    this.visitor.typeIndex(index, start);
  }

  private abstractHeapType(): void {
    const { reader } = this;
    const start = reader.position;
    let byte = reader.u8();
    // Shared-everything threads.
    if (byte === 0x65) byte = reader.u8();
    if (byte < 0x68 || byte > 0x75) reader.fail(`unknown type 0x${byte.toString(16)}`, start);
  }

  private branchTable(): void {
    const count = this.reader.count("labels of br_table");
    for (let i = 0; i <= count; i++) this.reader.u32("label");
  }

  private catches(): void {
    const { reader } = this;
    const count = reader.count("catch clauses");
    for (let i = 0; i < count; i++) {
      const kind = reader.u8();
      if (kind > 3) reader.fail(`unknown catch clause 0x${kind.toString(16)}`, reader.position - 1);
      if (kind < 2) this.index("tag");
      reader.u32("label");
    }
  }

  /** Stack switching: `(on $tag $label)` or `(on $tag switch)`. */
  private handlers(): void {
    const { reader } = this;
    const count = reader.count("handlers");
    for (let i = 0; i < count; i++) {
      const kind = reader.u8();
      if (kind > 1) reader.fail(`unknown handler 0x${kind.toString(16)}`, reader.position - 1);
      this.index("tag");
      if (kind === 0) reader.u32("label");
    }
  }

  private failUnknown(): never {
    const offset = formatOffset(this.reader.base + this.start);
    throw new ComponentInitError("unsupported", `unknown instruction ${formatOpcode(this.opcode)} at offset ${offset}`);
  }
}

/** Their types are not supported either, and what their indices count is still changing. */
function isCustomDescriptor(opcode: number): boolean {
  return opcode >= 0xfb_0020 && opcode <= 0xfb_0026;
}
