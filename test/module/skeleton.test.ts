import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { decodeModule } from "../../src/module/decode.js";
import { encodeModule } from "../../src/module/encode.js";
import { ModuleNames } from "../../src/module/names.js";
import { skeleton } from "../../src/module/skeleton.js";
import { moduleOf } from "./wat.js";

const descriptors = (bytes: Uint8Array<ArrayBuffer>) => {
  const module = new WebAssembly.Module(bytes);
  return { imports: WebAssembly.Module.imports(module), exports: WebAssembly.Module.exports(module) };
};

it("is valid, small, and has the same imports and exports", () => {
  const path = "node_modules/@bytecodealliance/componentize-js/lib/starlingmonkey_embedding.wasm";
  const bytes = new Uint8Array(readFileSync(path));
  const result = encodeModule(skeleton(decodeModule(bytes))).toBytes();
  expect(WebAssembly.validate(result)).toBe(true);
  expect(result.length).toBeLessThan(bytes.length / 20);
  expect(descriptors(result)).toEqual(descriptors(bytes));
});

it("keeps what other parts refer to, and the module's name", async () => {
  const module = await moduleOf(`(module $engine
    (type $t (func (param i32) (result (ref func)))) (memory 1) (table 3 funcref)
    (data (i32.const 3) "abc") (data $p "passive")
    (func $f (type $t) (memory.init $p (i32.const 0) (i32.const 0) (i32.const 0)) (ref.func $g))
    (func $g) (elem declare func $g) (elem (i32.const 1) $f) (start $g)
    (@custom "producers" "x"))`);
  const result = decodeModule(encodeModule(skeleton(module)).toBytes());
  expect(WebAssembly.validate(encodeModule(skeleton(module)).toBytes())).toBe(true);
  expect(result.code.map((body) => [...body])).toEqual([
    [0x00, 0x00, 0x0b],
    [0x00, 0x00, 0x0b],
  ]);
  expect(result.data.map(({ mode, bytes }) => [mode.kind, bytes.length])).toEqual([
    ["active", 0],
    ["passive", 0],
  ]);
  expect(result.dataCount).toBe(2);
  expect(result.elements).toEqual(module.elements);
  expect(result.types).toEqual(module.types);
  expect(result.start).toBe(module.start);
  expect(result.customSections.map(({ name }) => name)).toEqual(["name"]);
  expect(new ModuleNames(result).module).toBe("engine");
  expect(new ModuleNames(result).of("functions").size).toBe(0);
});
