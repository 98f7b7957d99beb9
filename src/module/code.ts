import { ByteReader } from "../binary/reader.js";
import type { ByteWriter } from "../binary/writer.js";
import type { SectionCodec } from "./section.js";

/** A function body without its size: locals, instructions, `end`. */
export type FunctionBody = Uint8Array;

export const codeSection: SectionCodec<readonly FunctionBody[]> = {
  name: "code",
  absent: Object.freeze([]),
  isEmpty: (bodies) => bodies.length === 0,
  decode: (reader) => Object.freeze(reader.vec("function bodies", decodeBody)),
  encode: encodeBodies,
};

function decodeBody(reader: ByteReader): FunctionBody {
  return reader.take(reader.u32("size of function body"), "function body");
}

/**
 * Bodies that follow each other in the input, sizes included, are written as one range: replacing a few bodies of a
 * large module copies nothing of the others.
 */
function encodeBodies(bodies: readonly FunctionBody[], writer: ByteWriter): void {
  writer.u32(bodies.length);
  for (let first = 0; first < bodies.length; ) {
    let last = first;
    while (last + 1 < bodies.length && follows(bodies[last] as FunctionBody, bodies[last + 1] as FunctionBody)) last++;
    encodeRun(bodies[first] as FunctionBody, bodies[last] as FunctionBody, writer);
    first = last + 1;
  }
}

function encodeRun(first: FunctionBody, last: FunctionBody, writer: ByteWriter): void {
  writer.u32(first.length);
  if (first === last) {
    writer.bytes(first);
    return;
  }
  const length = last.byteOffset + last.length - first.byteOffset;
  writer.bytes(new Uint8Array(first.buffer, first.byteOffset, length));
}

/** Whether between two ranges of one buffer there is the size of the second and nothing else. */
function follows(before: FunctionBody, body: FunctionBody): boolean {
  const start = before.byteOffset + before.length;
  const gap = body.byteOffset - start;
  if (before.buffer !== body.buffer || gap < 1 || gap > 5) return false;
  const prefix = new Uint8Array(body.buffer, start, gap);
  // An unfinished integer is no size; otherwise it is at most 5 bytes and the reader cannot fail.
  if ((prefix[gap - 1] as number) >= 0x80) return false;
  const reader = new ByteReader(prefix);
  return gap === 5 && (prefix[4] as number) > 0x0f ? false : reader.u32() === body.length && reader.done;
}
