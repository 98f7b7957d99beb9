import { expect, test } from "vitest";
import { decodeModule } from "../../src/module/decode.js";
import type { CoreModule } from "../../src/module/model.js";
import { hasBodiesOf } from "../../src/verify/compiled.js";
import { wat } from "../support/wat.js";

const TEXT = `(module
  (type $t (func)) (import "" "f" (func (type $t)))
  (memory 1) (table 2 funcref) (global (mut i32) (i32.const 0)) (global (mut funcref) (ref.func 1))
  (func (type $t) (memory.init 1 (i32.const 0) (i32.const 0) (i32.const 0)))
  (func (export "taken") (type $t) (drop (ref.func 2)))
  (func (export "plain") (type $t))
  (elem func 1)
  (data "a") (data "b"))`;

const modules = async (): Promise<[CoreModule, CoreModule]> => {
  const bytes = await wat(TEXT);
  return [decodeModule(bytes), decodeModule(bytes)];
};

const changes: [what: string, change: (module: CoreModule) => void, isSame: boolean][] = [
  ["nothing", () => undefined, true],
  ["the size of a memory", (m) => (m.memories = m.memories.map((type) => ({ ...type, minimum: 9n }))), true],
  [
    "numbers in globals",
    (m) => (m.globals = m.globals.map((g, i) => (i === 0 ? { ...g, init: Uint8Array.of(0x41, 5, 0x0b) } : g))),
    true,
  ],
  ["more data", (m) => (m.data = [...m.data, ...m.data]), true],
  ["an export that no body takes", (m) => (m.exports = m.exports.filter(({ name }) => name !== "plain")), true],
  ["an export that a body takes", (m) => (m.exports = m.exports.filter(({ name }) => name !== "taken")), false],
  ["less data", (m) => (m.data = m.data.slice(0, 1)), false],
  ["no memory", (m) => (m.memories = []), false],
  ["a memory of another kind", (m) => (m.memories = m.memories.map((type) => ({ ...type, is64: true }))), false],
  [
    "references in globals",
    (m) => (m.globals = m.globals.map((g, i) => (i === 1 ? { ...g, init: Uint8Array.of(0xd0, 0x70, 0x0b) } : g))),
    false,
  ],
  ["a global less", (m) => (m.globals = m.globals.slice(0, 1)), false],
  ["types", (m) => (m.types = [...m.types]), false],
  ["imports", (m) => (m.imports = [...m.imports]), false],
  ["functions", (m) => (m.functions = [...m.functions]), false],
  ["tables", (m) => (m.tables = [...m.tables]), false],
  ["elements", (m) => (m.elements = []), false],
  ["bodies", (m) => (m.code = [...m.code]), false],
];

test.each(changes)("a module that differs in %s", async (_, change, isSame) => {
  const [compiled, module] = await modules();
  change(module);
  expect(hasBodiesOf(module, compiled)).toBe(isSame);
});

test("a module of other bytes has bodies of its own", async () => {
  expect(hasBodiesOf(decodeModule(await wat(TEXT)), decodeModule(await wat(TEXT)))).toBe(false);
});
