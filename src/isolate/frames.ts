import { writeSync } from "node:fs";
import { deserialize, serialize } from "node:v8";

const HEADER = 4;

/** How long to wait for a reader that is behind, in milliseconds. */
const PAUSE = 2;
const never = new Int32Array(new SharedArrayBuffer(4));

/** Writes everything before it returns: a guest that runs gives Node no time to write later. */
export function writeAllSync(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Nobody reads any more.
      if (code === "EPIPE") return;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(never, 0, 0, PAUSE);
    }
  }
}

/** A message with its length before it. */
export function writeFrame(descriptor: number, message: unknown): void {
  const bytes = serialize(message);
  const header = Buffer.alloc(HEADER);
  header.writeUInt32LE(bytes.length);
  writeAllSync(descriptor, header);
  writeAllSync(descriptor, bytes);
}

/** The messages that `writeFrame` has written. A last one that is incomplete is left out. */
export async function* readFrames(stream: AsyncIterable<Buffer>): AsyncGenerator<unknown> {
  let chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    length += chunk.length;
    for (;;) {
      const wanted = length < HEADER ? HEADER : HEADER + peekLength(chunks);
      if (length < wanted) break;
      const all = Buffer.concat(chunks, length);
      yield deserialize(all.subarray(HEADER, wanted));
      const rest = all.subarray(wanted);
      chunks = rest.length === 0 ? [] : [rest];
      length = rest.length;
    }
  }
}

function peekLength([first = Buffer.alloc(0), ...more]: readonly Buffer[]): number {
  return (first.length >= HEADER ? first : Buffer.concat([first, ...more])).readUInt32LE(0);
}
