import { describe, expect, it } from "vitest";
import { bytes, makeHost, text, thrown, U64_MAX } from "./support.js";

const MIB = 1024 * 1024;
const CLOSED = { tag: "closed" };

function stdin(content: string | Uint8Array) {
  const host = makeHost({ stdin: typeof content === "string" ? bytes(content) : content });
  return host.imports["wasi:cli/stdin"].getStdin();
}

function stdout() {
  const chunks: Uint8Array[] = [];
  const { imports } = makeHost({ onOutput: (_, chunk) => chunks.push(chunk) });
  return { stream: imports["wasi:cli/stdout"].getStdout(), chunks, imports };
}

describe("an input-stream", () => {
  it("reads on, then is closed", () => {
    const stream = stdin("hello");
    expect(text(stream.read(2n))).toBe("he");
    expect(text(stream.blockingRead(100n))).toBe("llo");
    expect(thrown(() => stream.read(1n))).toEqual(CLOSED);
    expect(thrown(() => stream.blockingRead(1n))).toEqual(CLOSED);
    expect(thrown(() => stream.read(0n))).toEqual(CLOSED);
  });

  it("skips", () => {
    const stream = stdin("hello");
    expect(stream.skip(3n)).toBe(3n);
    expect(stream.blockingSkip(100n)).toBe(2n);
    expect(thrown(() => stream.skip(1n))).toEqual(CLOSED);
  });

  it("reads nothing when asked for nothing", () => {
    const stream = stdin("");
    expect(stream.read(0n)).toHaveLength(0);
    expect(thrown(() => stream.read(1n))).toEqual(CLOSED);
  });

  it("caps what one call gives, however much is asked for", () => {
    const stream = stdin(new Uint8Array(MIB + 5));
    expect(stream.read(U64_MAX)).toHaveLength(MIB);
    expect(stream.skip(U64_MAX)).toBe(5n);
    expect(thrown(() => stream.blockingSkip(U64_MAX))).toEqual(CLOSED);
  });

  it("is always ready", () => {
    const stream = stdin("");
    expect(stream.subscribe().ready()).toBe(true);
    stream.subscribe().block();
  });

  it("goes on where another handle to stdin has stopped", () => {
    const { getStdin } = makeHost({ stdin: bytes("abc") }).imports["wasi:cli/stdin"];
    expect(text(getStdin().read(1n))).toBe("a");
    expect(text(getStdin().read(9n))).toBe("bc");
  });
});

describe("an output-stream", () => {
  it("passes on copies of what is written", () => {
    const { stream, chunks } = stdout();
    const memory = bytes("one");
    stream.write(memory);
    memory.fill(0);
    stream.blockingWriteAndFlush(bytes("two"));
    stream.flush();
    stream.blockingFlush();
    stream.write(new Uint8Array());
    expect(chunks.map(text)).toEqual(["one", "two"]);
  });

  it("writes zeroes", () => {
    const { stream, chunks } = stdout();
    stream.writeZeroes(3n);
    stream.blockingWriteZeroesAndFlush(2n);
    expect(chunks).toEqual([new Uint8Array(3), new Uint8Array(2)]);
  });

  it("takes as much as check-write permits and traps on more", () => {
    const { stream, chunks } = stdout();
    const permit = stream.checkWrite();
    expect(permit).toBe(BigInt(MIB));
    stream.write(new Uint8Array(MIB));
    stream.writeZeroes(permit);
    const excess = [
      () => stream.write(new Uint8Array(MIB + 1)),
      () => stream.writeZeroes(permit + 1n),
      () => stream.writeZeroes(U64_MAX),
      () => stream.blockingWriteAndFlush(new Uint8Array(4097)),
      () => stream.blockingWriteZeroesAndFlush(4097n),
      () => stream.blockingWriteZeroesAndFlush(U64_MAX),
    ];
    for (const call of excess) expect(thrown(call)).toBeInstanceOf(WebAssembly.RuntimeError);
    expect(chunks.map((chunk) => chunk.length)).toEqual([MIB, MIB]);
  });

  it("splices", () => {
    const { stream, chunks } = stdout();
    const source = stdin("hello");
    expect(stream.splice(source, 2n)).toBe(2n);
    expect(stream.splice(source, 0n)).toBe(0n);
    expect(stream.blockingSplice(source, U64_MAX)).toBe(3n);
    expect(thrown(() => stream.splice(source, 1n))).toEqual(CLOSED);
    expect(chunks.map(text)).toEqual(["he", "llo"]);
  });

  it("is always ready", () => {
    expect(stdout().stream.subscribe().ready()).toBe(true);
  });
});

describe("the classes", () => {
  it("are those that the imports name, which the glue checks", () => {
    const { stream, imports } = stdout();
    expect(stream).toBeInstanceOf(imports["wasi:io/streams"].OutputStream);
    expect(imports["wasi:cli/stdin"].getStdin()).toBeInstanceOf(imports["wasi:io/streams"].InputStream);
    expect(stream.subscribe()).toBeInstanceOf(imports["wasi:io/poll"].Pollable);
  });
});
