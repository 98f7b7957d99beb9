import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeHost, scratch, thrown } from "./support.js";

describe("live handles", () => {
  it("have a stack as long as there are not too many of them at once", () => {
    const { imports, liveHandles } = makeHost();
    const make = () => imports["wasi:clocks/monotonic-clock"].subscribeDuration(1n);
    const made = Array.from({ length: 10_001 }, make);
    const [first, ...others] = liveHandles();
    expect([first?.stack === "", others.at(-1)?.stack]).toEqual([false, ""]);
    made[0]?.[Symbol.dispose]();
    made[1]?.[Symbol.dispose]();
    make();
    expect(liveHandles().at(-1)?.stack).not.toBe("");
  });

  it("are none before the guest asks for any", () => {
    expect(makeHost({ preopens: [{ host: scratch(), guest: "/" }] }).liveHandles()).toEqual([]);
  });

  it("name type, interface, creator and what they stand for, oldest first", () => {
    const dir = scratch();
    mkdirSync(join(dir, "sub"));
    writeFileSync(join(dir, "sub", "file"), "x");
    const { imports, liveHandles } = makeHost({ preopens: [{ host: dir, guest: "/app" }] });
    const root = imports["wasi:filesystem/preopens"].getDirectories()[0]?.[0];
    const file = root?.openAt({}, "sub/file", {}, { read: true });
    file?.readViaStream(0n).subscribe();
    root?.readDirectory();
    imports["wasi:cli/stderr"].getStderr().subscribe();
    imports["wasi:clocks/monotonic-clock"].subscribeDuration(1n);
    const types = "wasi:filesystem/types";
    const detail = "/app/sub/file";
    expect(liveHandles().map(({ stack, byAdapter, ...rest }) => rest)).toEqual([
      {
        type: "descriptor",
        interface: types,
        createdBy: "wasi:filesystem/preopens#get-directories",
        detail: "/app",
      },
      { type: "descriptor", interface: types, createdBy: `${types}#[method]descriptor.open-at`, detail },
      {
        type: "input-stream",
        interface: "wasi:io/streams",
        createdBy: `${types}#[method]descriptor.read-via-stream`,
        detail,
      },
      {
        type: "pollable",
        interface: "wasi:io/poll",
        createdBy: "wasi:io/streams#[method]input-stream.subscribe",
        detail,
      },
      {
        type: "directory-entry-stream",
        interface: types,
        createdBy: `${types}#[method]descriptor.read-directory`,
        detail: "/app",
      },
      {
        type: "output-stream",
        interface: "wasi:io/streams",
        createdBy: "wasi:cli/stderr#get-stderr",
        detail: "stderr",
      },
      {
        type: "pollable",
        interface: "wasi:io/poll",
        createdBy: "wasi:io/streams#[method]output-stream.subscribe",
        detail: "stderr",
      },
      {
        type: "pollable",
        interface: "wasi:io/poll",
        createdBy: "wasi:clocks/monotonic-clock#subscribe-duration",
      },
    ]);
  });

  it("go when they are dropped, each by itself", () => {
    const { imports, liveHandles } = makeHost();
    const first = imports["wasi:cli/stdin"].getStdin();
    const second = imports["wasi:cli/stdin"].getStdin();
    expect(second).not.toBe(first);
    first[Symbol.dispose]();
    expect(liveHandles()).toHaveLength(1);
    second[Symbol.dispose]();
    expect(liveHandles()).toEqual([]);
  });

  it("include the errors of streams", () => {
    const dir = scratch();
    writeFileSync(join(dir, "file"), "content");
    const { imports, liveHandles } = makeHost({ preopens: [{ host: dir, guest: "/" }] });
    const file = imports["wasi:filesystem/preopens"].getDirectories()[0]?.[0].openAt({}, "file", {}, {});
    const stream = file?.readViaStream(0n);
    // A stream reads when the guest does, so a file can be gone by then.
    rmSync(join(dir, "file"));
    expect(thrown(() => stream?.read(1n))).toMatchObject({ tag: "last-operation-failed" });
    expect(liveHandles().at(-1)).toMatchObject({
      type: "error",
      interface: "wasi:io/error",
      createdBy: "wasi:io/streams#[method]input-stream.read",
    });
  });

  it("carry the stack of their creation, deeper than V8 would capture", () => {
    const { imports, liveHandles } = makeHost();
    const limit = Error.stackTraceLimit;
    const deep = (depth: number): unknown =>
      depth === 0 ? imports["wasi:cli/stdin"].getStdin() : [deep(depth - 1)].at(0);
    outermostFrame(() => deep(20));
    expect(Error.stackTraceLimit).toBe(limit);
    const stack = liveHandles()[0]?.stack ?? "";
    expect(stack.split("\n").every((line) => line.startsWith("    at "))).toBe(true);
    expect(stack).toContain("outermostFrame");
  });

  it("show the frames of the guest", async () => {
    const { imports, liveHandles } = makeHost();
    // (module (import "h" "f" (func)) (func $guest call 0) (export "go" (func 1)) (name section: 1 is "guest"))
    const wasm = Uint8Array.from(
      // biome-ignore format: one section a line
      [
        0, 97, 115, 109, 1, 0, 0, 0,
        1, 4, 1, 0x60, 0, 0,
        2, 7, 1, 1, 104, 1, 102, 0, 0,
        3, 2, 1, 0,
        7, 6, 1, 2, 103, 111, 0, 1,
        10, 6, 1, 4, 0, 0x10, 0, 0x0b,
        0, 15, 4, 110, 97, 109, 101, 1, 8, 1, 1, 5, 103, 117, 101, 115, 116,
      ],
    );
    const f = () => void imports["wasi:cli/stdout"].getStdout();
    const { instance } = await WebAssembly.instantiate(wasm, { h: { f } });
    (instance.exports.go as () => void)();
    expect(liveHandles()[0]?.stack).toMatch(/at guest \(wasm:\/\/wasm\//);
  });
});

function outermostFrame(call: () => unknown): unknown {
  return [call()];
}
