import { readFile } from "node:fs/promises";
import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, test } from "vitest";
import { decodeComponent } from "../../src/component/decode.js";
import { encodeComponent } from "../../src/component/encode.js";
import type { CoreModuleDefinition } from "../../src/component/model.js";
import {
  type Initialized,
  initialize,
  instrument,
  preinitialize,
  prepare,
  rewrite,
  type Snapshot,
  takeSnapshot,
} from "../../src/index.js";
import { decodeDefinition } from "../../src/instrument/module.js";
import { encodeModule } from "../../src/module/encode.js";
import { wat } from "../component/support.js";
import { ENGINES } from "../support/differential.js";
import { jcoSession } from "../support/jco.js";
import { refusal } from "../support/refusal.js";
import { validate } from "../support/wat.js";

/** Prints its one line in `init` and in `again`. With `cabi_realloc` the adapter allocates its stack when first used. */
const program = (realloc: string) => `(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1) (global $heap (mut i32) (i32.const 4096))
  (data (i32.const 0) "\\08\\00\\00\\00\\06\\00\\00\\00hello\\n")
  (func $say (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 100))))
  (func (export "init") (call $say) (i32.store (i32.const 200) (i32.const 42)))
  (func (export "again") (result i32) (call $say) (i32.load (i32.const 200)))
  ${realloc})`;

const REALLOC = `(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
  (global.set $heap (i32.and (i32.add (global.get $heap) (i32.sub (local.get 2) (i32.const 1))) (i32.sub (i32.const 0) (local.get 2))))
  (local.set 0 (global.get $heap))
  (global.set $heap (i32.add (global.get $heap) (local.get 3)))
  (if (i32.gt_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536)))
    (then (drop (memory.grow (i32.const 4)))))
  (local.get 0))`;

const WIT = "package local:app; world app { export init: func(); export again: func() -> u32; }";

async function componentOf(realloc: string, witSource = WIT): Promise<Uint8Array> {
  const path = "../../node_modules/@bytecodealliance/jco/lib/wasi_snapshot_preview1.reactor.wasm";
  const adapter = new Uint8Array(await readFile(new URL(path, import.meta.url)));
  const embedded = await componentEmbed({ binary: await wat(program(realloc)), witSource });
  return new Uint8Array(await componentNew(embedded, [["wasi_snapshot_preview1", adapter]]));
}

const variants = [
  ["that allocates its stack on first use", REALLOC],
  ["that has its stack from a start function", ""],
] as const;

describe.each(variants)("rule 6: an adapter %s", (_, realloc) => {
  test("starts afresh in the output: what it prints arrives, what the program stored stays", async () => {
    const { component, report } = await preinitialize(await componentOf(realloc), { initFunc: "init" });
    expect(report.stdout).toBe("hello\n");
    await validate(component);
    const calls = [{ export: "again" }, { export: "again" }];
    const { outcomes, stdout } = await jcoSession(component, { calls });
    expect(outcomes).toEqual([{ ok: 42 }, { ok: 42 }]);
    expect(stdout).toBe("hello\nhello\n");
  });

  test("has its first globals in the snapshot, names or not, and the memory is not touched", async () => {
    const component = await componentOf(realloc);
    for (const bytes of [component, await withoutNames(component)]) {
      const prepared = await prepare(instrument(bytes));
      const before = await initialize(prepared, "none");
      const fresh = globalsOf(before, takeSnapshot(before));
      expect(fresh).toHaveLength(3);
      const used = await initialize(prepared, "init");
      const memory = new Uint8Array((adapterIn(used).importedMemory as WebAssembly.Memory).buffer);
      const copy = memory.slice();
      expect(globalsOf(used, takeSnapshot(used))).toEqual(fresh);
      expect(Buffer.compare(memory, copy)).toBe(0);
    }
  });

  test("starts afresh in an output that is initialized again", async () => {
    const first = await preinitialize(await componentOf(realloc), { initFunc: "init", keepInitFunc: true });
    const { component, report } = await preinitialize(first.component, { initFunc: "init" });
    expect(report.warnings).toEqual([]);
    const { outcomes, stdout } = await jcoSession(component, { calls: [{ export: "again" }] });
    expect(outcomes).toEqual([{ ok: 42 }]);
    expect(stdout).toBe("hello\n");
  });

  test("goes on where it had begun before", async () => {
    const component = await componentOf(realloc);
    const used = await initialize(await prepare(instrument(component)), "init");
    // What a tool makes that knows nothing of adapters: all state is kept.
    const instances = used.instances.map((instance) => ({ ...instance, startsAfresh: false }));
    const begun = await rewrite(component, takeSnapshot({ ...used, instances }));
    // Its streams are of another life.
    const error = await refusal(begun, { initFunc: "init" }, "init-trapped");
    expect(error.message).toBe("init trapped: unknown handle index 2");
  });
});

function adapterIn({ instances }: Initialized) {
  return instances.find(({ startsAfresh }) => startsAfresh) as Initialized["instances"][number];
}

function globalsOf(initialized: Initialized, { instances }: Snapshot) {
  return instances[initialized.instances.indexOf(adapterIn(initialized))]?.globals;
}

/** A component of one core module that holds 42 and 43 in globals and 44 in its memory once it is initialized. */
const lookalike = (fields: string) => `(component
  (core module $a (@name "wit-component:adapter:wasi_snapshot_preview1")
    (memory (export "memory") 1)
    (global $g (mut i32) (i32.const 1))
    (global $h (mut i64) (i64.const 2))
    (func (export "init")
      (global.set $g (i32.const 42)) (global.set $h (i64.const 43)) (i32.store (i32.const 0) (i32.const 44)))
    (func (export "g") (result i32) (global.get $g))
    (func (export "h") (result i64) (global.get $h))
    (func (export "m") (result i32) (i32.load (i32.const 0)))
    ${fields})
  (core instance $i (instantiate $a))
  (func (export "init") (canon lift (core func $i "init")))
  (func (export "g") (result u32) (canon lift (core func $i "g")))
  (func (export "h") (result u64) (canon lift (core func $i "h")))
  (func (export "m") (result u32) (canon lift (core func $i "m"))))`;

test("a program that takes all memory for its own, as Go's does, has it in the output", async () => {
  // Without cabi_realloc the adapter's stack is a page that it adds, and this program fills it.
  const fields = `
    (func (export "fill") (call $say)
      (memory.fill (i32.const 65536) (i32.const 7) (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 65536))))
    (func (export "sum") (result i32) (local $at i32) (local $sum i32)
      (local.set $at (i32.const 65536))
      (loop $more
        (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $at))))
        (br_if $more (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.const 131072))))
      (local.get $sum))`;
  const wit = WIT.replace("}", "export fill: func(); export sum: func() -> u32; }");
  const { component } = await preinitialize(await componentOf(fields, wit), { initFunc: "fill" });
  for (const { session } of ENGINES.filter(({ available }) => available)) {
    expect((await session(component, { calls: [{ export: "sum" }] })).outcomes).toEqual([{ ok: 7 * 65536 }]);
  }
});

describe("a module that only has the adapter's name", () => {
  const calls = [{ export: "g" }, { export: "h" }, { export: "m" }];

  test("keeps its state", async () => {
    const { component, report } = await preinitialize(await wat(lookalike("")), { initFunc: "init" });
    expect(report.warnings).toEqual([]);
    const { outcomes } = await jcoSession(component, { calls });
    expect(outcomes).toEqual([{ ok: 42 }, { ok: "43n" }, { ok: 44 }]);
  });

  test("keeps it with a warning where it provides preview 1, too", async () => {
    const fields = '(func (export "fd_close") (param i32) (result i32) (i32.const 0x21686775))';
    const { component, report } = await preinitialize(await wat(lookalike(fields)), { initFunc: "init" });
    expect(report.warnings).toEqual([
      "core instance i, an adapter from WASI preview 1, is none that is known: it keeps the numbers that streams and " +
        "directories had while initializing, and may reach others by them",
    ]);
    const { outcomes } = await jcoSession(component, { calls });
    expect(outcomes).toEqual([{ ok: 42 }, { ok: "43n" }, { ok: 44 }]);
  });

  test("is made responsible for what it holds", async () => {
    const input = await wat(`(component
      (import "wasi:io/streams@0.2.0" (instance $io (export "input-stream" (type (sub resource)))))
      (alias export $io "input-stream" (type $stream))
      (import "wasi:cli/stdin@0.2.0" (instance $cli
        (alias outer 1 $stream (type $s')) (export "input-stream" (type $s (eq $s')))
        (export "get-stdin" (func (result (own $s))))))
      (core func $get (canon lower (func $cli "get-stdin")))
      (core module $m (@name "wit-component:adapter:wasi_snapshot_preview1")
        (import "" "get" (func $get (result i32)))
        (func $init (@name "f (wasm://wasm/wit-component:adapter:x") (export "init") (drop (call $get))))
      (core instance $i (instantiate $m (with "" (instance (export "get" (func $get))))))
      (func (export "init") (canon lift (core func $i "init"))))`);
    const error = await refusal(input, { initFunc: "init" }, "live-handles");
    expect(error.message).toContain("initialization ended with a host resource open, an input-stream (stdin)");
  });
});

async function withoutNames(component: Uint8Array): Promise<Uint8Array> {
  const decoded = decodeComponent(component);
  const chunksOf = (definition: CoreModuleDefinition) => {
    const module = decodeDefinition(definition);
    module.filterCustomSections(() => false);
    return encodeModule(module).toChunks();
  };
  return encodeComponent(decoded, chunksOf).toBytes();
}
