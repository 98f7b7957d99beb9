import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { ENGINES } from "../support/differential.js";
import { linked, preview1Adapter } from "../support/libraries.js";
import { INIT_SCRIPT, luaLibraries, luaProgram } from "../support/lua.js";
import { comparable } from "../support/session.js";

let component: Uint8Array;
const host = mkdtempSync(join(tmpdir(), "component-init-lua-"));
const preopens = [{ host, guest: "/lua" }];

beforeAll(async () => {
  const libraries = await luaLibraries();
  copyFileSync(INIT_SCRIPT, join(host, "init.lua"));
  // `require` looks for a file before it opens the library of that name.
  for (const { name, bytes } of libraries) if (name === "native.so") writeFileSync(join(host, name), bytes);
  component = await linked(libraries, { adapters: { wasi_snapshot_preview1: await preview1Adapter() } });
}, 300_000);

afterAll(() => rmSync(host, { recursive: true }));

/** After `init.lua`, in this order. */
const SCRIPTS = [
  ["return #squares", "100"],
  ["return squares[12]", "144"],
  // The module's static variable, in the function that init got from it.
  ["return native.count()", "101"],
  ["return require('native') == native and package.loaded.native == native", "true"],
  // The sum of squares[i] + i.
  ["return list:sum()", "343400"],
  ["list:push(0.5) return #list .. ' ' .. list:sum()", "101 343400.5"],
  ["return native.apply(function(...) return select('#', ...) end, 1, 2, 3)", "3"],
  ["return generator()", "4"],
  ["return remembered[1] == false and remembered[2]", "before"],
  // Errors: of Lua, through the module's frames, of the module, and of its metatable.
  ["return select(2, pcall(error, 'thrown'))", "thrown"],
  ["return select(2, pcall(native.apply, function() error({ code = 42 }) end)).code", "42"],
  ["return select(2, pcall(native.apply, pcall, error, 'inner'))", "false"],
  ["return select(2, pcall(native.fail, 'message'))", "native: message"],
  ["return select(2, pcall(list.sum, {}))", "bad argument #1 to '?' (native.list expected, got table)"],
  ["native.fail('uncaught')", "error: eval:1: native: uncaught"],
  ["return +", "error: eval:1: unexpected symbol near '+'"],
  ["return select(2, coroutine.resume(coroutine.create(function() native.fail('deep') end)))", "eval:1: native: deep"],
  // A finalizer that init's metatable has.
  ["list = nil collectgarbage() return native.collected()", "1"],
] as const;

const calls = SCRIPTS.map(([script]) => ({ export: "eval", args: [script] }));
const answers = SCRIPTS.map(([, answer]) => ({ ok: answer }));

describe.each(ENGINES)("Lua as a library, in $name", ({ available, session }) => {
  test.runIf(available)("requires a module in C", async () => {
    const { outcomes } = await session(component, { wasi: { preopens }, calls: [{ export: "init" }, ...calls] });
    expect(comparable(outcomes)).toEqual([{ ok: null }, ...answers]);
  });

  test.runIf(available)("goes on with the module that init required, and throws errors", async () => {
    const { component: output } = await preinitialize(component, { initFunc: "init", preopens, verify: true });
    const { outcomes } = await session(output, { calls });
    expect(comparable(outcomes)).toEqual(answers);
  });
});

test("Lua as one program has what a module in C wants, and wants dlopen", async () => {
  const { program, native } = await luaProgram();
  const compile = (bytes: Uint8Array) => new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
  const namesIn = (module: string, imports: WebAssembly.ModuleImportDescriptor[]) =>
    imports.filter((one) => one.module === module).map(({ name }) => name);
  const wanted = namesIn("env", WebAssembly.Module.imports(compile(native)));
  expect(wanted).toContain("realloc");
  const places = ["__memory_base", "__table_base"];
  const exported = WebAssembly.Module.exports(compile(program)).map(({ name }) => name);
  expect(exported).toEqual(expect.arrayContaining(wanted.filter((name) => !places.includes(name))));
  const left = namesIn("env", WebAssembly.Module.imports(compile(program)));
  expect(left.sort()).toEqual(["dlclose", "dlerror", "dlopen", "dlsym"]);
}, 300_000);
