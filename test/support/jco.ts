import { generate, $init as initBindgen } from "@bytecodealliance/jco-transpile/component";
import { createWasi, GuestExit } from "../../src/wasi/index.js";
import { toCamelCase } from "../../src/wave/js-names.js";
import { toExportKey } from "./jco-names.js";
import type { SessionOptions, SessionResult, WasiSettings } from "./session.js";
import { type Arg, type Call, InstantiationError, isHandleRef, normalise, type Outcome } from "./session.js";

type Imports = Readonly<Record<string, unknown>>;
type Instantiate = (
  getCoreModule: (name: string) => Promise<WebAssembly.Module>,
  imports: Imports,
  instantiateCore?: (module: WebAssembly.Module, imports: WebAssembly.Imports) => WebAssembly.Instance,
) => Promise<Exports>;
type Exports = Record<string, unknown>;
type Method = (...args: unknown[]) => unknown;

export interface JcoOptions extends SessionOptions {
  /** In the place of the WASI host, by interface name without version. */
  readonly imports?: Imports;
}

/** Instantiates a component in V8, imports that no one provides being traps, and makes the calls in order. */
export async function jcoSession(component: Uint8Array, options: JcoOptions): Promise<SessionResult> {
  const output = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  const imports = options.imports ?? wasiImports(options.wasi ?? {}, (stream, bytes) => output[stream].push(bytes));
  const exports = await instantiateInV8(component, imports);
  const earlier: unknown[] = [];
  const outcomes: Outcome[] = [];
  for (const call of options.calls) outcomes.push(await makeCall(exports, call, earlier));
  return { outcomes, stdout: text(output.stdout), stderr: text(output.stderr) };
}

/** The exports of a component as jco gives them, for tests that need more than calls in a row. */
export async function instantiateInV8(component: Uint8Array, imports: Imports): Promise<Exports> {
  await initBindgen;
  const { files } = generate(component, {
    name: "component",
    instantiation: { tag: "async" },
    multiMemory: true,
    noTypescript: true,
    noNodejsCompat: true,
    bindgenEnableWasmExnref: true,
    base64Cutoff: 0,
  });
  const byName = new Map(files);
  // A data URL instead of a file: nothing to clean up, and vitest does not transform it.
  const url = `data:text/javascript;base64,${Buffer.from(byName.get("component.js") ?? []).toString("base64")}`;
  const { instantiate } = (await import(/* @vite-ignore */ url)) as { instantiate: Instantiate };
  const getCoreModule = (name: string) =>
    WebAssembly.compile((byName.get(name) ?? new Uint8Array()) as Uint8Array<ArrayBuffer>);
  try {
    return await instantiate(getCoreModule, withStandIns(imports));
  } catch (cause) {
    throw new InstantiationError(messageOf(cause), { cause });
  }
}

function wasiImports(wasi: WasiSettings, onOutput: (stream: "stdout" | "stderr", bytes: Uint8Array) => void): Imports {
  const { imports } = createWasi({
    args: wasi.args ?? [],
    env: wasi.env ?? {},
    stdin: wasi.stdin ?? new Uint8Array(),
    preopens: wasi.preopens ?? [],
    // The guest may reuse the memory after the call.
    onOutput: (stream, bytes) => onOutput(stream, bytes.slice()),
  });
  return imports;
}

/** Any interface exists, and what no one provides in it traps when it is used: as in the Wasmtime sessions. */
function withStandIns(imports: Imports): Imports {
  return new Proxy(imports, {
    get: (target, name) => (typeof name === "string" ? (target[name] ?? standIn(name)) : undefined),
  });
}

function standIn(name: string): object {
  return new Proxy(
    {},
    { get: (_target, member) => (typeof member === "string" ? trappingClass(`${name}#${member}`) : undefined) },
  );
}

function trappingClass(name: string): object {
  const refuse = () => {
    throw new WebAssembly.RuntimeError(`the import ${name} is not provided`);
  };
  const members = new Proxy({}, { get: (_target, member) => (typeof member === "string" ? refuse : undefined) });
  return Object.assign(refuse, { prototype: members });
}

async function makeCall(exports: Exports, call: Call, earlier: unknown[]): Promise<Outcome> {
  const args = (call.args ?? []).map((arg) => resolveHandles(arg, earlier));
  const invoke = resolveExport(exports, call.export);
  try {
    const value = await invoke(args);
    earlier.push(value);
    return { ok: normalise(value) };
  } catch (error) {
    earlier.push(undefined);
    return failure(error);
  }
}

function resolveHandles(arg: Arg, earlier: readonly unknown[]): unknown {
  return isHandleRef(arg) ? earlier[arg.handle] : arg;
}

function resolveExport(exports: Exports, path: Call["export"]): (args: unknown[]) => unknown {
  const [scope, name] = typeof path === "string" ? [exports, path] : [exports[toExportKey(path[0])], path[1]];
  if (scope === undefined) throw new Error(`the component does not export ${path[0]}`);
  const members = scope as Record<string, unknown>;
  const resource = /^\[(constructor|method|static)\]([^.]+)(?:\.(.+))?$/.exec(name);
  if (resource !== null) return resourceFunction(members, resource[1] ?? "", resource[2] ?? "", resource[3] ?? "");
  const func = members[typeof path === "string" ? toExportKey(name) : toCamelCase(name)];
  if (typeof func !== "function") throw new Error(`the component does not export the function ${String(path)}`);
  return (args) => (func as Method)(...args);
}

/** jco makes a class of a resource. */
function resourceFunction(members: Record<string, unknown>, kind: string, resource: string, func: string) {
  const camel = toCamelCase(resource);
  const type = members[camel.charAt(0).toUpperCase() + camel.slice(1)] as (new (
    ...args: unknown[]
  ) => unknown) &
    Record<string, Method>;
  if (kind === "constructor") return (args: unknown[]) => new type(...args);
  if (kind === "static") return (args: unknown[]) => type[toCamelCase(func)]?.(...args);
  return ([self, ...args]: unknown[]) => (self as Record<string, Method>)[toCamelCase(func)]?.(...args);
}

function failure(error: unknown): Outcome {
  const exit = findExit(error);
  if (exit !== undefined) return { exit: exit.code };
  // The err case of a result arrives as a ComponentError, a class that each glue defines for itself.
  if (error instanceof Error && "payload" in error) return { err: normalise(error.payload) };
  return { trap: messageOf(error) };
}

function findExit(error: unknown): GuestExit | undefined {
  if (error instanceof GuestExit) return error;
  return error instanceof Error && error.cause !== undefined ? findExit(error.cause) : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function text(chunks: readonly Uint8Array[]): string {
  return Buffer.concat(chunks).toString("utf8");
}
