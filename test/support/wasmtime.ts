import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { CACHE } from "./paths.js";
import { type Arg, InstantiationError, type SessionOptions, type SessionResult, type WasiSettings } from "./session.js";

// What .ci/run installs. Another version may accept other binaries, and a result must not depend on the machine.
const VERSION = readFileSync(new URL("requirements.txt", import.meta.url), "utf8")
  .trim()
  .replace("wasmtime==", "");
const RUNNER = fileURLToPath(new URL("wasmtime_runner.py", import.meta.url));
const VENV_PYTHON = join(CACHE, "wasmtime-venv", "bin", "python");

const python = findPython();

/** Why there is no Wasmtime to test with; undefined when there is one. */
export const wasmtimeMissing = missingReason();

/**
 * Whether tests that need Wasmtime run. Where it is missing they are skipped and the reason is printed, except under
 * `COMPONENT_INIT_REQUIRE_WASMTIME=1`: then they run, and fail with the reason.
 */
export const hasWasmtime = wasmtimeMissing === undefined || process.env.COMPONENT_INIT_REQUIRE_WASMTIME === "1";

if (!hasWasmtime) console.warn(`tests in Wasmtime are skipped: ${wasmtimeMissing}`);

function findPython(): string {
  const configured = process.env.COMPONENT_INIT_PYTHON;
  if (configured) return configured;
  return existsSync(VENV_PYTHON) ? VENV_PYTHON : "python3";
}

function missingReason(): string | undefined {
  const script = "import importlib.metadata as m; print(m.version('wasmtime'))";
  try {
    const found = execFileSync(python, ["-c", script], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
    return found === VERSION ? undefined : `${python} has wasmtime ${found}, the tests are for ${VERSION}`;
  } catch (error) {
    const last = String((error as { stderr?: string }).stderr ?? error)
      .trim()
      .split("\n")
      .at(-1);
    return `${python} has no package wasmtime ${VERSION} (${last}); run .ci/run, or name another Python in COMPONENT_INIT_PYTHON`;
  }
}

export interface WasmtimeOptions extends SessionOptions {
  /** Whether functions may wait, which a component that imports async functions needs whether it calls them or not. */
  readonly waits?: boolean;
}

/** Instantiates a component in Wasmtime with WASI 0.2, other imports being traps, and makes the calls in order. */
export async function wasmtimeSession(
  component: Uint8Array | string,
  options: WasmtimeOptions,
): Promise<SessionResult> {
  if (wasmtimeMissing !== undefined) throw new Error(wasmtimeMissing);
  const bytes = typeof component === "string" ? await readFile(component) : component;
  const directory = await mkdtemp(join(tmpdir(), "component-init-wasmtime-"));
  try {
    const request = {
      component: Buffer.from(bytes).toString("base64"),
      wasi: await wasiRequest(directory, options.wasi ?? {}),
      calls: options.calls.map((call) => ({ export: call.export, args: (call.args ?? []).map(argToJson) })),
      waits: options.waits ?? false,
      cacheConfig: await cacheConfig(directory),
    };
    return await run(request);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function run(request: object): Promise<SessionResult> {
  const { stdout } = await execa(python, [RUNNER], { input: JSON.stringify(request), timeout: 120_000 });
  const answer = JSON.parse(stdout) as SessionResult | { instantiationError: string };
  if ("instantiationError" in answer) throw new InstantiationError(answer.instantiationError);
  return answer;
}

async function wasiRequest(directory: string, wasi: WasiSettings): Promise<object> {
  const stdinFile = join(directory, "stdin");
  await writeFile(stdinFile, wasi.stdin ?? new Uint8Array());
  return { args: wasi.args ?? [], env: wasi.env ?? {}, preopens: wasi.preopens ?? [], stdinFile };
}

/** Compiling StarlingMonkey takes Cranelift a minute of CPU, so compiled code is kept. */
async function cacheConfig(directory: string): Promise<string> {
  const compiled = join(CACHE, "wasmtime");
  await mkdir(compiled, { recursive: true });
  const path = join(directory, "cache.toml");
  await writeFile(path, `[cache]\ndirectory = ${JSON.stringify(compiled)}\n`);
  return path;
}

function argToJson(arg: Arg): unknown {
  if (arg === undefined || arg === null) return null;
  if (typeof arg === "bigint") return `${arg}n`;
  if (typeof arg === "number" && (!Number.isFinite(arg) || Object.is(arg, -0))) {
    return Object.is(arg, -0) ? "-0" : String(arg);
  }
  if (ArrayBuffer.isView(arg)) return Array.from(arg as Uint8Array);
  if (Array.isArray(arg)) return arg.map(argToJson);
  if (typeof arg === "object")
    return Object.fromEntries(Object.entries(arg).map(([name, field]) => [name, argToJson(field)]));
  return arg;
}
