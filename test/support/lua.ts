import { readdir, readFile } from "node:fs/promises";
import type { LibraryInput } from "../../src/link/library.js";
import { compileC, componentize } from "./clang.js";
import { exportsFor, LIBDL_FILES, PROGRAM_FLAGS } from "./dlopen.js";
import { cLibrary, systemLibrary } from "./libraries.js";

// Lua 5.2 in C comes with its build for JavaScript.
const UPSTREAM = new URL("../../node_modules/lua.vm.js/lua/src/", import.meta.url);
/** The application, whose init runs `/lua/init.lua`; that script; and `native`, a module in C that it requires. */
const OURS = new URL("lua/", import.meta.url);

export const INIT_SCRIPT = new URL("init.lua", OURS);

const WORLD = {
  wit: "package test:lua; world w { export init: func(); export eval: func(script: string) -> string; }",
  world: "w",
};

/** Two programs, two libraries that want processes and temporary files of the C library, and what opens all libraries. */
const LEFT_OUT = new Set(["lua.c", "luac.c", "liolib.c", "loslib.c", "linit.c"]);

/**
 * Lua throws errors by `longjmp`, which is made of WebAssembly exceptions. Left to itself the compiler takes those of
 * the legacy proposal, which jco and Wasmtime refuse. With `-Os` it would take nearly twice as long.
 */
const LUA_FLAGS = [
  "-O1",
  "-DLUA_USE_DLOPEN",
  "-mllvm",
  "-wasm-enable-sjlj",
  "-mllvm",
  "-wasm-use-legacy-eh=false",
  "-lsetjmp",
] as const;

type Files = Readonly<Record<string, string>>;

async function filesOf(folder: URL, names: readonly string[]): Promise<Files> {
  const read = async (name: string) => [name, await readFile(new URL(name, folder), "utf8")] as const;
  return Object.fromEntries(await Promise.all(names.map(read)));
}

async function upstream(extension: ".c" | ".h"): Promise<Files> {
  const names = await readdir(UPSTREAM);
  return filesOf(UPSTREAM, names.filter((name) => name.endsWith(extension) && !LEFT_OUT.has(name)).sort());
}

/** The application, Lua and the C library as dynamic libraries, and `native.so` to open by its name. */
export async function luaLibraries(): Promise<LibraryInput[]> {
  const headers = await upstream(".h");
  return [
    await cLibrary("application.so", { ...(await filesOf(OURS, ["application.c"])), ...headers }, WORLD),
    await cLibrary("liblua.so", { ...(await upstream(".c")), ...headers }, { flags: LUA_FLAGS }),
    await systemLibrary("libsetjmp.so"),
    await systemLibrary("libc.so"),
    { ...(await nativeModule()), dlOpenable: true },
  ];
}

export async function nativeModule(): Promise<LibraryInput> {
  return cLibrary("native.so", { ...(await filesOf(OURS, ["native.c"])), ...(await upstream(".h")) });
}

/** The application, Lua and the C library as one program that opens libraries while it runs, made a component. */
export async function luaProgram(): Promise<Uint8Array> {
  const { bytes: native } = await nativeModule();
  const files = { ...(await filesOf(OURS, ["application.c"])), ...(await upstream(".c")), ...(await upstream(".h")) };
  const core = await compileC({ ...files, ...LIBDL_FILES }, [...PROGRAM_FLAGS, ...LUA_FLAGS, ...exportsFor(native)]);
  return componentize(core, WORLD.wit, WORLD.world);
}

/** What is asked after init, in this order, and the answers. */
export const SCRIPTS = [
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
