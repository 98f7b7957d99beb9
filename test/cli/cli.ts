import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa, type Options } from "execa";
import { afterAll, beforeAll } from "vitest";
import { ROOT } from "../support/paths.js";

export const MAIN = join(ROOT, "dist/bin/main.js");

export interface Outcome {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line as a user does, with nothing on its standard input unless given. */
export async function cli(args: readonly string[], options: Options = {}): Promise<Outcome> {
  const result = await execa(process.execPath, [MAIN, ...args], {
    reject: false,
    stripFinalNewline: false,
    ...(options.input === undefined && options.stdin === undefined && { stdin: "ignore" as const }),
    ...options,
    env: { NO_COLOR: undefined, FORCE_COLOR: undefined, ...options.env },
  });
  return {
    exitCode: result.exitCode,
    signal: result.signal,
    stdout: String(result.stdout ?? ""),
    stderr: String(result.stderr ?? ""),
  };
}

/** Whether there is a terminal to be had. */
export const hasScript = canRunScript();
if (!hasScript) console.warn("tests on a terminal are skipped: there is no `script` of util-linux");

function canRunScript(): boolean {
  try {
    return execFileSync("script", ["--version"], { encoding: "utf8" }).includes("util-linux");
  } catch {
    return false;
  }
}

/** What a terminal gets: both streams, with its line ends. */
export async function onTerminal(args: readonly string[], env: Record<string, string | undefined> = {}) {
  const command = [process.execPath, MAIN, ...args].map((arg) => `'${arg.replaceAll("'", "'\\''")}'`).join(" ");
  const result = await execa("script", ["-qec", command, "/dev/null"], {
    reject: false,
    stdin: "ignore",
    // Node takes a terminal in CI for one without colours.
    env: { CI: undefined, NO_COLOR: undefined, FORCE_COLOR: undefined, TERM: "xterm-256color", ...env },
  });
  return { exitCode: result.exitCode, output: result.stdout };
}

/** A directory for the tests of a file; `dist` is built before they run if `src` is newer. */
export function useWorkspace(): {
  path(name: string): string;
  write(name: string, data: string | Uint8Array): Promise<string>;
} {
  let directory = "";
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "component-init-cli-"));
    if (isStale()) await execa({ cwd: ROOT })`npm run build`;
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));
  const path = (name: string) => join(directory, name);
  const write = async (name: string, data: string | Uint8Array) => {
    await writeFile(path(name), data);
    return path(name);
  };
  return { path, write };
}

function isStale(): boolean {
  if (!existsSync(MAIN)) return true;
  const built = newest(join(ROOT, "dist"), ".js");
  return newest(join(ROOT, "src"), ".ts") > built;
}

function newest(folder: string, extension: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(extension));
  return Math.max(...files.map((name) => statSync(join(folder, name)).mtimeMs));
}

/** Initializes to 42, which `get` returns. */
export const COMPONENT = `(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "init") (i32.store (i32.const 0) (i32.const 42)))
    (func (export "set") (param i32) (i32.store (i32.const 0) (local.get 0)))
    (func (export "get") (result i32) (i32.load (i32.const 0)))
    (func $inner unreachable)
    (func (export "trap") (call $inner))
    (func (export "forever") (loop $again (br $again))))
  (core instance $i (instantiate $m))
  (func (export "init") (canon lift (core func $i "init")))
  (func (export "set") (param "value" u32) (canon lift (core func $i "set")))
  (func (export "trap") (canon lift (core func $i "trap")))
  (func (export "forever") (canon lift (core func $i "forever")))
  (func (export "get") (result u32) (canon lift (core func $i "get"))))`;
