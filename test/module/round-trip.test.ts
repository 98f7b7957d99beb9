import { globSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { scanFunctionBody } from "../../src/binary/instructions.js";
import { decodeModule } from "../../src/module/decode.js";
import { encodeModule } from "../../src/module/encode.js";
import type { CoreModule } from "../../src/module/model.js";
import { reassignEverySection } from "./every-section.js";
import { wat } from "./wat.js";

const PACKAGES = "node_modules/@bytecodealliance";
const files = ["componentize-js/lib", "jco/lib", "jco-transpile/vendor"]
  .flatMap((folder) => globSync(`${PACKAGES}/${folder}/**/*.wasm`))
  .sort();

/** `toEqual` on megabytes takes seconds. */
function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

function encoded(module: CoreModule): Uint8Array<ArrayBuffer> {
  return encodeModule(module).toBytes();
}

it("finds the modules of all packages", () => {
  expect(files.length).toBeGreaterThanOrEqual(9);
});

describe.each(files)("%s", (file) => {
  const bytes = new Uint8Array(readFileSync(file));

  it("is written as it was read when nothing is edited", () => {
    expect(sameBytes(encoded(decodeModule(bytes)), bytes)).toBe(true);
  });

  it("is valid, and stable, when every section is written anew", () => {
    const rewritten = encoded(reassignEverySection(decodeModule(bytes)));
    expect(WebAssembly.validate(rewritten)).toBe(true);
    expect(rewritten.length).toBeLessThanOrEqual(bytes.length);
    expect(sameBytes(encoded(reassignEverySection(decodeModule(rewritten))), rewritten)).toBe(true);
  }, 120_000);

  it("scans every function to exactly its end", () => {
    const module = decodeModule(bytes);
    let instructions = 0;
    const count = () => instructions++;
    for (let i = 0; i < module.code.length; i++) scanFunctionBody(module.bodyReader(i), count);
    expect(instructions).toBeGreaterThanOrEqual(module.code.length);
  }, 120_000);
});

it("copies no large range", () => {
  const bytes = new Uint8Array(readFileSync(`${PACKAGES}/componentize-js/lib/starlingmonkey_embedding.wasm`));
  const module = decodeModule(bytes);
  const bodies = [...module.code];
  const edited = Math.floor(bodies.length / 2);
  bodies[edited] = new Uint8Array([0x00, 0x00, 0x0b]);
  module.code = bodies;
  const copied = encodeModule(module)
    .toChunks()
    .filter((chunk) => chunk.buffer !== bytes.buffer)
    .reduce((sum, chunk) => sum + chunk.length, 0);
  expect(copied).toBeLessThan(10_000);
  const decoded = decodeModule(encodeModule(module).toBytes());
  expect(decoded.code.length).toBe(bodies.length);
  expect(decoded.code.every((body, i) => sameBytes(body, bodies[i] as Uint8Array))).toBe(true);
});

/** One module per construct, as wasm-tools writes it: always minimal, so the bytes must come back. */
const constructs: Record<string, string> = {
  empty: "(module)",
  "function types": "(type (func)) (type (func (param i32 i64 f32 f64 v128) (result funcref externref)))",
  "garbage collected types": `
    (type $a (array (mut i8))) (type (array i16)) (type $s (struct (field i32) (field (mut (ref null $a)))))
    (rec (type $x (sub (struct (field (ref null $y))))) (type $y (sub $x (struct (field (ref null $y)) (field i32)))))
    (rec) (type (sub final $x (struct (field (ref null $y)))))
    (type (func (param anyref eqref i31ref structref arrayref nullref nullfuncref nullexternref) (result (ref any))))`,
  "shared types": "(type $s (shared (struct (field i32)))) (type (shared (func (param (ref (shared any)) (ref $s)))))",
  "continuation types": "(type $f (func)) (type $c (cont $f)) (func (param (ref $c) contref nullcontref))",
  "exception references": "(func (param exnref nullexnref (ref exn)))",
  imports: `
    (type $f (func))
    (import "a" "f" (func (type $f))) (import "a" "" (table 1 2 funcref)) (import "" "m" (memory 1))
    (import "a" "g" (global (mut i64))) (import "a" "é" (tag (type $f)))`,
  "an exact function import": '(type $f (func)) (import "a" "f" (func (exact (type $f))))',
  tables: `
    (table 1 funcref) (table 1 2 externref) (table i64 5 funcref)
    (func $f) (elem declare func $f) (type $t (func)) (table 3 (ref $t) (ref.func $f))`,
  "a shared table": "(table shared 1 2 (ref null (shared func)))",
  memories: `(memory 1) (memory 1 2) (memory 1 2 shared) (memory i64 1) (memory i64 1 0x1000000000000)
    (memory 1 (pagesize 1)) (memory 1 2 (pagesize 65536))`,
  tags: "(tag (param i32)) (tag)",
  globals: `
    (global i32 (i32.const -1)) (global (mut i64) (i64.const 1)) (global f32 (f32.const nan:0x7f))
    (global (mut f64) (f64.const 1)) (global v128 (v128.const i64x2 1 2)) (global funcref (ref.null func))
    (global i32 (i32.add (global.get 0) (i32.const 4))) (global (ref i31) (ref.i31 (i32.const 1)))`,
  "a shared global": "(global (shared mut i32) (i32.const 0))",
  exports: `(func) (table 1 funcref) (memory 1) (global i32 (i32.const 0)) (tag)
    (export "f" (func 0)) (export "t" (table 0)) (export "m" (memory 0)) (export "g" (global 0)) (export "e" (tag 0))`,
  start: "(func) (start 0)",
  "element segments": `
    (table 9 funcref) (table $t 9 externref) (table $u 9 funcref) (func $f)
    (elem (i32.const 0) $f $f) (elem func $f) (elem (table $u) (i32.const 1) func $f) (elem declare func $f)
    (elem (i32.const 0) funcref (ref.func $f) (ref.null func)) (elem funcref (ref.func $f))
    (elem (table $t) (i32.const 1) externref (ref.null extern)) (elem declare funcref (ref.null func))
    (elem (ref func) (ref.func $f))`,
  "data segments": `
    (memory 1) (memory $n 1) (data (i32.const 0) "a") (data "passive") (data (memory $n) (i32.const 4) "b")
    (func (memory.init 1 (i32.const 0) (i32.const 0) (i32.const 0)))`,
  "custom sections": `
    (@custom "first" (before first) "1") (type (func)) (@custom "middle" (after type) "2") (memory 1)
    (@custom "last" (after last) "3")`,
};

describe("constructs", () => {
  it.each(Object.entries(constructs))("%s", async (_, text) => {
    const bytes = await wat(text.startsWith("(module") ? text : `(module ${text})`);
    const module = decodeModule(bytes);
    expect(encoded(module)).toEqual(bytes);
    expect(encoded(reassignEverySection(module))).toEqual(bytes);
  });
});

it("keeps integers that are longer than they need to be in sections that stay", () => {
  // The type section: a length of 4 in five bytes, a count of 1 in two.
  const bytes = new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...[0x01, 0x85, 0x80, 0x80, 0x80, 0x00, 0x81, 0x00, 0x60, 0x00, 0x00],
    ...[0x05, 0x83, 0x00, 0x01, 0x00, 0x01],
  ]);
  const module = decodeModule(bytes);
  module.memories = module.memories.map((memory) => ({ ...memory, minimum: 2n }));
  expect([...encoded(module)]).toEqual([...bytes.subarray(0, 19), 0x05, 0x03, 0x01, 0x00, 0x02]);
});
