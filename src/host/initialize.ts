import { concat } from "../binary/writer.js";
import { checkDlImports, DL_INTERFACE, opensLibraries } from "../dlopen/interface.js";
import type { DlPlan } from "../dlopen/plan.js";
import { ComponentInitError } from "../errors.js";
import type { InitFunction } from "../instrument/init-func.js";
import type { Instrumented, InstrumentedModule } from "../instrument/model.js";
import { type DlFailure, DlImports } from "../loader/imports.js";
import { LibrarySource, searchHost } from "../loader/source.js";
import {
  createWasi,
  type DeterminismOptions,
  type GuestFile,
  type GuestFiles,
  loadArchives,
  type Preopen,
} from "../wasi/index.js";
import { type OpenNetwork, withNetwork } from "../wasi/network/load.js";
import type { AllowedNetwork } from "../wasi/network/network.js";
import { ComponentRun, type Prepared } from "./component-run.js";
import { lackingFeature } from "./engine-lacks.js";
import type { Notes } from "./failure.js";
import { FORGOTTEN, type Forgotten } from "./forgotten.js";
import { ownedHandles } from "./guest-handles.js";
import { type Hint, likely } from "./hints.js";
import { type HostReport, hostReport, ungranted } from "./host-report.js";
import { completeImports, type Provided, synchronous, unversioned } from "./imports.js";
import type { InitializedInstance } from "./initialized-instance.js";
import { checkHandles, danglingHandles, type HandlePolicy, type HeldHandles, handleWarnings } from "./live-handles.js";
import { asyncHandles } from "./live-tasks.js";
import { OutputCapture } from "./output.js";
import { Outside } from "./outside.js";
import { Preview1Files } from "./preview1-files.js";
import type { ReferenceWatch } from "./references.js";
import { Refusals } from "./refusals.js";
import { FunctionIndex, type TableWatch } from "./tables.js";
import { type HostCall, traceImports } from "./trace.js";

export type { Prepared } from "./component-run.js";
export type { InitializedInstance } from "./initialized-instance.js";

export interface HostOptions extends DeterminismOptions {
  /** All of the guest's arguments, the program's name included. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Uint8Array;
  readonly preopens: readonly Preopen[];
  /** How many bytes the archives among the preopens may have together, decompressed (default 4 GiB). */
  readonly maxArchiveSize?: number;
  /** How many bytes the guest may write to files, in all mounts together (default 1 GiB). */
  readonly maxWritten?: number;
  /** Further imports, by interface without version, in jco's conventions. They come before the host's own. */
  readonly imports?: Provided;
  /** Lets the guest use the network: all of it, or only these destinations, `HOST:PORT` or `HOST:*`. */
  readonly network?: AllowedNetwork | undefined;
  /** Gets what the guest prints while it prints it. */
  readonly onOutput?: (stream: "stdout" | "stderr", bytes: Uint8Array) => void;
  /** What to do about handles that are held when initialization ends: by default it is an error. */
  readonly handles?: HandlePolicy;
  /** What the guest is made to forget of this host when it has been initialized: by default all that is known. */
  readonly forget?: readonly Forgotten[];
  /** Libraries that the guest opens. */
  readonly dlopen?: DlopenOptions;
  /** Told of every call of an import when it has returned. */
  readonly onHostCall?: (call: HostCall) => void;
}

export interface DlopenOptions {
  /** Libraries that can be opened by these names, wherever the guest's files are. */
  readonly libraries?: Readonly<Record<string, Uint8Array>>;
  /** Directories of the host where libraries are looked for that are not among these, by names without directories. */
  readonly libraryPath?: readonly string[];
  /** What was decided in an earlier run: it is done again. */
  readonly plan?: DlPlan;
}

/** A component after its initialization: alive, to be snapshotted before anything else runs. */
export interface Initialized {
  readonly instances: readonly InitializedInstance[];
  readonly tables: TableWatch;
  readonly references: ReferenceWatch;
  readonly functions: FunctionIndex;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether the guest ended by `exit(0)`, in the middle of its frames. */
  readonly exited: boolean;
  /** Positions of core instances that know the numbers of directories, which their memory does not tell. */
  readonly keepingPreopens: ReadonlySet<number>;
  /** What the guest held at the end, where that is no error. */
  readonly handles: HeldHandles;
  readonly warnings: readonly string[];
  /** What of its host the guest used. */
  readonly host: HostReport;
  /** What the guest read and wrote. */
  readonly files: GuestFiles;
  /** What it has opened, if it can open libraries. */
  readonly dl: DlImports | undefined;
}

/** Compiles the instrumented core modules. */
export async function compile(instrumented: Instrumented): Promise<WebAssembly.Module[]> {
  // Nothing else may be under way, and Node ends a process whose only hope is a compilation of V8's.
  const keepAlive = setInterval(() => undefined, 2 ** 30);
  try {
    const compiled = new Map<InstrumentedModule, Promise<WebAssembly.Module>>();
    instrumented.modules.forEach((module, index) => {
      if (!compiled.has(module)) compiled.set(module, compileModule(module, index));
    });
    return await Promise.all(instrumented.modules.map((module) => compiled.get(module) as Promise<WebAssembly.Module>));
  } finally {
    clearInterval(keepAlive);
  }
}

async function compileModule({ chunks }: InstrumentedModule, index: number): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(concat(chunks));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/^WebAssembly\.compile\(\): /, "") : String(cause);
    const feature = lackingFeature(reason);
    if (feature !== undefined) {
      const engine = `V8 ${process.versions.v8} in Node ${process.versions.node}`;
      throw new ComponentInitError(
        "unsupported",
        `core module ${index} uses ${feature}, which the engine that runs initialization does not have (${engine}): ${reason}`,
        { cause },
      );
    }
    throw new ComponentInitError("malformed", `core module ${index} is not valid: ${reason}`, { cause });
  }
}

/**
 * Instantiates a component and runs its init function.
 *
 * @throws {@link ComponentInitError} `init-failed`, `init-trapped`, `init-exited`, `not-granted`, `live-handles`,
 *   `unsupported`
 */
export function initialize(prepared: Prepared, init: InitFunction, options: HostOptions): Promise<Initialized> {
  return withNetwork(options.network, (network) => initializeWith(prepared, init, options, network));
}

/** What a component did whose functions were called. */
export interface Invoked {
  /** What they returned, in jco's conventions: fewer where the guest has ended itself with `exit(0)`. */
  readonly results: readonly unknown[];
  readonly stdout: string;
  readonly stderr: string;
  /** What it could not open, find or close. */
  readonly dlFailures: readonly DlFailure[];
  /** What the guest read and wrote. */
  readonly files: GuestFiles;
}

/**
 * Instantiates a component and calls functions of it, one after the other: a host like any other.
 *
 * @throws {@link ComponentInitError} as {@link initialize}
 */
export function invoke(prepared: Prepared, functions: readonly InitFunction[], options: HostOptions): Promise<Invoked> {
  return withNetwork(options.network, async (network) => {
    const guest = await openGuest(prepared, options, network);
    const results = await guest.run.execute(guest.imports, functions, guest.output, guest.notes);
    const { stdout, stderr } = guest.output;
    return { results, stdout, stderr, dlFailures: guest.dl.failures, files: guest.wasi.files };
  });
}

async function initializeWith(
  prepared: Prepared,
  init: InitFunction,
  options: HostOptions,
  network: OpenNetwork | undefined,
): Promise<Initialized> {
  const guest = await openGuest(prepared, options, network);
  const { run, wasi, output, refusals } = guest;
  await run.execute(guest.imports, [init], output, guest.notes);
  const before = wasi.liveHandles();
  const { warnings, keepingPreopens } = run.forgetHost(output, wasi.activity.environmentRead);
  const owned = ownedHandles(run.store);
  const dangling = [...danglingHandles(before, wasi.liveHandles(), owned), ...asyncHandles(run.store, run.exited)];
  const handles = checkHandles(dangling, options.handles, output);
  const { instances, tables, references, exited } = run;
  return {
    instances,
    tables,
    references,
    functions: new FunctionIndex(tables.given, instances),
    stdout: output.stdout,
    stderr: output.stderr,
    exited,
    keepingPreopens,
    handles,
    host: hostReport(guest.wasiOptions, wasi, refusals, network?.activity()),
    warnings: [...warnings, ...handleWarnings(handles, options.handles)],
    files: wasi.files,
    dl: guest.usesLoader ? guest.dl : undefined,
  };
}

/** Everything that a life of a component needs. */
async function openGuest(prepared: Prepared, options: HostOptions, network: OpenNetwork | undefined) {
  const { instrumented } = prepared;
  const output = new OutputCapture(options.onOutput);
  const preopens = await loadArchives(options.preopens, options.maxArchiveSize);
  const onExit = (error: Error) => run.interrupt(error);
  const refusals = new Refusals((error) => run.interrupt(error));
  const wasiOptions = {
    ...options,
    preopens,
    network: network?.create,
    onOutput: output.write,
    onExit,
    isAdapterCalling: () => run.adapters.isCalling(),
    onReadOnly: (guest: string) => refusals.noteReadOnly(guest),
  };
  const wasi = createWasi(wasiOptions);
  const files = new Preview1Files(wasi);
  const given = unversioned(options.imports ?? {});
  const run = new ComponentRun(
    prepared,
    files,
    new Outside(Object.keys(given).length === 0, wasi.realTime),
    options.forget ?? FORGOTTEN,
  );
  const dl = new DlImports(run, librarySource(options, preopens, wasi.findFile), options.dlopen?.plan);
  const sources = {
    host: { ...wasi.imports, ...dl.imports },
    given: synchronous(given, instrumented.imports, run.interrupt),
  };
  const complete = completeImports(instrumented.imports, sources, refusals);
  const imports = options.onHostCall
    ? traceImports(complete, instrumented.imports, wasi.describeHandle, options.onHostCall)
    : complete;
  const notes = (cause: unknown, memoryLimit: number | undefined): Notes => {
    // What the host itself says was missing.
    if (cause instanceof ComponentInitError) return { lines: [] };
    const linesOf = (hints: readonly Hint[]) => likely(hints, cause, output).flatMap(({ lines }) => lines);
    const [after] = memoryLimit === undefined ? [] : linesOf([memoryHint(memoryLimit)]);
    const denied = refusals.describe((hints) => likely(hints, cause, output));
    return { after, lines: [...denied, ...linesOf(ungranted(wasiOptions, wasi, refusals))] };
  };
  const isGiven = Object.hasOwn(given, DL_INTERFACE);
  if (!isGiven) checkDlImports(instrumented.component);
  const usesLoader = opensLibraries(instrumented.component) && !isGiven;
  return { run, wasi, wasiOptions, output, refusals, dl, imports, notes, usesLoader };
}

/** The line is the end of a sentence. */
function memoryHint(limit: number): Hint {
  const line = `a memory was kept from growing beyond ${limit} bytes (--max-memory)`;
  return { lines: [line], subject: /memory|alloc|heap|ENOMEM|\bOOM\b/i };
}

function librarySource(
  { dlopen = {}, env }: HostOptions,
  preopens: readonly { readonly guest?: string }[],
  findFile: (path: string) => GuestFile | undefined,
) {
  const { libraries: declared = {}, libraryPath = [] } = dlopen;
  const search = (name: string) => searchHost(name, libraryPath);
  const directories = (env.LD_LIBRARY_PATH ?? "").split(":").filter((directory) => directory !== "");
  const granted = preopens.map(({ guest = "/" }) => guest);
  return new LibrarySource({ declared, findFile, search, directories, granted });
}
