import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { generate, $init as initBindgen } from "@bytecodealliance/jco-transpile/component";
import type { PreinitializeOptions } from "../../src/index.js";
import { createWasiWith } from "../../src/wasi/index.js";
import { DEFAULT_SEED } from "../../src/wasi/random.js";
import { DEFAULT_TIME } from "../../src/wasi/timeline.js";
import { toCamelCase } from "../../src/wave/js-names.js";
import { toExportKey } from "./jco-names.js";
import { CACHE } from "./paths.js";
import { type Call, isHandleRef, normalise, type Outcome, type SessionResult, type WasiSettings } from "./session.js";

/** What the examples' lib.mjs gives, which has its types in comments. */
interface ExamplesLibrary {
  readonly boundInit: string;
  buildRuntime(output: string): Promise<string>;
  buildBound(options: { wit: string; world: string; app: string; outDir: string }): Promise<{
    component: string;
    sources: string;
    stdin: string;
    env: Record<string, string>;
  }>;
  readonly componentInit: string;
  serve(component: string): Promise<{ url: string; close(): Promise<void> }>;
}

// Loaded by Node, not by vitest: it hooks into module resolution to load the splicer.
const examples = createRequire(import.meta.url)("../../examples/starlingmonkey/lib.mjs") as ExamplesLibrary;

export const { serve, componentInit } = examples;

const KEPT = join(CACHE, "starlingmonkey");

/** The files of a JavaScript application by their paths. */
export type Sources = Readonly<Record<string, string>>;

/** Temporary directories of one test file. */
export class Directories {
  readonly #made: string[] = [];

  /** A new directory with these files. */
  async withFiles(sources: Sources): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), "component-init-starlingmonkey-"));
    this.#made.push(directory);
    for (const [path, text] of Object.entries(sources)) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), text);
    }
    return directory;
  }

  async remove(): Promise<void> {
    for (const directory of this.#made.splice(0)) await rm(directory, { recursive: true, force: true });
  }
}

/** The generic runtime, uninitialized. */
export async function loadRuntime(): Promise<Uint8Array> {
  return readFile(await examples.buildRuntime(join(KEPT, "starling.wasm")));
}

/** How the generic runtime is initialized with the application in a directory. */
export function runtimeOptions(directory: string): PreinitializeOptions {
  return {
    initFunc: "wasi:cli/run",
    args: ["starling", "index.js"],
    preopens: [{ host: directory, guest: "/" }],
  };
}

/** A StarlingMonkey bound to a world, which any application for that world can initialize. */
export interface BoundWorld {
  readonly component: Uint8Array;
  /** What goes to the preopen besides app.js. */
  readonly initializer: string;
  readonly stdin: Uint8Array;
  readonly env: Readonly<Record<string, string>>;
}

/** Splicing takes some seconds, so its result is kept under a hash of the world. */
export async function bindWorld(wit: string, world: string): Promise<BoundWorld> {
  const outDir = join(KEPT, createHash("sha256").update(`${world}\n${wit}`).digest("hex").slice(0, 16));
  const [witFile, app] = [join(outDir, "world.wit"), join(outDir, "none.js")];
  await mkdir(outDir, { recursive: true });
  // Files that are written again would look newer than what was made of them.
  await writeFile(witFile, wit, { flag: "wx" }).catch(ignoreExisting);
  await writeFile(app, "", { flag: "wx" }).catch(ignoreExisting);
  const bound = await examples.buildBound({ wit: witFile, world, app, outDir });
  return {
    component: await readFile(bound.component),
    initializer: await readFile(join(bound.sources, "initializer.js"), "utf8"),
    stdin: await readFile(bound.stdin),
    env: bound.env,
  };
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}

/** How a bound component is initialized; the directory holds app.js and `initializer.js`. */
export function boundOptions({ env, stdin }: BoundWorld, directory: string): PreinitializeOptions {
  return {
    initFunc: `core:${examples.boundInit}`,
    env,
    stdin,
    preopens: [{ host: directory, guest: "/" }],
  };
}

type Imports = Readonly<Record<string, unknown>>;
type Exports = Record<string, unknown>;
type Method = (...args: unknown[]) => unknown;

/** An instance in V8, and the functions that its core modules export. */
export interface LiveInstance {
  readonly exports: Exports;
  /** Calls an export of a core module that takes nothing. */
  core(name: string): unknown;
}

/** A component made ready for any number of instances in V8. */
export interface LoadedComponent {
  instantiate(imports: Imports): Promise<LiveInstance>;
}

type Instantiate = (
  getCoreModule: (name: string) => WebAssembly.Module,
  imports: Imports,
  instantiateCore: (module: WebAssembly.Module, imports: WebAssembly.Imports) => WebAssembly.Instance,
) => Promise<Exports>;

/** jco's own bindings of the whole component: nothing of the product's pipeline takes part. */
export async function loadInV8(component: Uint8Array): Promise<LoadedComponent> {
  await initBindgen;
  const { files } = generate(component, {
    name: "component",
    instantiation: { tag: "async" },
    multiMemory: true,
    noTypescript: true,
    noNodejsCompat: true,
    base64Cutoff: 0,
  });
  const byName = new Map(files);
  const instantiate = await loadGlue(withEmptyStrings(Buffer.from(byName.get("component.js") ?? []).toString()));
  const compiled = new Map<string, WebAssembly.Module>();
  const getCoreModule = (name: string) => {
    const known = compiled.get(name) ?? new WebAssembly.Module(Uint8Array.from(byName.get(name) ?? []));
    compiled.set(name, known);
    return known;
  };
  return {
    async instantiate(imports) {
      const instances: WebAssembly.Instance[] = [];
      const exports = await instantiate(getCoreModule, withStandIns(imports), (module, coreImports) => {
        const instance = new WebAssembly.Instance(module, coreImports);
        instances.push(instance);
        return instance;
      });
      return { exports, core: (name) => callCore(instances, name) };
    },
  };
}

/** From a file, and by Node: a data URL would be part of every stack trace, half a megabyte long. */
async function loadGlue(source: string): Promise<Instantiate> {
  const directory = await mkdtemp(join(tmpdir(), "component-init-glue-"));
  try {
    const path = join(directory, "component.mjs");
    await writeFile(path, source);
    return (createRequire(import.meta.url)(path) as { instantiate: Instantiate }).instantiate;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function callCore(instances: readonly WebAssembly.Instance[], name: string): unknown {
  const owner = instances.find((instance) => typeof instance.exports[name] === "function");
  if (owner === undefined) throw new Error(`no core instance exports ${name}`);
  return (owner.exports[name] as () => unknown)();
}

/**
 * jco lowers an empty string without a call of realloc, on which the preview 1 adapter counts: an empty environment
 * variable would run into the next one.
 */
function withEmptyStrings(glue: string): string {
  return glue.replace("if (s.length === 0) { return { ptr: 1, len: 0 }; }", "");
}

/** Every interface exists, and what no one provides in it throws when it is used. */
function withStandIns(imports: Imports): Imports {
  const refusing = (name: string) => {
    const refuse = () => {
      throw new WebAssembly.RuntimeError(`the import ${name} is not provided`);
    };
    const prototype = new Proxy({}, { get: (_, member) => (typeof member === "string" ? refuse : undefined) });
    return Object.assign(refuse, { prototype });
  };
  const completed = (name: string, provided: Imports) =>
    new Proxy(provided, {
      get: (target, member) =>
        typeof member === "string" ? (target[member] ?? refusing(`${name}#${member}`)) : undefined,
    });
  return new Proxy(imports, {
    get: (target, name) => (typeof name === "string" ? completed(name, (target[name] ?? {}) as Imports) : undefined),
  });
}

/** What differs from one run to the next with a real host; by default what initialization gets. */
export interface WasiVariation {
  readonly seed?: bigint;
  /** In nanoseconds. */
  readonly wallStart?: bigint;
}

/** A sealed WASI host, and what the guest has printed to it. */
export function wasiHost(
  wasi: WasiSettings = {},
  settings: WasiVariation = {},
): { imports: Imports; printed(): Pick<SessionResult, "stdout" | "stderr"> } {
  const output = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  const { seed = DEFAULT_SEED, wallStart = DEFAULT_TIME.wallStart } = settings;
  const { imports } = createWasiWith(
    {
      args: wasi.args ?? [],
      env: wasi.env ?? {},
      stdin: wasi.stdin ?? new Uint8Array(),
      preopens: wasi.preopens ?? [],
      onOutput: (stream, bytes) => output[stream].push(bytes.slice()),
    },
    { seed, time: { ...DEFAULT_TIME, wallStart } },
  );
  const text = (chunks: readonly Uint8Array[]) => Buffer.concat(chunks).toString("utf8");
  return { imports, printed: () => ({ stdout: text(output.stdout), stderr: text(output.stderr) }) };
}

let runs = 0;

/** The same calls of the application as Node runs it, without any WebAssembly: what the answers must be. */
export async function callInNode(app: string, calls: readonly Call[]): Promise<Outcome[]> {
  // A module of its own each time, as an instance is.
  const source = `${app}\n// ${runs++}`;
  const url = `data:text/javascript;base64,${Buffer.from(source).toString("base64")}`;
  const namespace = (await import(/* @vite-ignore */ url)) as Record<string, unknown>;
  const asGuest = (members: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(members).map(([name, value]) => [name, guestFunction(value as Method)]));
  const exports = calls.map(({ export: path }) => {
    if (typeof path === "string") return [toExportKey(path), guestFunction(namespace[toCamelCase(path)] as Method)];
    const name = /\/([^@]+)/.exec(path[0])?.[1] ?? "";
    return [toExportKey(path[0]), asGuest(namespace[toCamelCase(name)] as Record<string, unknown>)];
  });
  return callInV8({ exports: Object.fromEntries(exports), core: () => undefined }, calls);
}

/** What a function throws is the error case of its result, and of an object only the data goes out. */
function guestFunction(func: Method): Method {
  return async (...args) => {
    try {
      return structuredClone(await func(...args));
    } catch (payload) {
      throw Object.assign(new Error("error case"), { payload });
    }
  };
}

/** Makes calls of a live instance in order; a handle counts from the first of them. */
export async function callInV8({ exports }: LiveInstance, calls: readonly Call[]): Promise<Outcome[]> {
  const earlier: unknown[] = [];
  const outcomes: Outcome[] = [];
  for (const { export: path, args = [] } of calls) {
    const given = args.map((arg) => (isHandleRef(arg) ? earlier[arg.handle] : arg));
    try {
      const value = await resolveExport(exports, path)(given);
      earlier.push(value);
      outcomes.push({ ok: normalise(value) });
    } catch (error) {
      earlier.push(undefined);
      outcomes.push(failure(error));
    }
  }
  return outcomes;
}

function failure(error: unknown): Outcome {
  if (error instanceof Error && "payload" in error) return { err: normalise(error.payload) };
  return { trap: error instanceof Error ? error.message : String(error) };
}

function resolveExport(exports: Exports, path: Call["export"]): (args: unknown[]) => unknown {
  if (typeof path === "string") return (args) => (exports[toExportKey(path)] as Method)(...args);
  const members = exports[toExportKey(path[0])] as Record<string, Method>;
  const [, kind, type = "", func = ""] = /^\[(constructor|method|static)\]([^.]+)(?:\.(.+))?$/.exec(path[1]) ?? [];
  if (kind === undefined) return (args) => (members[toCamelCase(path[1])] as Method)(...args);
  const camel = toCamelCase(type);
  const resource = members[camel.charAt(0).toUpperCase() + camel.slice(1)] as unknown as (new (
    ...args: unknown[]
  ) => unknown) &
    Record<string, Method>;
  const name = toCamelCase(func);
  if (kind === "constructor") return (args) => new resource(...args);
  if (kind === "static") return (args) => resource[name]?.(...args);
  return ([self, ...args]) => (self as Record<string, Method>)[name]?.(...args);
}
