import { concat } from "../binary/writer.js";
import { failDl } from "../dlopen/interface.js";
import { safeCoreName } from "../instrument/core-names.js";
import { formatInitFunction, type InitFunction } from "../instrument/init-func.js";
import type { Instrumented, InstrumentedInstance, InstrumentedModule } from "../instrument/model.js";
import { toCamelCase, toExportKey } from "../wave/js-names.js";
import { AsyncRuntime, NEVER_HAPPENS } from "./async-runtime.js";
import type { AddedInstance, LoaderHost } from "./dlopen/instantiate.js";
import type { RunningCore } from "./dlopen/program.js";
import { initializationError } from "./failure.js";
import type { Instantiate, LoadedGlue } from "./glue.js";
import type { GuestHandles } from "./guest-handles.js";
import type { ImportObject } from "./imports.js";
import { LibcWatch, memoryOf } from "./libc.js";
import { checkTasks } from "./live-tasks.js";
import type { OutputCapture } from "./output.js";
import type { Preview1Files } from "./preview1-files.js";
import { ReferenceWatch } from "./references.js";
import { settledOrStuck } from "./settled.js";
import { lookUp, type RunningInstance, TableWatch } from "./tables.js";
import { GuestExit } from "./wasi/index.js";

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

/** An instrumented component, bound and compiled: can be initialized any number of times. */
export interface Prepared {
  readonly instrumented: Instrumented;
  readonly glue: LoadedGlue;
  readonly modules: readonly WebAssembly.Module[];
}

/** One life of a component: its core instances, and what of their state has to be watched from the start. */
export class ComponentRun implements LoaderHost {
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

  /**
   * Instantiates the component and calls functions of it, one after the other.
   *
   * @param notes - what to say below the message of a failure
   * @returns what they returned, as jco's bindings give it
   */
  async execute(
    imports: ImportObject,
    functions: readonly InitFunction[],
    output: OutputCapture,
    notes: (cause: unknown) => readonly string[],
  ): Promise<unknown[]> {
    let phase = "instantiation";
    const results: unknown[] = [];
    try {
      const exports = await this.instantiate(this.moduleOf, imports, this.instantiateCore);
      for (const func of functions) {
        phase = formatInitFunction(func) ?? phase;
        results.push(await this.call(func, exports));
        await this.runtime.settle();
        if (this.interruption !== undefined) throw this.interruption;
        checkTasks(this.runtime);
      }
    } catch (error) {
      const cause = this.interruption ?? error;
      this.exited = cause instanceof GuestExit && cause.code === 0;
      if (!this.exited || this.instances.length < this.prepared.instrumented.instances.length) {
        throw initializationError(cause, phase, output, notes(cause));
      }
      await this.runtime.settle();
      checkTasks(this.runtime);
    }
    return results;
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

  private async call(init: InitFunction, exports: Record<string, unknown>): Promise<unknown> {
    if (init.kind === "none") return undefined;
    if (init.kind === "core") {
      const instance = this.instances[init.instance] as InitializedInstance;
      return (instance.exports[safeCoreName(init.name)] as () => unknown)();
    }
    const owner = init.interface === undefined ? exports : (exports[toExportKey(init.interface)] as typeof exports);
    const func = owner[toCamelCase(init.name)] as (...args: readonly unknown[]) => unknown;
    const result = func(...init.args);
    return settledOrStuck(result instanceof Promise ? this.runtime.completion(result) : result, NEVER_HAPPENS);
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
