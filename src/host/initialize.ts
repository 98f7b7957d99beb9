import { concat } from "../binary/writer.js";
import { encodeComponent } from "../component/encode.js";
import { DL_INTERFACE, failDl, isDlInterface } from "../dlopen/interface.js";
import type { DlPlan } from "../dlopen/plan.js";
import { ComponentInitError } from "../errors.js";
import { safeCoreName } from "../instrument/core-names.js";
import { formatInitFunction, type InitFunction } from "../instrument/init-func.js";
import type { Instrumented, InstrumentedInstance, InstrumentedModule } from "../instrument/model.js";
import { skeletonOf } from "../instrument/skeleton.js";
import type { JcoThread } from "../jco/jco-thread.js";
import { toCamelCase, toExportKey } from "../wave/js-names.js";
import { AsyncRuntime, NEVER_HAPPENS } from "./async-runtime.js";
import { DlImports } from "./dlopen/imports.js";
import type { AddedInstance, LoaderHost } from "./dlopen/loader.js";
import type { RunningCore } from "./dlopen/program.js";
import { LibrarySource, searchHost } from "./dlopen/source.js";
import { initializationError } from "./failure.js";
import { CachedGlue, type Instantiate, type LoadedGlue } from "./glue.js";
import { patchGlue } from "./glue-patches.js";
import { GuestHandles } from "./guest-handles.js";
import { type HostReport, hostReport, ungranted } from "./host-report.js";
import { completeImports, type ImportObject, importMap, type Provided, synchronous, unversioned } from "./imports.js";
import { LibcWatch, memoryOf } from "./libc.js";
import { checkHandles, danglingHandles, type HandlePolicy, type HeldHandle, handleWarnings } from "./live-handles.js";
import { asyncHandles, checkTasks } from "./live-tasks.js";
import { OutputCapture } from "./output.js";
import { Preview1Files } from "./preview1-files.js";
import { ReferenceWatch } from "./references.js";
import { Refusals } from "./refusals.js";
import { settledOrStuck } from "./settled.js";
import { FunctionIndex, lookUp, type RunningInstance, TableWatch } from "./tables.js";
import { type HostCall, traceImports } from "./trace.js";
import {
  createWasi,
  type DeterminismOptions,
  GuestExit,
  type GuestFiles,
  loadArchives,
  type Preopen,
} from "./wasi/index.js";
import { type OpenNetwork, withNetwork } from "./wasi/network/load.js";
import type { AllowedNetwork } from "./wasi/network/network.js";

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
  /** Further imports, by interface without version, as jco's glue takes them. They come before the host's own. */
  readonly imports?: Provided;
  /** Lets the guest use the network: all of it, or only these destinations, `HOST:PORT` or `HOST:*`. */
  readonly network?: AllowedNetwork | undefined;
  /** Gets what the guest prints while it prints it. */
  readonly onOutput?: (stream: "stdout" | "stderr", bytes: Uint8Array) => void;
  /** What to do about handles that are held when initialization ends: by default it is an error. */
  readonly handles?: HandlePolicy;
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

/** A core instance after initialization. */
export interface InitializedInstance {
  readonly info: InstrumentedInstance;
  readonly module: InstrumentedModule;
  readonly exports: WebAssembly.Exports;
  /** The first memory that it imports. */
  readonly importedMemory: WebAssembly.Memory | undefined;
  /** Its i32 globals right after instantiation, start function included, by index. */
  readonly initialGlobals: ReadonlyMap<number, number>;
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
  /** What the guest held at the end, where that is no error. */
  readonly handles: readonly HeldHandle[];
  readonly warnings: readonly string[];
  /** What of its host the guest used. */
  readonly host: HostReport;
  /** What the guest read and wrote. */
  readonly files: GuestFiles;
  /** What it has opened, if it can open libraries. */
  readonly dl: DlImports | undefined;
}

/** An instrumented component, bound and compiled: can be initialized any number of times. */
export interface Prepared {
  readonly instrumented: Instrumented;
  readonly glue: LoadedGlue;
  readonly modules: readonly WebAssembly.Module[];
}

/** Generates (or finds in the cache) the canonical ABI glue. */
export function bind(
  { component, shape, isAsync, modules, imports }: Instrumented,
  thread: JcoThread,
  cache: boolean,
): Promise<CachedGlue> {
  // jco's bindgen looks into function bodies only where the component uses the async ABI.
  const generate = async () => {
    const input = isAsync ? encodeComponent(component).toBytes() : skeletonOf(component);
    const { source, adapters } = await thread.generate(input, modules.length, importMap(imports));
    return { source: patchGlue(source, isAsync), adapters };
  };
  return CachedGlue.make(shape, generate, cache);
}

/** Compiles the instrumented core modules. */
export async function compile(instrumented: Instrumented): Promise<WebAssembly.Module[]> {
  // Nothing else may be under way, and Node ends a process whose only hope is a compilation of V8's.
  const keepAlive = setInterval(() => undefined, 2 ** 30);
  try {
    return await Promise.all(instrumented.modules.map(compileModule));
  } finally {
    clearInterval(keepAlive);
  }
}

async function compileModule({ chunks }: InstrumentedModule, index: number): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(concat(chunks));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/^WebAssembly\.compile\(\): /, "") : String(cause);
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

async function initializeWith(
  prepared: Prepared,
  init: InitFunction,
  options: HostOptions,
  network: OpenNetwork | undefined,
): Promise<Initialized> {
  const { instrumented } = prepared;
  const guestHandles = new GuestHandles();
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
    onReadOnly: (guest: string) => refusals.noteReadOnly(guest),
  };
  const wasi = createWasi(wasiOptions);
  const files = new Preview1Files(wasi);
  const given = unversioned(options.imports ?? {});
  const run = new ComponentRun(prepared, guestHandles, files, Object.keys(given).length === 0);
  const dl = new DlImports(run, librarySource(options, wasi.readFile), options.dlopen?.plan);
  const sources = {
    host: { ...wasi.imports, ...dl.imports },
    given: synchronous(given, instrumented.imports, run.interrupt),
  };
  const complete = completeImports(instrumented.imports, sources, refusals);
  const imports = options.onHostCall
    ? traceImports(complete, instrumented.imports, wasi.describeHandle, options.onHostCall)
    : complete;
  // A refusal says itself what was missing.
  const notes = (cause: unknown) =>
    cause instanceof ComponentInitError
      ? refusals.describe()
      : [...refusals.describe(), ...ungranted(wasiOptions, wasi)];
  await run.execute(imports, init, output, notes);
  const before = wasi.liveHandles();
  const warnings = run.forgetHost(output);
  const opensLibraries =
    instrumented.imports.some(({ name }) => isDlInterface(name)) && !Object.hasOwn(given, DL_INTERFACE);
  const dangling = [...danglingHandles(before, wasi.liveHandles(), guestHandles), ...asyncHandles(run.runtime)];
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
    handles,
    host: hostReport(wasiOptions, wasi, refusals, network?.activity()),
    warnings: [...warnings, ...handleWarnings(handles, options.handles)],
    files: wasi.files,
    dl: opensLibraries ? dl : undefined,
  };
}

function librarySource({ dlopen = {}, env }: HostOptions, readFile: (path: string) => Uint8Array | undefined) {
  const { libraries: declared = {}, libraryPath = [] } = dlopen;
  const search = (name: string) => searchHost(name, libraryPath);
  const directories = (env.LD_LIBRARY_PATH ?? "").split(":").filter((directory) => directory !== "");
  return new LibrarySource({ declared, readFile, search, directories });
}

/** One life of a component: its core instances, and what of their state has to be watched from the start. */
class ComponentRun implements LoaderHost {
  readonly instances: InitializedInstance[] = [];
  private readonly running: RunningInstance[] = [];
  readonly tables = new TableWatch();
  readonly references = new ReferenceWatch();

  private readonly libc = new LibcWatch();

  exited = false;
  private interruption: Error | undefined;

  private readonly instantiate: Instantiate;

  constructor(
    private readonly prepared: Prepared,
    private readonly handles: GuestHandles,
    private readonly files: Preview1Files,
    isAlone: boolean,
  ) {
    this.runtime = new AsyncRuntime(this.interrupt, isAlone);
    this.instantiate = prepared.glue.open(handles, this.runtime);
  }

  /** Notes that the host ended the guest. The guest may have caught the exception and gone on as if nothing were. */
  readonly interrupt = (error: Error): void => {
    this.interruption ??= error;
  };

  readonly runtime: AsyncRuntime;

  /** @param notes - what to say below the message of a failure */
  async execute(
    imports: ImportObject,
    init: InitFunction,
    output: OutputCapture,
    notes: (cause: unknown) => readonly string[],
  ): Promise<void> {
    let phase = "instantiation";
    try {
      const exports = await this.instantiate(this.moduleOf, imports, this.instantiateCore);
      phase = formatInitFunction(init) ?? phase;
      await this.call(init, exports);
      await this.runtime.settle();
      if (this.interruption !== undefined) throw this.interruption;
      checkTasks(this.runtime);
    } catch (error) {
      const cause = this.interruption ?? error;
      this.exited = cause instanceof GuestExit && cause.code === 0;
      if (this.exited && this.instances.length >= this.prepared.instrumented.instances.length) {
        await this.runtime.settle();
        return checkTasks(this.runtime);
      }
      throw initializationError(cause, phase, output, notes(cause));
    }
  }

  /** After an exit the guest's frames are still open, so nothing of it can be called. */
  forgetHost(output: OutputCapture): string[] {
    try {
      return this.exited ? [] : this.libc.forget(this.instances);
    } catch (error) {
      throw initializationError(error, "the end of initialization", output);
    }
  }

  private memoryOf(position: number): WebAssembly.Memory | undefined {
    const instance = this.instances[position];
    return instance && memoryOf(instance);
  }

  /** jco names the files `component.core.wasm`, `component.core2.wasm` and so on, in the order of definition. */
  private readonly moduleOf = (name: string): WebAssembly.Module => {
    const number = /\.core(\d*)\.wasm$/.exec(name)?.[1];
    const module = this.prepared.modules[number === undefined || number === "" ? 0 : Number(number) - 1];
    // The last ones carry calls from one component into another.
    return module ?? this.prepared.glue.adapter(name);
  };

  private readonly instantiateCore = (
    module: WebAssembly.Module,
    imports: WebAssembly.Imports = {},
  ): { exports: WebAssembly.Exports } => {
    if (!this.prepared.modules.includes(module)) return new WebAssembly.Instance(module, this.observe(imports));
    const info = this.prepared.instrumented.instances[this.instances.length];
    const instrumented = info && this.prepared.instrumented.modules[info.module];
    if (instrumented === undefined || module !== this.prepared.modules[info?.module as number]) {
      throw new Error("the glue instantiates core modules in another order than the component");
    }
    const position = this.instances.length;
    const watched = this.files.watch(this.libc.watch(imports, position), () => this.memoryOf(position));
    const observed = this.observe(watched);
    const { exports } = new WebAssembly.Instance(module, observed);
    this.add(info as InstrumentedInstance, instrumented, { exports, imports: observed });
    return { exports };
  };

  /** Notes an instance that was made, and starts it. */
  private add(info: InstrumentedInstance, module: InstrumentedModule, running: RunningInstance): void {
    const [memory] = module.state.importedMemories;
    const importedMemory = memory && (lookUp(memory, running) as WebAssembly.Memory);
    const { exports } = running;
    const instance = { info, module, exports, importedMemory, initialGlobals: new Map<number, number>() };
    this.watch(module, running);
    this.running.push(running);
    this.instances.push(instance);
    if (module.state.start !== undefined) (exports[module.state.start] as () => void)();
    for (const [index, value] of readI32Globals(module, exports)) instance.initialGlobals.set(index, value);
  }

  /** The core instances of the component. */
  readonly coreInstances = (): RunningCore[] => {
    const { instances } = this.prepared.instrumented;
    if (this.instances.length < instances.length)
      failDl("libraries cannot be opened before the component is instantiated");
    return instances.map(({ name }, position) => ({
      ...(this.running[position] as RunningInstance),
      name,
      module: (this.instances[position] as InitializedInstance).module,
    }));
  };

  /** Adds a core instance to those of the component. */
  readonly instantiateMore = (
    module: InstrumentedModule,
    imports: WebAssembly.Imports,
    name: string,
  ): AddedInstance => {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(concat(module.chunks)), imports);
    const position = this.instances.length;
    this.add({ module: -1, name, isPreview1Adapter: false, isAdded: true }, module, { exports, imports });
    return { exports, position };
  };

  readonly isInterrupted = (): boolean => this.interruption !== undefined;

  /**
   * Notes what canonical built-ins and lowered functions throw: in a component these are traps, and a guest compiled
   * with exceptions can catch what is thrown here.
   */
  private observe(imports: WebAssembly.Imports): WebAssembly.Imports {
    return mapImports(imports, (func, name) => (...args) => {
      try {
        return this.handles.during(name, () => func(...args));
      } catch (error) {
        this.interrupt(error instanceof Error ? error : new Error(String(error)));
        throw error;
      }
    });
  }

  private watch({ state }: InstrumentedModule, running: RunningInstance): void {
    const instance = this.instances.length;
    this.tables.afterInstantiation(state, running, instance);
    this.references.afterInstantiation(state, running, instance);
  }

  private async call(init: InitFunction, exports: Record<string, unknown>): Promise<void> {
    if (init.kind === "none") return;
    if (init.kind === "core") {
      const instance = this.instances[init.instance] as InitializedInstance;
      (instance.exports[safeCoreName(init.name)] as () => void)();
      return;
    }
    const owner = init.interface === undefined ? exports : (exports[toExportKey(init.interface)] as typeof exports);
    const func = owner[toCamelCase(init.name)] as (...args: readonly unknown[]) => unknown;
    const result = func(...init.args);
    await settledOrStuck(result instanceof Promise ? this.runtime.completion(result) : result, NEVER_HAPPENS);
  }
}

type HostFunction = (...args: unknown[]) => unknown;

/** Functions of core instances stay as they are: V8 links them directly, and nothing of the host is in between. */
function mapImports(
  imports: WebAssembly.Imports,
  map: (func: HostFunction, name: string | undefined) => HostFunction,
): WebAssembly.Imports {
  const mapValue = (value: WebAssembly.ImportValue, name: string | undefined) =>
    typeof value === "function" && !isWasmFunction(value) ? map(value as HostFunction, name) : value;
  return Object.fromEntries(
    Object.entries(imports).map(([module, items]) => [
      module,
      Object.fromEntries(
        Object.entries(items).map(([name, value]) => [name, mapValue(value, importName(module, name))]),
      ),
    ]),
  );
}

/** wit-component imports what it calls indirectly under numbers. */
function importName(module: string, name: string): string | undefined {
  if (/^\d+$/.test(name)) return undefined;
  return module === "" ? name : `${module}#${name}`;
}

/** JS API: an exported function prints as `function 12() { [native code] }`. */
function isWasmFunction(value: unknown): boolean {
  return /^\d+$/.test((value as { name?: string }).name ?? "");
}

function readI32Globals({ state }: InstrumentedModule, exports: WebAssembly.Exports): Map<number, number> {
  const globals = state.globals.filter(({ type }) => type === "i32");
  return new Map(globals.map(({ index, exportName }) => [index, (exports[exportName] as WebAssembly.Global).value]));
}
