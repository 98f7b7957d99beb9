import { expect, test } from "vitest";
import { layOut, Slots } from "../../src/link/layout.js";
import { readLibrary } from "../../src/link/library.js";
import { LookupTable } from "../../src/link/lookup-table.js";
import { wat } from "../support/wat.js";

const library = async (name: string, fields: string, dlOpenable: boolean, needed = "") =>
  readLibrary({
    name,
    bytes: await wat(`(module (@dylink.0 (mem-info (memory 8 2)) ${needed}) ${fields})`),
    dlOpenable,
  });

/** Reads a table as libdl does. */
function read(bytes: Uint8Array, start: number, root: number, words: number) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const word = (address: number) => view.getUint32(address - start, true);
  const name = (address: number) =>
    Buffer.from(bytes.subarray(word(address + 4) - start, word(address + 4) - start + word(address))).toString();
  return Array.from({ length: word(root) }, (_, i) => {
    const record = word(root + 4) + i * 4 * words;
    const symbols = Array.from({ length: word(record + 8) }, (_, j) => {
      const symbol = word(record + 12) + j * 12;
      return [name(symbol), word(symbol + 8)];
    });
    return [name(record), symbols, ...Array.from({ length: words - 4 }, (_, j) => word(record + 16 + 4 * j))];
  });
}

test("the table of wit-component's libdl has openable libraries and their symbols, sorted by bytes", async () => {
  const symbols = `(func (export "b")) (func (export "a")) (global (export "é") i32 (i32.const 4))
    (global (export "\u{10000}") i32 (i32.const 12)) (global (export "\uff5e") i32 (i32.const 8))`;
  const libraries = [
    await library("z.so", symbols, true),
    await library("closed.so", '(func (export "c"))', false),
    await library("B.so", "", true),
  ];
  const table = new LookupTable("__wasm_libdl_libraries", libraries);
  const layout = layOut(libraries, 1024, table.size);
  const slots = new Slots(layout.tableEnd);
  const { bytes, root } = table.encode(layout.stackSize, layout, slots);
  expect(bytes.length).toBe(table.size);
  const base = layout.placements.get(libraries[0] as never)?.memoryBase as number;
  expect(read(bytes, layout.stackSize, root, 4)).toEqual([
    ["B.so", []],
    [
      "z.so",
      [
        ["a", 1],
        ["b", 2],
        ["é", base + 4],
        // JavaScript's order of these is the other one.
        ["\uff5e", base + 8],
        ["\u{10000}", base + 12],
      ],
    ],
  ]);
  // The root is the last thing in it, so that a library's own bytes come right behind.
  expect(root + 8).toBe(layout.stackSize + table.size);
});

test("ours has all libraries in the order of the search, and room for what libdl notes", async () => {
  const libraries = [
    await library("z.so", '(func (export "f"))', false),
    await library("a.so", '(func (export "f"))', true, '(needed "b.so" "a.so")'),
    await library("b.so", "", true, '(needed "z.so")'),
  ];
  const table = new LookupTable("__component_init_libraries", libraries);
  const layout = layOut(libraries, 1024, table.size);
  const { bytes, root } = table.encode(layout.stackSize, layout, new Slots(layout.tableEnd));
  expect(bytes.length).toBe(table.size);
  const [first, second, ...others] = read(bytes, layout.stackSize, root, 9);
  expect(first).toEqual(["z.so", [["f", 1]], 0, expect.any(Number), 0, 0, 0]);
  expect(second).toEqual(["a.so", [["f", 2]], 2, expect.any(Number), 1, 0, 0]);
  expect(others.length).toBe(1);
  // What it needs comes before what that needs, and nothing twice.
  const needed = new Uint32Array(Uint8Array.from(bytes).buffer, Number(second?.[3]) - layout.stackSize, 2);
  expect([...needed]).toEqual([2, 0]);
});
