/**
 * The rules of docs and design ("What a correct rewrite must do"), by number, for what one module shows; snapshots are
 * written by hand here. Where the rest is tested:
 *
 * - 1 merging: test/snapshot/memory.test.ts; limit: segments.test.ts; engines: test/end-to-end/cases/basics.ts
 * - 2 `data.drop`, `elem.drop` observed: test/module/drops.test.ts and the fixtures data-drop-then-load, elem-drop
 * - 4 exact bits read: test/snapshot/globals.test.ts; imported globals: fixture imported-global
 * - 5 tables: test/end-to-end/cases/tables.ts
 * - 6 the preview 1 adapter: test/snapshot/adapter.test.ts, fixture c-reactor
 * - 7 live handles: test/end-to-end/wasi.test.ts, refusals.test.ts
 * - 9 modules and components instantiated twice: test/end-to-end/cases/instances.ts, nested.ts
 * - 10 what only the init export needed: test/component/graph.test.ts; interfaces: test/end-to-end/output.test.ts
 * - 12 validation and temporary files: test/cli
 */
import { describe, expect, test } from "vitest";
import { encodeComponent } from "../../src/component/encode.js";
import { ComponentInitError } from "../../src/errors.js";
import type { InitFunction } from "../../src/instrument/init-func.js";
import { rewrite } from "../../src/rewrite/rewrite.js";
import { nonZeroRanges } from "../../src/snapshot/memory.js";
import type { InstanceSnapshot, MemoryImage } from "../../src/snapshot/model.js";
import { specialize } from "../../src/specialize/specialize.js";
import { wat } from "../component/support.js";
import { Random, randomMemory } from "../snapshot/random-memory.js";
import { CODE, dataSegmentFlags, START, section, sections } from "../support/sections.js";
import { coreModules, print, validate } from "../support/wat.js";

const NOTHING: Omit<InstanceSnapshot, "instance"> = {
  memories: [],
  globals: [],
  tables: [],
  references: [],
  droppedData: [],
  droppedElements: [],
};

/** What nothing needs is removed, so instances have to be of use. */
const KEEP = '(func (export "keep"))';
const keep = (instance: string) => `(func (export "keep") (canon lift (core func ${instance} "keep")))`;

/** One core module, instantiated once without imports. */
const single = (module: string) =>
  wat(`(component (core module $m ${module} ${KEEP}) (core instance $i (instantiate $m)) ${keep("$i")})`);

/** One core module, instantiated once, and what becomes of it. */
const application = (module: string, rest: string) =>
  wat(`(component (core module $m ${module}) (core instance $i (instantiate $m)) ${rest})`);

type State = Partial<Omit<InstanceSnapshot, "instance">>;

function write(input: Uint8Array, states: readonly State[], remove: InitFunction = { kind: "none" }): Uint8Array {
  const instances = states.map((state, instance) => ({ ...NOTHING, ...state, instance }));
  return encodeComponent(rewrite(specialize(input), { instances }, { remove }).component).toBytes();
}

async function rewritten(module: string, state: State): Promise<Uint8Array<ArrayBuffer>> {
  const output = write(await single(module), [state]);
  await validate(output);
  const [core] = await coreModules(output);
  return new Uint8Array(core as Uint8Array);
}

function instantiate(module: Uint8Array<ArrayBuffer>, imports: WebAssembly.Imports = {}): WebAssembly.Exports {
  return new WebAssembly.Instance(new WebAssembly.Module(module), imports).exports;
}

function memoryOf(exports: WebAssembly.Exports, name = "m"): Uint8Array {
  return new Uint8Array((exports[name] as WebAssembly.Memory).buffer);
}

const image = (index: number, pages: number, ...ranges: [offset: number, bytes: string][]): MemoryImage => ({
  index,
  pages,
  ranges: ranges.map(([offset, bytes]) => ({ offset, bytes: Buffer.from(bytes) })),
});

describe("rule 1: memory", () => {
  test.each([
    ["(memory 1)", 3, "(memory (;0;) 3)"],
    ["(memory 1 7)", 3, "(memory (;0;) 3 7)"],
    ["(memory i64 1 7)", 3, "(memory (;0;) i64 3 7)"],
    ["(memory 10 1000 (pagesize 1))", 33, "(memory (;0;) 33 1000 (pagesize 0x1))"],
    ["(memory 0)", 0, "(memory (;0;) 0)"],
  ])("%s of %d pages gets its minimum, the rest of its type stays", async (memory, pages, expected) => {
    const output = write(await single(memory), [{ memories: [image(0, pages)] }]);
    expect(await print(output)).toContain(expected);
  });

  test("ranges are active segments with constant offsets, in the module that defines the memory", async () => {
    const module = await rewritten('(memory (export "m") 1) (memory (export "n") 1)', {
      memories: [image(0, 1, [16, "first"], [65535, "x"]), image(1, 2, [131_000, "second"])],
    });
    expect(dataSegmentFlags(module)).toEqual([0, 0, 2]);
    const exports = instantiate(module);
    expect(Buffer.from(memoryOf(exports).subarray(16, 21)).toString()).toBe("first");
    expect(memoryOf(exports)[65535]).toBe("x".charCodeAt(0));
    expect(Buffer.from(memoryOf(exports, "n").subarray(131_000, 131_006)).toString()).toBe("second");
  });

  test("offsets beyond 2 GiB, and of 64-bit memories", async () => {
    const large = await rewritten("(memory 65536)", { memories: [image(0, 65536, [0xfffffffe, "xy"])] });
    expect(await print(large)).toContain('(data (;0;) (i32.const -2) "xy")');
    const wide = await rewritten("(memory i64 1)", { memories: [image(0, 65540, [0x100000000, "x"])] });
    expect(await print(wide)).toContain('(i64.const 4294967296) "x"');
  });

  test("the index counts imported memories", async () => {
    const input = await wat(`(component
      (core module $a (memory (export "m") 1)) (core instance $a (instantiate $a))
      (core module $b (import "a" "m" (memory 1)) (memory (export "own") 1) ${KEEP}) (core instance $b (instantiate $b (with "a" (instance $a)))) ${keep("$b")})`);
    const output = write(input, [{}, { memories: [image(1, 4, [8, "own"])] }]);
    await validate(output);
    expect(await print(output)).toMatch(
      /\(memory \(;1;\) 4\)[\s\S]*\(data \(;0;\) \(memory 1\) \(i32.const 8\) "own"\)/,
    );
  });

  test("no more than 10,000 segments, placeholders and all memories included, with the contents right", async () => {
    const memory = new Uint8Array(20 * 65536);
    for (let at = 0; at < memory.length; at += 50) memory[at] = 1 + (at % 255);
    const ranges = nonZeroRanges(memory);
    expect(ranges.length).toBeGreaterThan(20_000);
    const module = await rewritten(
      `(memory (export "m") 20) (memory (export "n") 20) (data "passive") (func (data.drop 0))`,
      { memories: [0, 1].map((index) => ({ index, pages: 20, ranges })) },
    );
    expect(dataSegmentFlags(module)).toHaveLength(9999);
    const exports = instantiate(module);
    for (const name of ["m", "n"]) expect(Buffer.compare(memoryOf(exports, name), memory)).toBe(0);
  });

  test.each([1, 2, 3, 4, 5, 6])("random memory %d is what the output starts with", async (seed) => {
    const random = new Random(seed);
    const memory = randomMemory(65536 * (1 + random.below(3)), [0.001, 0.05, 0.9][seed % 3] as number, random);
    const pages = memory.length / 65536;
    const module = await rewritten('(memory (export "m") 1)', {
      memories: [{ index: 0, pages, ranges: nonZeroRanges(memory) }],
    });
    expect(Buffer.compare(memoryOf(instantiate(module)), memory)).toBe(0);
  });

  test("a snapshot of another module is refused", async () => {
    const input = await single("(memory 1)");
    const attempt = (state: State) => () => write(input, [state]);
    expect(attempt({ memories: [image(1, 1)] })).toThrow(ComponentInitError);
    expect(attempt({ globals: [{ index: 0, bits: new Uint8Array(4) }] })).toThrow("does not fit the component");
    expect(() => write(input, [])).toThrow("the snapshot has 0 core instances and the component 1");
  });
});

describe("rule 2: the input's data segments", () => {
  test("that are active are gone, those on an imported memory too", async () => {
    const input = await wat(`(component
      (core module $a (memory (export "m") 1) (data (i32.const 0) "mine")) (core instance $a (instantiate $a))
      (core module $b (import "a" "m" (memory 1)) (data (i32.const 0) "other") ${KEEP}) (core instance $b (instantiate $b (with "a" (instance $a)))) ${keep("$b")})`);
    const output = write(input, [{ memories: [image(0, 1, [9, "image"])] }, {}]);
    await validate(output);
    const modules = await coreModules(output);
    expect(modules.map(dataSegmentFlags)).toEqual([[0], []]);
    expect(Buffer.from(output).toString("latin1")).not.toMatch(/mine|other/);
  });

  const INIT_ALL = `(func (export "init") (param i32) (memory.init 0 (local.get 0) (i32.const 0) (i32.const 0)))
    (func (export "copy") (memory.init 2 (i32.const 100) (i32.const 0) (i32.const 4)))
    (func (export "stale") (memory.init 1 (i32.const 100) (i32.const 0) (i32.const 1)))`;
  const SEGMENTS = `(memory (export "m") 1) (data "gone") (data (i32.const 8) "active") (data "kept") ${INIT_ALL}`;

  test("that are passive keep their number, and empty passive ones stand where active ones were", async () => {
    const module = await rewritten(SEGMENTS, { memories: [image(0, 1, [8, "image"])] });
    expect(dataSegmentFlags(module)).toEqual([1, 1, 1, 0]);
    const exports = instantiate(module);
    (exports.copy as () => void)();
    expect(Buffer.from(memoryOf(exports).subarray(100, 104)).toString()).toBe("kept");
    // Applied segments count as dropped: copying from one traps, as it did in the input.
    expect(exports.stale).toThrow(WebAssembly.RuntimeError);
  });

  test("that the guest dropped are empty", async () => {
    const module = await rewritten(SEGMENTS, { memories: [image(0, 1)], droppedData: [2] });
    expect(dataSegmentFlags(module)).toEqual([1, 1, 1]);
    expect(instantiate(module).copy).toThrow(WebAssembly.RuntimeError);
    expect(Buffer.from(module).toString("latin1")).toContain("gone");
    expect(Buffer.from(module).toString("latin1")).not.toContain("kept");
  });

  test("need no placeholders where no code can refer to them", async () => {
    const module = await rewritten('(memory (export "m") 1) (data (i32.const 8) "active")', {
      memories: [image(0, 1, [8, "x"])],
    });
    expect(dataSegmentFlags(module)).toEqual([0]);
    expect(memoryOf(instantiate(module)).subarray(8, 10)).toEqual(new Uint8Array(["x".charCodeAt(0), 0]));
  });

  test("element segments that the guest dropped trap, and still declare their functions", async () => {
    const text = `(table $t 4 funcref) (func $f) (elem $e func $f)
      (func (export "init") (table.init $e (i32.const 0) (i32.const 0) (i32.const 1))) (func (export "ref") (drop (ref.func $f)))`;
    expect(instantiate(await rewritten(text, {})).init).not.toThrow();
    const exports = instantiate(await rewritten(text, { droppedElements: [0] }));
    expect(exports.init).toThrow(WebAssembly.RuntimeError);
    expect(exports.ref).not.toThrow();
  });
});

test("rule 3: start functions go, on every module", async () => {
  const input = await wat(`(component
    (core module $a (memory (export "m") 1) (func unreachable) (start 0)) (core instance $a (instantiate $a))
    (core module $b (import "a" "m" (memory 1)) (func unreachable) (start 0) ${KEEP}) (core instance $b (instantiate $b (with "a" (instance $a)))) ${keep("$b")})`);
  const modules = await coreModules(write(input, [{}, {}]));
  expect(modules).toHaveLength(2);
  for (const module of modules) expect(section(module, START)).toBeUndefined();
});

/** wasm-tools adds a comment to some numbers: `(;=NaN;)`. */
function globalText(type: string, init: string): RegExp {
  return new RegExp(`\\(global \\(;0;\\) \\(mut ${type}\\) ${init}( \\(;.*;\\))?\\)`);
}

describe("rule 4: mutable globals", () => {
  test.each([
    ["i32", "01000080", "i32.const -2147483647"],
    ["i64", "0100000000000080", "i64.const -9223372036854775807"],
    ["f32", "0100a07f", "f32.const nan:0x200001"],
    ["f32", "0000c0ff", "f32.const -nan"],
    ["f32", "00000080", "f32.const -0x0p\\+0"],
    ["f64", "010000000000f4ff", "f64.const -nan:0x4000000000001"],
    ["v128", "0100a0ff0200c07f00000080ffffffff", "v128.const i32x4 0xffa00001 0x7fc00002 0x80000000 0xffffffff"],
  ])("of type %s start with the bits %s", async (type, hex, expected) => {
    const zero = type === "v128" ? "v128.const i64x2 0 0" : `${type}.const 0`;
    const module = await rewritten(`(global (export "g") (mut ${type}) (${zero}))`, {
      globals: [{ index: 0, bits: new Uint8Array(Buffer.from(hex, "hex")) }],
    });
    expect(await print(module)).toMatch(globalText(type, expected));
  });

  test("take their value in the module that defines them, and the others stay", async () => {
    const input = await wat(`(component
      (core module $a (global (export "g") (mut i32) (i32.const 1))) (core instance $a (instantiate $a))
      (core module $b (import "a" "g" (global (mut i32))) (global i32 (i32.const 2)) (global (mut i32) (i32.const 3)) ${KEEP})
      (core instance $b (instantiate $b (with "a" (instance $a)))) ${keep("$b")})`);
    const bits = (value: number) => new Uint8Array([value, 0, 0, 0]);
    const output = write(input, [
      { globals: [{ index: 0, bits: bits(10) }] },
      { globals: [{ index: 2, bits: bits(30) }] },
    ]);
    const [a, b] = (await Promise.all((await coreModules(output)).map(print))) as [string, string];
    expect(a).toContain("(global (;0;) (mut i32) i32.const 10)");
    expect(b).toContain("(global (;1;) i32 i32.const 2)");
    expect(b).toContain("(global (;2;) (mut i32) i32.const 30)");
  });

  test.each([
    ["an imported one", "(global i32 (i32.const 0))", 1],
    ["an immutable one", "(global i32 (i32.const 0))", 0],
    ["a reference", "(global (mut funcref) (ref.null func))", 0],
  ])("do not include %s", async (_, text, index) => {
    const input = await single(text);
    const globals = [{ index, bits: new Uint8Array(4) }];
    expect(() => write(input, [{ globals }])).toThrow(`no mutable number global ${index}`);
  });
});

test("rule 8: code and custom sections, names included, stay byte by byte", async () => {
  const input = await single(
    `(type $t (func (param $x i32))) (memory $mem 1) (global $g (mut i32) (i32.const 1)) (data $d (i32.const 0) "x")
    (func $start) (start $start) (func $work (export "work") (param $x i32) (local $y i64) (i32.store (local.get $x) (global.get $g)))
    (@custom ".debug_info" "\\01\\02\\03") (@custom "producers" "p")`,
  );
  const [before] = await coreModules(input);
  const bits = new Uint8Array([9, 0, 0, 0]);
  const output = write(input, [{ memories: [image(0, 2, [0, "image"])], globals: [{ index: 0, bits }] }]);
  const [after] = await coreModules(output);
  const kept = (module: Uint8Array | undefined) =>
    sections(module as Uint8Array).filter(({ id }) => id === CODE || id === 0);
  expect(kept(before).length).toBe(4);
  expect(kept(after)).toEqual(kept(before));
});

describe("rule 10: the init export", () => {
  const APP = `
    (func $init (canon lift (core func $i "init"))) (func $get (result u32) (canon lift (core func $i "get")))
    (export "init" (func $init)) (export "get" (func $get))`;
  const MODULE = '(func (export "init")) (func (export "get") (result i32) (i32.const 1)) (func (export "extra"))';
  const INIT: InitFunction = {
    kind: "export",
    interface: undefined,
    name: "init",
    type: { async: false, params: [] },
    args: [],
  };
  const coreExports = async (output: Uint8Array) =>
    WebAssembly.Module.exports(
      new WebAssembly.Module(new Uint8Array((await coreModules(output))[0] as Uint8Array)),
    ).map(({ name }) => name);

  // wasmtime issue 13168: there an init that the core module exports under the same name broke the output.
  test("goes from the component and from the core module, which may call it the same", async () => {
    const output = write(await application(MODULE, APP), [{}], INIT);
    await validate(output);
    expect(await coreExports(output)).toEqual(["get", "extra"]);
    expect(await print(output)).not.toContain('"init"');
  });

  test("stays in both when nothing is to be removed", async () => {
    const output = write(await application(MODULE, APP), [{}]);
    expect(await coreExports(output)).toEqual(["init", "get", "extra"]);
    expect(await print(output)).toContain('(export (;2;) "init" (func $init))');
  });

  test("stays in the core module when another export lifts it too", async () => {
    const shared = `${APP} (func $again (canon lift (core func $i "init"))) (export "again" (func $again))`;
    const output = write(await application(MODULE, shared), [{}], INIT);
    await validate(output);
    expect(await coreExports(output)).toEqual(["init", "get", "extra"]);
  });

  test("stays in the core module when another one gets the whole instance", async () => {
    const passed = `${APP} (core module $n (import "i" "init" (func)) ${KEEP}) (core instance $n (instantiate $n (with "i" (instance $i)))) ${keep("$n")}`;
    const output = write(await application(MODULE, passed), [{}, {}], INIT);
    await validate(output);
    expect(await coreExports(output)).toEqual(["init", "get", "extra"]);
  });

  test("goes from the core module when another one gets the instance for something else", async () => {
    const passed = `${APP} (core module $n (import "i" "extra" (func)) ${KEEP}) (core instance $n (instantiate $n (with "i" (instance $i)))) ${keep("$n")}`;
    const output = write(await application(MODULE, passed), [{}, {}], INIT);
    await validate(output);
    expect(await coreExports(output)).toEqual(["get", "extra"]);
  });

  test("that is a core function goes from the core module, unless it is lifted", async () => {
    const of = (name: string): InitFunction => ({ kind: "core", instance: 0, name });
    const input = await application(MODULE, APP);
    expect(await coreExports(write(input, [{}], of("extra")))).toEqual(["init", "get"]);
    expect(await coreExports(write(input, [{}], of("init")))).toEqual(["init", "get", "extra"]);
  });

  test("stays, with a warning, next to other functions of its interface", async () => {
    const input = await application(
      MODULE,
      `(func $init (canon lift (core func $i "init"))) (func $x (canon lift (core func $i "extra")))
      (instance $n (export "init" (func $init)) (export "extra" (func $x))) (export "a:b/c" (instance $n))`,
    );
    const remove = { ...INIT, interface: "a:b/c" };
    const { component, warnings } = rewrite(
      specialize(input),
      { instances: [{ ...NOTHING, instance: 0 }] },
      { remove },
    );
    expect(warnings).toEqual(["a:b/c#init stays exported, because its interface has other functions"]);
    expect(await coreExports(encodeComponent(component).toBytes())).toEqual(["init", "get", "extra"]);
  });
});

test("rule 11: the same snapshot gives the same bytes, and input and snapshot stay as they are", async () => {
  const input = await single(`(memory 1) (data (i32.const 0) "x") (global (mut i32) (i32.const 0)) (func) (start 0)`);
  const before = input.slice();
  const memory = randomMemory(65536, 0.1, new Random(7));
  const states = [
    {
      memories: [{ index: 0, pages: 1, ranges: nonZeroRanges(memory) }],
      globals: [{ index: 0, bits: new Uint8Array(4) }],
    },
  ];
  const copy = structuredClone(states);
  const first = write(input, states);
  expect(Buffer.compare(write(input, states), first)).toBe(0);
  expect(Buffer.compare(input, before)).toBe(0);
  expect(states).toEqual(copy);
});
