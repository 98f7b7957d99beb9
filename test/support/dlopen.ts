import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { compileC, componentize, REACTOR_FLAGS } from "./clang.js";

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

/** A directory with files, for the guest. */
export function directoryOf(files: Readonly<Record<string, Uint8Array | string>>): string {
  const directory = mkdtempSync(join(tmpdir(), "component-init-dlopen-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  for (const [name, contents] of Object.entries(files)) writeFileSync(join(directory, name), contents);
  return directory;
}
