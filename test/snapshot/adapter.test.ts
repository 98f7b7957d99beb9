import { readFile } from "node:fs/promises";
import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, test } from "vitest";
import { initialize, instrument, preinitialize, prepare, type Snapshot, takeSnapshot } from "../../src/index.js";
import { wat } from "../component/support.js";
import { jcoSession } from "../support/jco.js";
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

async function componentOf(realloc: string): Promise<Uint8Array> {
  const path = "../../node_modules/@bytecodealliance/jco/lib/wasi_snapshot_preview1.reactor.wasm";
  const adapter = new Uint8Array(await readFile(new URL(path, import.meta.url)));
  const embedded = await componentEmbed({ binary: await wat(program(realloc)), witSource: WIT });
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

  test("has its first globals in the snapshot and nothing left of its state in memory", async () => {
    const prepared = await prepare(instrument(await componentOf(realloc)));
    const before = await initialize(prepared, "none");
    const fresh = globalsOf(before, takeSnapshot(before));
    const used = await initialize(prepared, "init");
    const at = used.instances.findIndex(({ info }) => info.isPreview1Adapter);
    const instance = used.instances[at] as (typeof used.instances)[number];
    const globalNamed = (wanted: string): number => {
      const global = instance.module.state.globals.find(({ name }) => name === wanted)?.exportName ?? "";
      return (instance.exports[global] as WebAssembly.Global).value as number;
    };
    const address = globalNamed("internal_state_ptr");
    const stack = globalNamed("__stack_pointer") - 65536;
    const memory = (instance.importedMemory as WebAssembly.Memory).buffer;
    const isZero = (start: number) => new Uint8Array(memory, start, 65536).every((byte) => byte === 0);
    expect(isZero(stack)).toBe(false);
    // It did allocate a state, which begins with its magic number.
    expect(new DataView(memory).getUint32(address, true)).toBe(0x21686775);
    const snapshot = takeSnapshot(used);
    expect([isZero(address), isZero(stack)]).toEqual([true, true]);
    expect(globalsOf(used, snapshot)).toEqual(fresh);
  });
});

function globalsOf({ instances }: Awaited<ReturnType<typeof initialize>>, snapshot: Snapshot): unknown {
  return snapshot.instances[instances.findIndex(({ info }) => info.isPreview1Adapter)]?.globals;
}
