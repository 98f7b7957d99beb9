import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { instrument, invoke, type PreinitializeOptions, preinitialize, prepare, type Report } from "../../src/index.js";
import type { LibraryInput } from "../../src/link/library.js";
import { compileC, componentize, REACTOR_FLAGS } from "./clang.js";
import { enginesWith, type Feature } from "./differential.js";
import { cLibrary, watLibrary } from "./libraries.js";

const OURS = new URL("../../shared-libs/dlopen/", import.meta.url);

/** What gives a program `dlopen`, to be compiled into it. */
export const LIBDL_FILES: Readonly<Record<string, string>> = Object.fromEntries(
  ["libdl.c", "dlopen_bytes.h", "world.h"].map((name) => [name, readFileSync(new URL(name, OURS), "utf8")]),
);

/** What docs/dlopen.md says that a program of one core module needs. */
export const PROGRAM_FLAGS = [
  ...REACTOR_FLAGS,
  "-fvisibility=default",
  "-Wl,--export-dynamic",
  "-Wl,--export-table",
  "-Wl,--export=__stack_pointer",
  "-Wl,--export=malloc",
  "-Wl,--export=free",
] as const;

/** A program in C of one core module that opens libraries, made a component. */
export async function dlProgram(source: string, wit: string, flags: readonly string[] = []): Promise<Uint8Array> {
  const core = await compileC({ "program.c": source, ...LIBDL_FILES }, [...PROGRAM_FLAGS, ...flags]);
  return componentize(core, `package test:dlopen; world program { ${wit} }`, "program");
}

/** Flags to export what a library wants of a program. */
export function exportsFor(library: Uint8Array): string[] {
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(library as Uint8Array<ArrayBuffer>));
  const wanted = imports.filter(({ module, kind }) => module === "env" && kind === "function");
  return wanted.map(({ name }) => `-Wl,--export=${name}`);
}

/** A library in WAT, with what a library in C imports of the linker: `$memory_base` and so on. */
export function textLibrary(dylink: string, fields: string): string {
  return `(module (@dylink.0 ${dylink})
    (import "env" "memory" (memory 0))
    (import "env" "__indirect_function_table" (table $table 0 funcref))
    (import "env" "__memory_base" (global $memory_base i32))
    (import "env" "__table_base" (global $table_base i32))
    (import "env" "__stack_pointer" (global $stack_pointer (mut i32)))
    ${fields})`;
}

/** A directory with files, for the guest. */
export function directoryOf(files: Readonly<Record<string, Uint8Array | string>>): string {
  const directory = mkdtempSync(join(tmpdir(), "component-init-dlopen-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  for (const [name, contents] of Object.entries(files)) writeFileSync(join(directory, name), contents);
  return directory;
}

/**
 * A program that opens libraries as a script says, of which each line is answered by one:
 *
 *     open NAME MODE         a number for the library, counted from 0
 *     call WHERE SYMBOL N    what the function gives for N; WHERE is a library's number, `default`, `next` or `program`
 *     data WHERE SYMBOL      the int that is there
 *     same WHERE SYMBOL WHERE SYMBOL   whether both are at the same address
 *     close NUMBER           what dlclose gives
 *
 * or by the error. Libraries find `host_double`, `host_value` and the hook `host_hook` in it.
 */
export async function scriptedProgram(): Promise<Uint8Array> {
  return dlProgram(await scriptedSource(), SCRIPTED_WIT);
}

const scriptedSource = () => readFile(new URL("dlopen/scripted.c", import.meta.url), "utf8");

/** The same as a library, to be linked with the C library. */
export async function scriptedLibrary(): Promise<LibraryInput> {
  const { "dlopen_bytes.h": header = "" } = LIBDL_FILES;
  const files = { "scripted.c": await scriptedSource(), "dlopen_bytes.h": header };
  const wit = `package test:dlopen; world program { ${SCRIPTED_WIT} }`;
  return cLibrary("scripted.so", files, { wit, world: "program" });
}

const SCRIPTED_WIT = "export run: func(script: string) -> string;";

export interface ScriptedCase {
  /** In C or in WAT, by file name: they are in `/lib`. */
  readonly libraries: Readonly<Record<string, string | LibrarySource>>;
  /** What initialization does, and what is done afterwards: lines and their answers. */
  readonly init: readonly Line[];
  readonly after: readonly Line[];
  readonly options?: Partial<PreinitializeOptions>;
  /** What the libraries need of an engine. */
  readonly needs?: Feature;
}

type Line = readonly [line: string, answer: number | string];

export interface LibrarySource {
  readonly source: string;
  readonly flags: readonly string[];
}

/**
 * Initialize and go on in one life, and go on after pre-initialization in each engine: the answers are the same. Done again by its plan,
 * the output is the same.
 */
export async function checkScripted({ libraries, init, after, options = {}, needs }: ScriptedCase): Promise<Report> {
  const component = await scriptedProgram();
  const preopens = [{ host: directoryOf(await compileAll(libraries)), guest: "/lib" }];
  const [first, second] = [scriptOf(init), scriptOf(after)];
  const prepared = await prepare(instrument(component, {}, limitsOf(options)));
  const { results } = await invoke(prepared, [runOf(first), runOf(second)], { preopens, ...dlopenOf(options) });
  expect(results.map(linesOf)).toEqual([answersOf(init), answersOf(after)]);
  const settings = { initFunc: runOf(first), keepInitFunc: true, preopens, verify: true, ...options };
  const { component: output, report } = await preinitialize(component, settings);
  const plan = JSON.parse(JSON.stringify(report.dlopen?.plan));
  const again = await preinitialize(component, { ...settings, dlopen: { ...settings.dlopen, plan } });
  expect(Buffer.compare(again.component, output)).toBe(0);
  for (const { available, session } of enginesWith(needs)) {
    if (!available) continue;
    const { outcomes } = await session(output, { calls: [{ export: "run", args: [second] }] });
    expect(outcomes.map((outcome) => ("ok" in outcome ? linesOf(outcome.ok) : outcome))).toEqual([answersOf(after)]);
  }
  return report;
}

const limitsOf = ({ maxMemory }: Partial<PreinitializeOptions>) => (maxMemory === undefined ? {} : { maxMemory });
const dlopenOf = ({ dlopen }: Partial<PreinitializeOptions>) => (dlopen === undefined ? {} : { dlopen });
const scriptOf = (lines: readonly Line[]) => lines.map(([line]) => line).join("\n");
const answersOf = (lines: readonly Line[]) => lines.map(([, answer]) => String(answer));
const runOf = (script: string) => `run(${JSON.stringify(script)})`;
const linesOf = (text: unknown) => String(text).split("\n").slice(0, -1);

async function compileAll(libraries: ScriptedCase["libraries"]): Promise<Record<string, Uint8Array>> {
  const built = Object.entries(libraries).map(async ([name, library]) => {
    const { source, flags } = typeof library === "string" ? { source: library, flags: [] } : library;
    const isText = source.startsWith("(module");
    const { bytes } = await (isText ? watLibrary(name, source) : cLibrary(name, source, { flags }));
    return [name, bytes] as const;
  });
  return Object.fromEntries(await Promise.all(built));
}
