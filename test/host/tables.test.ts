import { describe, expect, test } from "vitest";
import { TableWatch } from "../../src/host/tables.js";
import type { RunningInstance } from "../../src/instrument/access.js";
import type { ActiveElements, ModuleState } from "../../src/instrument/model.js";
import { wat } from "../support/wat.js";

interface Watched {
  readonly watch: TableWatch;
  readonly instance: RunningInstance;
  readonly table: WebAssembly.Table;
  readonly exports: Record<string, (...args: unknown[]) => unknown>;
}

const END = 0x0b;
/** `i32.const n end` for small n. */
const at = (n: number) => Uint8Array.of(0x41, n, END);

/** A module whose table is exported as "t", watched since it was made. */
async function watched(text: string, elements: readonly Partial<ActiveElements>[] = []): Promise<Watched> {
  const module = await WebAssembly.compile((await wat(text)) as Uint8Array<ArrayBuffer>);
  const { exports } = new WebAssembly.Instance(module);
  const instance: RunningInstance = { exports, imports: {} };
  const watch = new TableWatch();
  watch.afterInstantiation(stateWith(elements), instance, 0);
  return { watch, instance, table: exports.t as WebAssembly.Table, exports: exports as Watched["exports"] };
}

function stateWith(elements: readonly Partial<ActiveElements>[]): ModuleState {
  return {
    memories: [],
    globals: [],
    references: [],
    tables: [{ kind: "export", name: "t" }],
    importedMemories: [],
    importedFunctions: 0,
    functions: [],
    tableProbes: [],
    allGlobals: [{ kind: "export", name: "base" }],
    activeElements: elements.map((one) => ({ table: 0, offset: at(0), functions: [0], ...one })),
    start: undefined,
    dataDrops: [],
    objectSegments: [],
    elementDrops: [],
  };
}

/** The changed tables: whose, which one, and its size. */
function changes(watch: TableWatch): [instance: number, index: number, size: number][] {
  return watch.changed().map(({ instance, index, contents }) => [instance, index, contents.length]);
}

const MODULE = `(module
  (table (export "t") 4 funcref)
  (elem (i32.const 1) $f $g)
  (func $f (export "f"))
  (func $g (export "g"))
  (func (export "put") (table.set (i32.const 3) (ref.func $f)))
  (func (export "swap") (table.set (i32.const 1) (ref.func $g)))
  (func (export "clear") (table.set (i32.const 2) (ref.null func)))
  (func (export "same") (table.set (i32.const 1) (ref.func $f)))
  (func (export "grow") (drop (table.grow (ref.null func) (i32.const 2)))))`;

describe("a table", () => {
  test.each([
    ["same", undefined],
    ["put", 4],
    ["swap", 4],
    ["clear", 4],
    ["grow", 6],
  ])("after %s", async (what, size) => {
    const { watch, exports } = await watched(MODULE);
    expect(watch.changed()).toEqual([]);
    exports[what]?.();
    expect(changes(watch)).toEqual(size === undefined ? [] : [[0, 0, size]]);
  });

  test("that is changed back is not changed", async () => {
    const { watch, exports } = await watched(MODULE);
    exports.swap?.();
    exports.same?.();
    expect(watch.changed()).toEqual([]);
  });

  test("with 64-bit indices", async () => {
    const { watch, exports, table } = await watched(
      MODULE.replace("4 funcref", "i64 4 funcref")
        .replaceAll("table.set (i32", "table.set (i64")
        .replace("(elem (i32", "(elem (i64")
        .replace("(ref.null func) (i32", "(ref.null func) (i64"),
    );
    expect(typeof table.length).toBe("bigint");
    expect(watch.changed()).toEqual([]);
    exports.swap?.();
    expect(changes(watch)).toEqual([[0, 0, 4]]);
  });
});

describe("a table that another instance fills", () => {
  const OWNER = `(module (table (export "t") 4 funcref) (func $f (export "f")) (elem declare func $f))`;
  const FILLER = `(module
    (import "o" "t" (table 4 funcref))
    (import "o" "base" (global $base i32))
    (elem (offset OFFSET) $g)
    (func $g (export "g"))
    (func (export "put") (table.set (i32.const 0) (ref.func $g))))`;

  test.each([
    ["(i32.const 2)", at(2)],
    // global.get 0
    ["(global.get $base)", Uint8Array.of(0x23, 0, END)],
  ])("with an element segment at %s is as instantiation made it", async (text, offset) => {
    const { watch, instance, table } = await watched(OWNER);
    const base = new WebAssembly.Global({ value: "i32" }, 3);
    const module = await WebAssembly.compile((await wat(FILLER.replace("OFFSET", text))) as Uint8Array<ArrayBuffer>);
    const imports = { o: { t: table, base } };
    const filler = new WebAssembly.Instance(module, imports);
    // Without the segment this is a change.
    expect(changes(watch)).toEqual([[0, 0, 4]]);
    const state: ModuleState = {
      ...stateWith([{ offset }]),
      tables: [{ kind: "import", module: "o", name: "t" }],
      allGlobals: [{ kind: "import", module: "o", name: "base" }],
    };
    watch.afterInstantiation(state, { exports: filler.exports, imports }, 1);
    expect(watch.changed()).toEqual([]);
    expect(instance.exports.t).toBe(table);
    (filler.exports.put as () => void)();
    expect(changes(watch)).toEqual([[0, 0, 4]]);
  });
});

test("a table of references to objects counts as changed: an object may have changed without becoming another", async () => {
  const { watch } = await watched(`(module
    (type $box (struct (field (mut i32))))
    (table (export "t") 1 (ref null $box) (struct.new $box (i32.const 1))))`);
  expect(changes(watch)).toEqual([[0, 0, 1]]);
});

test("an element segment may be longer than a call can have arguments", async () => {
  const length = 200_000;
  const { watch, table } = await watched(`(module (table (export "t") ${length} funcref))`, [
    { functions: new Array<undefined>(length).fill(undefined) },
  ]);
  expect(watch.changed()).toEqual([]);
  table.grow(1);
  expect(changes(watch)).toEqual([[0, 0, length + 1]]);
});
