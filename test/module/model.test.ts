import { describe, expect, it } from "vitest";
import { i32ConstExpr } from "../../src/binary/const-expr.js";
import { ComponentInitError } from "../../src/errors.js";
import { decodeModule } from "../../src/module/decode.js";
import { encodeModule } from "../../src/module/encode.js";
import type { Export } from "../../src/module/exports.js";
import {
  functionSpace,
  functionType,
  globalSpace,
  globalType,
  importedCount,
  memorySpace,
  tableSpace,
  tagSpace,
  typeSpace,
} from "../../src/module/index-spaces.js";
import { CoreModule } from "../../src/module/model.js";
import { funcTypeGroup } from "../../src/module/types.js";
import { externref, formatValueType, funcref, refNullExpr } from "../../src/module/value-types.js";
import { moduleOf } from "./wat.js";

function encoded(core: CoreModule): Uint8Array<ArrayBuffer> {
  return encodeModule(core).toBytes();
}

function layoutOf(core: CoreModule): string[] {
  return decodeModule(encoded(core)).layout.map((item) => (typeof item === "string" ? item : `custom ${item.name}`));
}

const ALL_KINDS = `(module
  (type $f (func (param i32) (result i64))) (type (struct))
  (import "a" "f" (func (type $f))) (import "a" "t" (table 1 externref)) (import "a" "m" (memory i64 2 3))
  (import "a" "g" (global (mut f32))) (import "a" "e" (tag (param i32)))
  (func (param v128)) (func (type $f) (i64.const 0)) (table 5 6 funcref) (memory 4 (pagesize 1)) (global i64 (i64.const 1)) (tag))`;

describe("index spaces", () => {
  it("start with the imports", async () => {
    const core = await moduleOf(ALL_KINDS);
    const brief = (items: readonly { imported: boolean; index: number }[]) =>
      items.map((one) => [one.imported, one.index]);
    for (const space of [tableSpace(core), memorySpace(core), globalSpace(core), tagSpace(core)]) {
      expect(brief(space)).toEqual([
        [true, 0],
        [false, 1],
      ]);
    }
    expect(brief(functionSpace(core))).toEqual([
      [true, 0],
      [false, 1],
      [false, 2],
    ]);
    expect(importedCount(core, "func")).toBe(1);
  });

  it("have types", async () => {
    const core = await moduleOf(ALL_KINDS);
    expect(functionType(core, 0)).toEqual({ kind: "func", params: ["i32"], results: ["i64"] });
    expect(functionType(core, 1)?.params).toEqual(["v128"]);
    expect(functionType(core, 2)).toBe(functionType(core, 0));
    expect(functionType(core, 3)).toBeUndefined();
    expect(globalType(core, 0)).toEqual({ value: "f32", mutable: true, shared: false });
    expect(globalType(core, 1)).toEqual({ value: "i64", mutable: false, shared: false });
    expect(globalType(core, 2)).toBeUndefined();
    expect(tableSpace(core).map(({ type }) => type)).toEqual([
      { element: externref, minimum: 1n, maximum: undefined, shared: false, is64: false },
      { element: funcref, minimum: 5n, maximum: 6n, shared: false, is64: false },
    ]);
    expect(memorySpace(core).map(({ type }) => type)).toEqual([
      { minimum: 2n, maximum: 3n, shared: false, is64: true, pageSizeLog2: undefined },
      { minimum: 4n, maximum: undefined, shared: false, is64: false, pageSizeLog2: 0 },
    ]);
    expect(typeSpace(core)[1]?.composite).toEqual({ kind: "struct", fields: [] });
  });

  it("follow edits", async () => {
    const core = await moduleOf(ALL_KINDS);
    expect(functionType(core, 2)?.params).toEqual(["i32"]);
    core.functions = [core.functions[1] as number, core.functions[0] as number];
    expect(functionType(core, 2)?.params).toEqual(["v128"]);
  });

  it("lead to definitions", async () => {
    const core = await moduleOf(ALL_KINDS);
    const [imported, defined] = globalSpace(core);
    expect(imported?.imported && imported.import.name).toBe("g");
    expect(defined?.imported === false && core.globals[defined.position]).toBe(core.globals[0]);
  });
});

describe("edits", () => {
  it("put a new section right behind the one before it", async () => {
    const core = await moduleOf(`(module (@custom "dylink.0" (before first) "") (memory 1)
      (@custom "mid" (after memory) "") (func) (@custom "producers" (after last) ""))`);
    expect(layoutOf(core)).toEqual([
      "custom dylink.0",
      "type",
      "function",
      "memory",
      "custom mid",
      "code",
      "custom producers",
    ]);
    core.data = [{ mode: { kind: "active", memory: 0, offset: i32ConstExpr(0) }, bytes: new Uint8Array([1]) }];
    core.hasDataCount = true;
    core.exports = [{ name: "m", kind: "memory", index: 0 }];
    core.globals = [{ type: { value: "i32", mutable: true, shared: false }, init: i32ConstExpr(1) }];
    core.imports = [];
    expect(layoutOf(core)).toEqual([
      "custom dylink.0",
      "type",
      "function",
      "memory",
      "global",
      "export",
      "data count",
      "custom mid",
      "code",
      "data",
      "custom producers",
    ]);
    expect(WebAssembly.validate(encoded(core))).toBe(true);
  });

  it("put the first section of all after dylink.0", () => {
    const core = CoreModule.empty();
    core.addCustomSection("name", new Uint8Array([0]));
    core.addCustomSection("dylink.0", new Uint8Array([0]), "first");
    core.memories = [{ minimum: 1n, maximum: undefined, shared: false, is64: false, pageSizeLog2: undefined }];
    expect(layoutOf(core)).toEqual(["custom dylink.0", "memory", "custom name"]);
  });

  it("remove a section that has nothing left", async () => {
    const core = await moduleOf('(module (func $f) (start $f) (export "f" (func $f)))');
    core.start = undefined;
    core.exports = [];
    expect(layoutOf(core)).not.toContain("start");
    expect(layoutOf(core)).not.toContain("export");
    expect(core.start).toBeUndefined();
  });

  it("keep the data count equal to the number of segments", async () => {
    const core = await moduleOf('(module (memory 1) (data "a") (func data.drop 0))');
    core.data = [...core.data, ...core.data];
    expect(decodeModule(encoded(core)).dataCount).toBe(2);
    expect(WebAssembly.validate(encoded(core))).toBe(true);
    core.hasDataCount = false;
    expect(layoutOf(core)).not.toContain("data count");
  });

  it("of a copy do not reach the original", async () => {
    const core = await moduleOf('(module (memory 1) (export "m" (memory 0)))');
    const before = encoded(core);
    const copy = core.copy();
    copy.exports = [];
    copy.addCustomSection("x", new Uint8Array());
    expect(encoded(core)).toEqual(before);
    expect(encoded(copy)).not.toEqual(before);
  });

  it("cannot be made behind the module's back", async () => {
    const core = await moduleOf('(module (memory 1) (export "m" (memory 0)))');
    const list = core.exports as Export[];
    expect(() => list.push({ name: "x", kind: "memory", index: 0 })).toThrow(TypeError);
    const assigned = [...list];
    core.exports = assigned;
    expect(() => assigned.pop()).toThrow(TypeError);
  });

  it("that leave functions without bodies are found", async () => {
    const core = await moduleOf("(module (func))");
    core.functions = [0, 0];
    expect(() => encodeModule(core)).toThrow(ComponentInitError);
  });

  it("build a module from nothing", () => {
    const core = CoreModule.empty();
    core.types = [funcTypeGroup(["i32"], ["i32"])];
    core.functions = [0];
    core.exports = [{ name: "twice", kind: "func", index: 0 }];
    core.code = [new Uint8Array([0x00, 0x20, 0x00, 0x20, 0x00, 0x6a, 0x0b])];
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(encoded(core)));
    expect((exports.twice as (value: number) => number)(21)).toBe(42);
  });

  it("of custom sections keep the place", async () => {
    const core = await moduleOf('(module (@custom "a" "1") (@custom "b" "2") (@custom "c" "3"))');
    core.replaceCustomSection(core.customSections[1] as never, new Uint8Array([0x34]));
    core.filterCustomSections(({ name }) => name !== "a");
    const decoded = decodeModule(encoded(core));
    expect(decoded.customSections.map(({ name, contents }) => [name, ...contents])).toEqual([
      ["b", 0x34],
      ["c", 0x33],
    ]);
  });
});

it("formats types as the text format does", async () => {
  const core = await moduleOf(
    "(module (type $s (struct)) (func (param i32 funcref (ref $s) (ref null (shared any)))))",
  );
  expect(functionType(core, 0)?.params.map(formatValueType)).toEqual([
    "i32",
    "(ref null func)",
    "(ref 0)",
    "(ref null (shared any))",
  ]);
});

it("writes null references", async () => {
  const core = await moduleOf(
    "(module (type $f (func)) (global externref (ref.null extern)) (global (ref null $f) (ref.null $f)))",
  );
  const [first, second] = core.globals;
  expect(refNullExpr(externref.heap)).toEqual(first?.init);
  expect(refNullExpr({ kind: "type", index: 0, exact: false })).toEqual(second?.init);
});
