import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, expect, test } from "vitest";
import { readFrames, writeFrame } from "../../src/isolate/frames.js";

const directory = mkdtempSync(join(tmpdir(), "component-init-frames-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const MESSAGES = [{ a: 1n, b: "é" }, new Uint8Array(100_000).fill(7), null, [[]]];

function written(): Buffer {
  const path = join(directory, "frames");
  const file = openSync(path, "w");
  for (const message of MESSAGES) writeFrame(file, message);
  closeSync(file);
  return readFileSync(path);
}

async function read(bytes: Buffer, size: number): Promise<unknown[]> {
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
  return Array.fromAsync(readFrames(Readable.from(pieces, { objectMode: true })));
}

test.each([1, 3, 1000, 65_536, 10_000_000])("messages arrive in pieces of %d bytes", async (size) => {
  const bytes = written();
  // Single bytes of the large one would take long.
  const some = size < 1000 ? bytes.subarray(0, 60) : bytes;
  const expected = size < 1000 ? MESSAGES.slice(0, 1) : MESSAGES;
  expect(await read(some, size)).toEqual(expected);
});

test("the last one is left out when it is cut", async () => {
  expect(await read(written().subarray(0, -1), 1000)).toEqual(MESSAGES.slice(0, -1));
});
