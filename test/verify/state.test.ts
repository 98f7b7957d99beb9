import { beforeAll, describe, expect, test } from "vitest";
import type { Initialized, Snapshot } from "../../src/index.js";
import { initialize, instrument, prepare, rewrite, takeSnapshot } from "../../src/phases.js";
import type { InstanceSnapshot } from "../../src/snapshot/model.js";
import { verifyState } from "../../src/verify/state.js";
import { wat } from "../support/wat.js";

const TEXT = `(component
  (core module $m
    (memory (export "m") 1 4) (memory 1)
    (global $number (mut f64) (f64.const 0))
    (global $hook (mut funcref) (ref.null func))
    (table $changed 3 funcref) (table $same 2 funcref)
    (elem (table $same) (i32.const 0) func $a)
    (func $a (result i32) (i32.const 1))
    (func $b (result i32) (i32.const 2))
    (elem declare func $b)
    (func (export "init")
      (i32.store (i32.const 8) (i32.const 7)) (i32.store (i32.const 65532) (i32.const -1))
      (drop (memory.grow (i32.const 1)))
      (global.set $number (f64.const -0)) (global.set $hook (ref.func $b))
      (table.set $changed (i32.const 1) (ref.func $b)))
    (func (export "get") (result i32) (call_indirect $changed (result i32) (i32.const 1))))
  (core instance $i (instantiate $m))
  (func (export "init") (canon lift (core func $i "init")))
  (func (export "get") (result u32) (canon lift (core func $i "get"))))`;

let component: Uint8Array;
let initialized: Initialized;
let snapshot: Snapshot;

beforeAll(async () => {
  component = await wat(TEXT);
  initialized = await initialize(await prepare(instrument(component)), "init");
  snapshot = takeSnapshot(initialized);
});

/** Writes a snapshot that differs, and compares the output with the right one. */
async function verifyWith(change: (state: InstanceSnapshot) => Partial<InstanceSnapshot>): Promise<() => void> {
  const [state] = snapshot.instances as [InstanceSnapshot];
  const output = await rewrite(component, { instances: [{ ...state, ...change(state) }] });
  const alive = await initialize(await prepare(instrument(output)), "none");
  return () => verifyState(alive, { snapshot, initialized, instances: [0], indexOf: (_, __, index) => index });
}

test("an output that starts as the snapshot passes", async () => {
  expect(await verifyWith(() => ({}))).not.toThrow();
});

describe("an output fails that differs in", () => {
  const bytes = (value: number) => new Uint8Array([value]);
  test.each<[string, RegExp, (state: InstanceSnapshot) => Partial<InstanceSnapshot>]>([
    [
      "a byte",
      /memory 0 of core instance i differs at or after address 0x8\b/,
      ({ memories }) => ({
        memories: memories.map((one) => (one.index > 0 ? one : { ...one, ranges: [{ offset: 8, bytes: bytes(9) }] })),
      }),
    ],
    [
      "bytes that should be zero",
      /memory 1 of core instance i differs at or after address 0x64\b/,
      ({ memories }) => ({
        memories: memories.map((one) => (one.index < 1 ? one : { ...one, ranges: [{ offset: 100, bytes: bytes(9) }] })),
      }),
    ],
    [
      "the size of a memory",
      /memory 0 of core instance i differs in size: 3 pages instead of 2/,
      ({ memories }) => ({ memories: memories.map((one) => (one.index > 0 ? one : { ...one, pages: 3 })) }),
    ],
    [
      "the sign of a zero",
      /global 0 of core instance i differs/,
      ({ globals }) => ({ globals: globals.map((one) => ({ ...one, bits: new Uint8Array(8) })) }),
    ],
    ["a table", /entry 1 of table 0 of core instance i differs/, () => ({ tables: [] })],
    [
      "the function of an entry",
      /entry 1 of table 0 of core instance i differs/,
      () => ({ tables: [{ index: 0, functions: [{ instance: 0, index: 0 }], entries: Int32Array.of(-1, 0, -1) }] }),
    ],
    [
      "the size of a table",
      /table 0 of core instance i has 4 entries instead of 3/,
      ({ tables }) => ({ tables: tables.map((one) => ({ ...one, entries: Int32Array.of(...one.entries, -1) })) }),
    ],
    [
      "a table that init left alone",
      /entry 0 of table 1 of core instance i differs/,
      ({ tables }) => ({ tables: [...tables, { index: 1, functions: [], entries: Int32Array.of(-1, -1) }] }),
    ],
    ["a global of functions", /global 1 of core instance i refers to another function/, () => ({ references: [] })],
  ])("%s", async (_, message, change) => {
    expect(await verifyWith(change)).toThrow(message);
  });
});
