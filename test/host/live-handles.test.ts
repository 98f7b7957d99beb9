import { describe, expect, test } from "vitest";
import { danglingHandles } from "../../src/host/live-handles.js";
import type { LiveHandle } from "../../src/wasi/index.js";

const MAIN = "    at main.f (wasm://wasm/main-0a1b2c3d:wasm-function[1]:0x10)";
const SHIM = "    at wit-component-shim-module (wasm://wasm/wit-component-shim-module-00000000:wasm-function[1]:0x10)";
const adapter = "wit-component:adapter:wasi_snapshot_preview1";
const ADAPTER = `    at ${adapter}.f (wasm://wasm/${adapter}-0f0f0f0f:wasm-function[2]:0x20)`;

const handle = (type: string, createdBy: string, stack: string, detail?: string, byAdapter = false): LiveHandle => ({
  type,
  interface: "wasi:x/y",
  createdBy,
  stack: `    at Object.host (file:///host.js:1:2)\n${stack}`,
  byAdapter,
  ...(detail === undefined ? {} : { detail }),
});
const FILE = handle("descriptor", "wasi:filesystem/types#[method]descriptor.open-at", MAIN, "/a");
const STDIN = handle("input-stream", "wasi:cli/stdin#get-stdin", MAIN, "stdin");

const found = (before: readonly LiveHandle[], after = before) =>
  danglingHandles(before, after, []).map(({ type, detail, owner }) => [type, detail, owner]);

describe("handles that dangle", () => {
  test("are those that are left", () => {
    expect(found([FILE, STDIN])).toEqual([
      ["descriptor", "/a", "main"],
      ["input-stream", "stdin", "main"],
    ]);
    expect(found([FILE, STDIN], [FILE])).toEqual([["descriptor", "/a", "main"]]);
  });

  test("and files that only the C library closed, which its user would use again", () => {
    expect(found([FILE, STDIN], [])).toEqual([["descriptor", "/a", "main"]]);
  });

  test("not those that an adapter holds for itself", () => {
    const held = (createdBy: string, byAdapter: boolean) => found([handle("x", createdBy, ADAPTER, "x", byAdapter)]);
    for (const createdBy of ["wasi:cli/stdin#get-stdin", "wasi:filesystem/preopens#get-directories"]) {
      expect(held(createdBy, true)).toEqual([]);
      // A name in a stack proves nothing.
      expect(held(createdBy, false)).toHaveLength(1);
    }
  });

  test("a file that an adapter opened is the guest's, and its streams are the same file", () => {
    const stack = `${SHIM}\n${ADAPTER}\n${SHIM}\n${MAIN}`;
    const opened = handle("descriptor", FILE.createdBy, stack, "/a", true);
    const stream = (byAdapter: boolean, path: string) =>
      handle("input-stream", "wasi:filesystem/types#[method]descriptor.read-via-stream", stack, path, byAdapter);
    expect(found([opened, stream(true, "/a")])).toEqual([["descriptor", "/a", "main"]]);
    // The guest's own stream is one that it has to close.
    expect(found([opened, stream(false, "/a")])).toHaveLength(2);
    expect(found([opened, stream(true, "/b")])).toHaveLength(2);
  });
});
