import { readdir, readFile } from "node:fs/promises";
import { componentEmbed } from "@bytecodealliance/jco-transpile/wasm-tools";
import type { LibraryInput } from "../../src/link/library.js";
import { compileC, REACTOR_FLAGS } from "./clang.js";
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

/**
 * A program that libraries can be put next to: it shares its table and stack, and exports Lua. `--export-dynamic` does
 * not reach the C library, whose symbols are hidden.
 */
const PROGRAM_FLAGS = [
  ...REACTOR_FLAGS,
  ...LUA_FLAGS,
  "-fvisibility=default",
  "-Wl,--export-dynamic",
  "-Wl,--export-table",
  "-Wl,--growable-table",
  "-Wl,--export=__stack_pointer",
  "-Wl,--export=malloc",
  "-Wl,--export=free",
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

async function nativeModule(): Promise<LibraryInput> {
  return cLibrary("native.so", { ...(await filesOf(OURS, ["native.c"])), ...(await upstream(".h")) });
}

export interface LuaProgram {
  /** A core module, its world embedded, which exports every function that {@link native} wants of it. */
  readonly program: Uint8Array;
  /** `native.so`. */
  readonly native: Uint8Array;
}

/**
 * The application, Lua and the C library as one program that opens libraries while it runs.
 *
 * @param dl C that defines `dlopen`, `dlsym`, `dlclose` and `dlerror`; without it the program imports them from `env`
 */
export async function luaProgram(dl?: string): Promise<LuaProgram> {
  const { bytes: native } = await nativeModule();
  const files = { ...(await filesOf(OURS, ["application.c"])), ...(await upstream(".c")), ...(await upstream(".h")) };
  const flags = [...PROGRAM_FLAGS, ...functionsWantedBy(native).map((name) => `-Wl,--export=${name}`)];
  const binary = await (dl === undefined
    ? compileC({ ...files, "dl.txt": DL_FUNCTIONS.join("\n") }, [...flags, "-Wl,--allow-undefined-file=dl.txt"])
    : compileC({ ...files, "dl.c": dl }, flags));
  return { program: await componentEmbed({ binary, witSource: WORLD.wit, world: WORLD.world }), native };
}

const DL_FUNCTIONS = ["dlopen", "dlsym", "dlclose", "dlerror"] as const;

function functionsWantedBy(library: Uint8Array): string[] {
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(library as Uint8Array<ArrayBuffer>));
  return imports.filter(({ module, kind }) => module === "env" && kind === "function").map(({ name }) => name);
}
