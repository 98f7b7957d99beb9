import type { ConstExpr } from "../../binary/const-expr.js";
import { Opcode } from "../../binary/opcodes.js";
import { ByteReader } from "../../binary/reader.js";
import { ByteWriter } from "../../binary/writer.js";
import type { FunctionBody } from "../code.js";
import type { Numbering } from "./numbering.js";
import type { IndexSpace } from "./operands.js";
import { EXPLICIT_MEMORY, type ReferenceVisitor, ReferenceWalker } from "./references.js";

/** Valid for a function of any type: no locals, `unreachable`. */
export const emptyBody: FunctionBody = Uint8Array.of(0, Opcode.unreachable, Opcode.end);

/** @param reader - over exactly the body */
export function renumberBody(body: FunctionBody, reader: ByteReader, numbering: Numbering): FunctionBody {
  const rewriter = new Rewriter(reader, numbering);
  new ReferenceWalker(reader, rewriter).body();
  return rewriter.result ?? body;
}

export function renumberExpression(expr: ConstExpr, numbering: Numbering): ConstExpr {
  const reader = new ByteReader(expr);
  const rewriter = new Rewriter(reader, numbering);
  new ReferenceWalker(reader, rewriter).expression();
  return rewriter.result ?? expr;
}

/** Copies a range, with other indices where they change. All else stays byte for byte. */
class Rewriter implements ReferenceVisitor {
  private writer: ByteWriter | undefined;
  private copied: number;

  constructor(
    private readonly reader: ByteReader,
    private readonly numbering: Numbering,
  ) {
    this.copied = reader.position;
  }

  /** `undefined` when nothing changed. Ask when all is read. */
  get result(): Uint8Array | undefined {
    const { writer, reader } = this;
    return writer?.bytes(reader.bytes.subarray(this.copied, reader.end)).toBytes();
  }

  index(space: IndexSpace, index: number, start: number): void {
    const renumbered = this.numbering.of(space, index);
    if (renumbered !== index) this.replace(start).u32(renumbered);
  }

  typeIndex(index: number, start: number): void {
    const renumbered = this.numbering.of("type", index);
    if (renumbered !== index) this.replace(start).s33(renumbered);
  }

  memoryArgument(flags: number, memory: number, start: number): void {
    const renumbered = this.numbering.of("memory", memory);
    if (renumbered === memory) return;
    const alignment = flags & ~EXPLICIT_MEMORY;
    if (renumbered === 0) this.replace(start).u32(alignment);
    else
      this.replace(start)
        .u32(alignment | EXPLICIT_MEMORY)
        .u32(renumbered);
  }

  /** What was read since `start` gives way to what is written next. */
  private replace(start: number): ByteWriter {
    const writer = (this.writer ??= new ByteWriter());
    writer.bytes(this.reader.bytes.subarray(this.copied, start));
    this.copied = this.reader.position;
    return writer;
  }
}
