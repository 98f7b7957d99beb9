import { describe, expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { safeCoreName } from "../../src/instrument/core-names.js";
import { loadFixture } from "../support/fixtures.js";
import { hasWasmtime, wasmtimeSession } from "../support/wasmtime.js";

describe("names of core imports and exports that are no JavaScript", () => {
  test.each([false, true])("run nothing in the host, and stay in the output (--gc %s)", async (gc) => {
    const bytes = await loadFixture("core-names");
    const { component } = await preinitialize(bytes, { initFunc: "init", verify: true, gc, cache: false });
    expect(globalThis).not.toHaveProperty("initialized");
    expect(Buffer.from(component).includes("globalThis.initialized")).toBe(true);
    expect(Buffer.from(component).includes("component-init:name")).toBe(false);
  });

  test.runIf(hasWasmtime)("mean the same in the output", async () => {
    const bytes = await loadFixture("core-names");
    const original = await wasmtimeSession(bytes, { calls: [{ export: "init" }, { export: "get" }] });
    const { component } = await preinitialize(bytes, { initFunc: "init" });
    const output = await wasmtimeSession(component, { calls: [{ export: "get" }] });
    expect(original.outcomes).toEqual([{ ok: null }, { ok: 112 }]);
    expect(output.outcomes).toEqual([{ ok: 112 }]);
  });

  test("can be those of the init function", async () => {
    const { component } = await preinitialize(await loadFixture("core-names"), { initFunc: "core:init'\\" });
    expect(Buffer.from(component).includes("init'\\")).toBe(true);
  });
});

describe("a safe name", () => {
  test.each(["", "memory", "cabi_realloc", "[resource-drop]x", "wasi:io/poll@0.2.0", "a b", "$x.y", "env#f<T>"])(
    "is %j itself",
    (name) => {
      expect(safeCoreName(name)).toBe(name);
    },
  );

  test.each(["'", '"', "\\", "`", "\n", "\u2028", "*/", "__proto__", "é", "component-init:name:27"])(
    "stands for %j",
    (name) => {
      expect(safeCoreName(name)).toMatch(/^component-init:name:[0-9a-f]+$/);
    },
  );

  test("is another one for each name", () => {
    const names = ["'", '"', "''", "component-init:name:27", "component-init:name:22"];
    expect(new Set(names.map(safeCoreName)).size).toBe(names.length);
  });
});
