import { describe, expect, it } from "vitest";
import { ByteReader } from "../../src/binary/reader.js";
import { ByteWriter } from "../../src/binary/writer.js";

function reader(...bytes: number[]): ByteReader {
  return new ByteReader(new Uint8Array(bytes), 0, bytes.length, 0x100);
}

const written = (write: (writer: ByteWriter) => void) => {
  const writer = new ByteWriter();
  write(writer);
  return writer.toBytes();
};

describe("integers come back", () => {
  it.each([0, 1, 127, 128, 0x3fff, 0x4000, 2 ** 31, 2 ** 32 - 1])("u32 %i", (value) => {
    expect(new ByteReader(written((writer) => writer.u32(value))).u32()).toBe(value);
  });

  it.each([0, 1, -1, 63, 64, -64, -65, 8191, 8192, 2 ** 31 - 1, -(2 ** 31)])("s32 and s33 %i", (value) => {
    const bytes = written((writer) => writer.s32(value));
    expect(new ByteReader(bytes).s32()).toBe(value);
    expect(new ByteReader(bytes).s33()).toBe(value);
  });

  it.each([2 ** 31, 2 ** 32 - 1, -(2 ** 31) - 1, -(2 ** 32)])("s33 %i, which is no s32", (value) => {
    const bytes = written((writer) => writer.s33(value));
    expect(new ByteReader(bytes).s33()).toBe(value);
    expect(() => new ByteReader(bytes).s32()).toThrow("does not fit 32 bits");
  });

  it.each([0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)])("s64 %i", (value) => {
    expect(new ByteReader(written((writer) => writer.s64(value))).s64()).toBe(value);
  });
});

describe("integers that are longer than they need to be", () => {
  it("are read up to the length of their type", () => {
    expect(reader(0x80, 0x80, 0x80, 0x80, 0x00).u32()).toBe(0);
    expect(reader(0xff, 0xff, 0xff, 0xff, 0x7f).s32()).toBe(-1);
    expect(reader(0x81, 0x80, 0x80, 0x80, 0x00).s33()).toBe(1);
    expect(reader(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f).s64()).toBe(-1n);
  });

  it.each<[string, (reader: ByteReader) => unknown, number[]]>([
    ["u32", (r) => r.u32(), [0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
    ["u32, by bits", (r) => r.u32(), [0xff, 0xff, 0xff, 0xff, 0x1f]],
    ["s32", (r) => r.s32(), [0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
    ["s32, by bits", (r) => r.s32(), [0xff, 0xff, 0xff, 0xff, 0x0f]],
    ["s33, by bits", (r) => r.s33(), [0xff, 0xff, 0xff, 0xff, 0x1f]],
    ["s64", (r) => r.s64(), [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
    ["skipped", (r) => r.skipLeb(32), [0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
  ])("are an error beyond: %s", (_, read, bytes) => {
    expect(() => read(reader(...bytes))).toThrow(/does not fit (32|33|64) bits at offset 0x100$/);
  });
});

it("skips to the same place as it reads to", () => {
  for (const value of [0, 63, 64, -65, 2 ** 31 - 1, -(2 ** 31)]) {
    const bytes = written((writer) => writer.s32(value));
    const skipping = new ByteReader(bytes);
    skipping.skipLeb(32);
    expect(skipping.position).toBe(bytes.length);
  }
});

it("does not skip beyond its end", () => {
  const part = new ByteReader(new Uint8Array(8), 2, 4);
  expect(() => part.skip(3, "part")).toThrow("part: 3 bytes wanted, 2 left, at offset 0x2");
  part.skip(2);
  expect(part.done).toBe(true);
});

describe("names come back", () => {
  const long = (length: number) => "n".repeat(length);
  it.each(["", "malloc", "é", "a\u{10000}z", "\u0080", long(127), long(128), `${long(126)}é`, long(5000)])(
    "%s",
    (text) => {
      const bytes = written((writer) => writer.u8(7).name(text).u8(8));
      const encoded = new TextEncoder().encode(text);
      expect([...bytes.subarray(-1 - encoded.length)]).toEqual([...encoded, 8]);
      const read = new ByteReader(bytes, 1);
      expect([read.name(), read.u8(), read.done]).toEqual([text, 8, true]);
    },
  );

  it("after the start of the buffer that they are in", () => {
    const buffer = Uint8Array.of(0xff, 0xff, 2, 0x61, 0x62, 0xff);
    expect(new ByteReader(buffer.subarray(2, 5)).name()).toBe("ab");
  });
});
