import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeComponent } from "../../src/component/decode.js";
import { exportedFunctions, importedInterfaces } from "../../src/component/resolve.js";
import { CACHE } from "./paths.js";
import {
  type Arg,
  type Call,
  InstantiationError,
  type SessionOptions,
  type SessionResult,
  type WasiSettings,
} from "./session.js";
import { WasmtimeProcess } from "./wasmtime-process.js";
import { NEWEST, OLDER, type WasmtimeVersion } from "./wasmtime-versions.js";

/** Why there is no Wasmtime to test with; undefined when there is one. */
export const wasmtimeMissing = NEWEST.missing;

const isRequired = process.env.COMPONENT_INIT_REQUIRE_WASMTIME === "1";

/**
 * Whether tests that need Wasmtime run. Where it is missing they are skipped and the reason is printed, except under
 * `COMPONENT_INIT_REQUIRE_WASMTIME=1`: then they run, and fail with the reason.
 */
export const hasWasmtime = isAvailable(NEWEST);

export function isAvailable({ missing }: WasmtimeVersion): boolean {
  return missing === undefined || isRequired;
}

for (const version of [NEWEST, ...OLDER]) {
  if (!isAvailable(version)) console.warn(`tests in ${version.name} are skipped: ${version.missing}`);
}

export interface WasmtimeOptions extends SessionOptions {
  /** Whether functions may wait, which a component that imports async functions needs whether it calls them or not. */
  readonly waits?: boolean;
  /**
   * What is turned on of what users have to turn on: all, by default, for V8 has that without flags and the engines are to
   * run the same inputs.
   */
  readonly features?: "all" | "default";
  /** Whether compiling takes longer than running. Then what was compiled is not kept, and calls end with the first trap. */
  readonly isShort?: boolean;
}

/** Instantiates a component in Wasmtime with WASI 0.2, other imports being traps, and makes the calls in order. */
export async function wasmtimeSession(
  component: Uint8Array | string,
  options: WasmtimeOptions,
): Promise<SessionResult> {
  return sessionIn(NEWEST, component, options);
}

const processes = new Map<WasmtimeVersion, WasmtimeProcess>();

/** The same in a certain version. */
export async function sessionIn(
  version: WasmtimeVersion,
  component: Uint8Array | string,
  options: WasmtimeOptions,
): Promise<SessionResult> {
  if (version.missing !== undefined) throw new Error(version.missing);
  const bytes = typeof component === "string" ? await readFile(component) : component;
  const directory = await mkdtemp(join(tmpdir(), "component-init-wasmtime-"));
  try {
    const request = {
      component: Buffer.from(bytes).toString("base64"),
      wasi: await wasiRequest(directory, options.wasi ?? {}),
      calls: options.calls.map((call) => ({ export: call.export, args: (call.args ?? []).map(argToJson) })),
      waits: options.waits ?? false,
      features: options.features ?? "all",
      ...(options.isShort ? { isShort: true } : { cacheConfig: await cacheConfig(version) }),
      ...(!version.hasComponents && typesOf(bytes, options.calls)),
    };
    return await ask(version, request);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function ask(version: WasmtimeVersion, request: object): Promise<SessionResult> {
  const running = processes.get(version) ?? new WasmtimeProcess(version.python);
  processes.set(version, running);
  const answer = await running.ask<SessionResult | { instantiationError: string }>("a session", request);
  if ("failure" in answer) throw new Error(answer.failure);
  if ("instantiationError" in answer) throw new InstantiationError(answer.instantiationError);
  return answer;
}

/** What the engine does not tell. */
function typesOf(bytes: Uint8Array, calls: readonly Call[]): object {
  const component = decodeComponent(bytes);
  const functions = exportedFunctions(component);
  const types = calls.map(({ export: name }) => {
    const [outer, inner] = typeof name === "string" ? [undefined, name] : name;
    return functions.find((one) => one.interface === outer && one.name === inner)?.type ?? null;
  });
  const imports = importedInterfaces(component).map(({ name, functions }) => ({ name, functions }));
  return { types, imports };
}

async function wasiRequest(directory: string, wasi: WasiSettings): Promise<object> {
  const stdinFile = join(directory, "stdin");
  await writeFile(stdinFile, wasi.stdin ?? new Uint8Array());
  return { args: wasi.args ?? [], env: wasi.env ?? {}, preopens: wasi.preopens ?? [], stdinFile, directory };
}

/** Compiling StarlingMonkey takes Cranelift a minute of CPU, so compiled code is kept. */
async function cacheConfig({ version }: WasmtimeVersion): Promise<string> {
  const compiled = join(CACHE, "wasmtime");
  await mkdir(compiled, { recursive: true });
  const path = join(compiled, `${version}.toml`);
  if (existsSync(path)) return path;
  // Several processes may write it, and none may read half of it.
  const whole = `${path}.${process.pid}`;
  await writeFile(whole, `[cache]\ndirectory = ${JSON.stringify(compiled)}\n`);
  await rename(whole, path);
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
