import { readFile } from "node:fs/promises";
import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, test } from "vitest";
import { concat } from "../../src/binary/writer.js";
import { preinitialize } from "../../src/index.js";
import { instrumentModule } from "../../src/instrument/module.js";
import { findProgram, type RunningCore } from "../../src/loader/program.js";
import { ALL_ENGINES } from "../support/differential.js";
import { directoryOf, textLibrary } from "../support/dlopen.js";
import { jcoSession } from "../support/jco.js";
import { wat } from "../support/wat.js";

const DL_WIT = new URL("../../shared-libs/dlopen/dlopen.wit", import.meta.url);

/** A program in WAT: `init` opens /lib/a.so and looks `answer` up, `call` calls it. What fails is in the report. */
async function program(fields: string, before = ""): Promise<Uint8Array> {
  const call = fields.includes("$table")
    ? "(call_indirect $table (result i32) (i32.load (i32.const 84)))"
    : "(i32.load (i32.const 8))";
  const core = await wat(`(module
    (import "component-init:dlopen/dl@0.1.0" "open" (func $open (param i32 i32 i32 i32)))
    (import "component-init:dlopen/dl@0.1.0" "symbol" (func $symbol (param i32 i32 i32 i32)))
    ${fields}
    (global (export "__stack_pointer") (mut i32) (i32.const 4096))
    (global $end (mut i32) (i32.const 4096))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $end (i32.add (global.get $end) (local.get 3)))
      (i32.sub (global.get $end) (local.get 3)))
    (data (i32.const 16) "/lib/a.so" "answer")
    (func (export "init")
      ${before}
      (call $open (i32.const 16) (i32.const 9) (i32.const 0) (i32.const 64))
      (call $symbol (i32.load (i32.const 68)) (i32.const 25) (i32.const 6) (i32.const 80)))
    (func (export "call") (result i32) ${call}))`);
  const [, dl] = (await readFile(DL_WIT, "utf8")).split("package component-init:dlopen@0.1.0;");
  const wit = `package test:program; package component-init:dlopen@0.1.0 { ${dl} }
    world program { import component-init:dlopen/dl@0.1.0; export init: func(); export call: func() -> s32; }`;
  return componentNew(await componentEmbed({ binary: core, witSource: wit, world: "program" }), []);
}

const LIBRARY = textLibrary(
  "(mem-info (memory 4 2))",
  `(data (global.get $memory_base) "\\2a\\00\\00\\00")
  (func (export "answer") (result i32) (i32.load (global.get $memory_base)))`,
);

async function initialized(component: Uint8Array) {
  const preopens = [{ host: directoryOf({ "a.so": await wat(LIBRARY) }), guest: "/lib" }];
  return preinitialize(component, { initFunc: "init", preopens, verify: true });
}

const MEMORY = '(memory (export "memory") 1)';
const TABLE = "(table $table 1 funcref)";

describe("a program without an allocator and without exports", () => {
  test.each([
    ["a table", `${MEMORY} ${TABLE}`],
    ["a table of a fixed size", `${MEMORY} (table $table 1 1 funcref)`],
    ["another table before it", `${MEMORY} (table $objects 1 externref) ${TABLE}`],
    ["two memories", `${MEMORY} (memory $other 1) ${TABLE}`],
    [
      "functions that are only called like an allocator's",
      `${MEMORY} ${TABLE} (func (export "malloc") (param i64) (result i64) unreachable) (func (export "free") (result i32) unreachable)`,
    ],
    ["a function that is only called free", `${MEMORY} ${TABLE} (func (export "free") (param i32 i32) unreachable)`],
  ])("with %s opens libraries", async (_, fields) => {
    const { component, report } = await initialized(await program(fields));
    expect(report.dlopen).toMatchObject({ open: ["a.so"], failures: [] });
    for (const { available, session } of ALL_ENGINES) {
      if (available) expect((await session(component, { calls: [{ export: "call" }] })).outcomes).toEqual([{ ok: 42 }]);
    }
  });
});

test("a table that the program has filled itself", async () => {
  // V8's limit.
  const fill = "(drop (table.grow $table (ref.null func) (i32.const 9999999)))";
  const { report } = await initialized(await program(`${MEMORY} ${TABLE}`, fill));
  const error = "the table cannot have 1 more entries";
  expect(report.dlopen?.failures[0]).toEqual({ call: "open", name: "/lib/a.so", error });
});

test("where there is no program nothing can be opened, and the rest goes on", async () => {
  const { component, report } = await initialized(await program(MEMORY, "(i32.store (i32.const 8) (i32.const 5))"));
  const error = "the program has no core module with a memory and a table";
  expect(report.dlopen).toMatchObject({
    open: [],
    failures: [
      { name: "/lib/a.so", error },
      { name: "answer", error },
    ],
  });
  expect((await jcoSession(component, { calls: [{ export: "call" }] })).outcomes).toEqual([{ ok: 5 }]);
});

/** Where it is not known who calls. */
const NOBODY: ReadonlySet<WebAssembly.Memory> = new Set();

describe("of several core instances", () => {
  const memoryOf = ({ exports }: RunningCore) => exports.memory as WebAssembly.Memory;

  test("those of the program that opens libraries", async () => {
    const [first, second] = [await running(PROGRAM), await running(PROGRAM)];
    expect(findProgram([first, second], new Set([memoryOf(second)]))).toMatchObject({
      memory: memoryOf(second),
      main: { exports: second.exports },
    });
  });

  test("where two open libraries it cannot be told", async () => {
    const both = [await running(PROGRAM), await running(PROGRAM)];
    expect(() => findProgram(both, new Set(both.map(memoryOf)))).toThrow(
      "several programs of the component open libraries, and only one can",
    );
  });
});

describe("a core instance with the memory of libraries", () => {
  const withLibrary = async (fields: string) => {
    const owner = await running(`${fields} (memory (export "memory") 1)
      (table (export "__indirect_function_table") 1 funcref) (func (export "f"))`);
    const base = new WebAssembly.Global({ value: "i32" }, 64);
    const env = { __memory_base: base, __table_base: base, ...owner.exports };
    const library = '(@dylink.0) (import "env" "memory" (memory 1)) (import "env" "__memory_base" (global i32))';
    return findProgram([owner, await running(library, { name: "a.so", imports: { env } })], NOBODY);
  };

  test("is the program, where an earlier pre-initialization has put them there", async () => {
    const { main, libraries } = await withLibrary('(global (export "__stack_pointer") (mut i32) (i32.const 0))');
    expect([...(main?.definer.functions.keys() ?? [])]).toEqual(["f"]);
    expect(libraries.map(({ definer }) => definer.name)).toEqual(["a.so"]);
  });

  test("is a linker's, where it says where they are", async () => {
    const { main, libraries } = await withLibrary(`(global (export "__stack_pointer") (mut i32) (i32.const 0))
      (global (export "__memory_base") i32 (i32.const 64)) (func (export "malloc"))`);
    expect(main).toBeUndefined();
    expect(libraries.map(({ definer }) => definer.name)).toEqual(["a.so"]);
  });
});

/** As the compiler makes them for threads of the component model, where each has a stack of its own. */
const STACK_POINTER_FUNCTIONS = `(import "env" "__wasm_get_stack_pointer" (func $get (result i32)))
  (import "env" "__wasm_set_stack_pointer" (func $set (param i32)))`;

describe("a library that asks functions for the stack pointer", () => {
  const library = `(module (@dylink.0) ${STACK_POINTER_FUNCTIONS}
    (func (export "answer") (result i32) (local i32)
      (call $set (i32.sub (call $get) (i32.const 16)))
      (local.set 0 (call $get))
      (call $set (i32.add (call $get) (i32.const 16)))
      (local.get 0)))`;
  const opened = async (component: Uint8Array, text = library) => {
    const preopens = [{ host: directoryOf({ "a.so": await wat(text) }), guest: "/lib" }];
    const options = { initFunc: "init", keepInitFunc: true, preopens, verify: true };
    const result = await preinitialize(component, options);
    const { plan } = result.report.dlopen as NonNullable<typeof result.report.dlopen>;
    const again = await preinitialize(component, { ...options, dlopen: { plan: JSON.parse(JSON.stringify(plan)) } });
    expect(Buffer.compare(result.component, again.component)).toBe(0);
    return result;
  };

  test("is given the program's global", async () => {
    const { component, report } = await opened(await program(`${MEMORY} ${TABLE}`));
    expect(report.dlopen).toMatchObject({ open: ["a.so"], failures: [] });
    for (const { available, session } of ALL_ENGINES) {
      if (available)
        expect((await session(component, { calls: [{ export: "call" }] })).outcomes).toEqual([{ ok: 4080 }]);
    }
  });

  test("is given the program's functions, where it exports them", async () => {
    const fields = `${MEMORY} ${TABLE} (global $own (mut i32) (i32.const 1000))
      (func (export "__wasm_get_stack_pointer") (result i32) (global.get $own))
      (func (export "__wasm_set_stack_pointer") (param i32) (global.set $own (local.get 0)))`;
    const { component } = await opened(await program(fields));
    const { outcomes } = await jcoSession(component, { calls: [{ export: "call" }] });
    expect(outcomes).toEqual([{ ok: 984 }]);
  });

  test("of other types is told so", async () => {
    const text = '(module (@dylink.0) (import "env" "__wasm_get_stack_pointer" (func (result i64))))';
    const { report } = await opened(await program(`${MEMORY} ${TABLE}`), text);
    const error = "Error relocating a.so: it imports __wasm_get_stack_pointer of env, and the program does not";
    expect(report.dlopen?.failures[0]).toMatchObject({ name: "/lib/a.so", error });
  });
});

describe("what is only called as", () => {
  test.each([
    ["a function", '(func (export "__stack_pointer"))'],
    ["a constant", '(global (export "__stack_pointer") i32 (i32.const 1))'],
    ["a number of 64 bits", '(global $__stack_pointer (export "__stack_pointer") (mut i64) (i64.const 1))'],
  ])("the stack pointer is none: %s", async (_, field) => {
    const one = await running(`(memory (export "memory") 1) (table 1 funcref) ${field}`);
    expect(findProgram([one], NOBODY).stackPointer).toBeUndefined();
  });

  test("the memory is not the one that calls are made with", async () => {
    const one = await running('(memory (export "memory") 1) (memory (export "other") 1) (table 1 funcref)');
    const other = one.exports.other as WebAssembly.Memory;
    expect(findProgram([one], new Set([other])).memory).toBe(other);
  });
});

describe("what libraries cannot share", () => {
  test.each([
    ["a memory", '(memory (export "memory") i64 1) (table 1 funcref)', "the program's memory has 64-bit addresses"],
    ["a table", "(memory 1) (table i64 1 funcref)", "the program has no table of functions with 32-bit indices"],
    ["a table of objects", "(memory 1) (table 1 externref)", "the program has no table of functions with 32-bit"],
  ])("%s", async (_, fields, error) => {
    const one = await running(fields);
    expect(() => findProgram([one], NOBODY)).toThrow(error);
  });
});

test("what the program can change or has for itself is no symbol", async () => {
  const { main } = findProgram(
    [
      await running(`${PROGRAM} (global (export "constant") i32 (i32.const 8)) (global (export "variable") (mut i32) (i32.const 9))
      (func (export "function")) (func (export "cabi_post_run")) (func (export "_initialize"))`),
    ],
    NOBODY,
  );
  expect([...(main?.definer.data ?? [])]).toEqual([["constant", 8]]);
  expect([...(main?.definer.functions.keys() ?? [])]).toEqual(["function"]);
});

const PROGRAM = '(memory (export "memory") 1) (table 1 funcref) (global (mut i32) (i32.const 0))';

/** A core instance as the host has it. */
async function running(
  fields: string,
  { name, imports = {} }: { name?: string; imports?: WebAssembly.Imports } = {},
): Promise<RunningCore> {
  const definition = {
    kind: "core module",
    sort: "core module",
    offset: 0,
    chunks: [await wat(`(module ${fields})`)],
  } as const;
  const module = instrumentModule({ ...definition }, name);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(concat(module.chunks)), imports);
  return { name, module, exports, imports };
}
