import type { WasmFunction } from "../abi/core-types.js";
import type { FuncInst } from "../abi/func.js";
import { callCore, callExport } from "../abi/host-call.js";
import type { ComponentInstance } from "../abi/instance.js";
import { type InstanceExports, instantiateComponent } from "../abi/instantiate.js";
import { PromiseIntegration } from "../abi/promise-integration.js";
import { Store } from "../abi/store.js";
import { concat } from "../binary/writer.js";
import type { CoreModuleDefinition } from "../component/model.js";
import { failDl, isDlInterface } from "../dlopen/interface.js";
import { lookUp, type RunningInstance } from "../instrument/access.js";
import { formatInitFunction, type InitFunction } from "../instrument/init-func.js";
import type { Instrumented, InstrumentedInstance, InstrumentedModule } from "../instrument/model.js";
import type { AddedInstance, LoaderHost } from "../loader/instantiate.js";
import type { RunningCore } from "../loader/program.js";
import { GuestExit } from "../wasi/index.js";
import { AdapterCalls, startsAfresh } from "./adapters.js";
import { ErrorResult, initializationError, type Notes } from "./failure.js";
import { type Forgot, forgetHost } from "./forget.js";
import type { Forgotten } from "./forgotten.js";
import { HandleOrigins } from "./guest-handles.js";
import { hostFunctionOf } from "./host-functions.js";
import type { ImportObject } from "./imports.js";
import type { InitializedInstance } from "./initialized-instance.js";
import { LibcWatch, memoryOf } from "./libc.js";
import { checkTasks } from "./live-tasks.js";
import type { OutputCapture } from "./output.js";
import type { Outside } from "./outside.js";
import type { Preview1Files } from "./preview1-files.js";
import { ReferenceWatch } from "./references.js";
import { refusedGrowth } from "./refused-growth.js";
import { TableWatch } from "./tables.js";

/** An instrumented component, compiled: can be initialized any number of times. */
export interface Prepared {
  readonly instrumented: Instrumented;
  readonly modules: readonly WebAssembly.Module[];
}

interface RunningMember extends RunningInstance {
  readonly instance: ComponentInstance | undefined;
}

/** One life of a component: its core instances, and what of their state has to be watched from the start. */
export class ComponentRun implements LoaderHost {
  readonly instances: InitializedInstance[] = [];
  readonly store: Store;
  readonly tables = new TableWatch();
  readonly references = new ReferenceWatch();
  readonly adapters = new AdapterCalls();
  readonly callers = new Set<WebAssembly.Memory>();
  exited = false;

  private readonly running: RunningMember[] = [];
  private readonly libc = new LibcWatch();
  private readonly hasKnownAdapter: boolean;
  private interruption: Error | undefined;

  constructor(
    private readonly prepared: Prepared,
    private readonly files: Preview1Files,
    private readonly outside: Outside,
    private readonly forget: readonly Forgotten[],
  ) {
    const { modules } = prepared.instrumented;
    this.hasKnownAdapter = modules.some(({ preview1Adapter }) => preview1Adapter === "known");
    this.store = new Store({
      onTrap: this.interrupt,
      onCreation: new HandleOrigins().note,
      integration: prepared.instrumented.isAsync ? new PromiseIntegration() : undefined,
      waitOutside: this.outside.wait,
    });
  }

  /** Notes that the host ended the guest. The guest may have caught the exception and gone on as if nothing were. */
  readonly interrupt = (error: Error): void => {
    this.interruption ??= error;
  };

  readonly isInterrupted = (): boolean => this.interruption !== undefined;

  /**
   * Instantiates the component and calls functions of it, one after the other.
   *
   * @param notes - what to say of a failure, and of the limit for which a memory could not grow before it
   * @returns what they returned, in the host's convention
   */
  async execute(
    imports: ImportObject,
    functions: readonly InitFunction[],
    output: OutputCapture,
    notes: (cause: unknown, memoryLimit: number | undefined) => Notes,
  ): Promise<unknown[]> {
    let phase = "instantiation";
    const results: unknown[] = [];
    try {
      const exports = await this.instantiate(imports);
      for (const func of functions) {
        phase = formatInitFunction(func) ?? phase;
        results.push(await this.call(func, exports));
        await this.store.settle();
        if (this.interruption !== undefined) throw this.interruption;
        checkTasks(this.store);
      }
    } catch (error) {
      const cause = this.interruption ?? error;
      this.exited = cause instanceof GuestExit && cause.code === 0;
      if (!this.exited || this.instances.length < this.prepared.instrumented.instances.length) {
        throw initializationError(cause, phase, output, notes(cause, this.refusedGrowth()));
      }
      // What WASI has promised it has done by then; who has ended does not want to know.
      await new Promise((resolve) => setImmediate(resolve));
      checkTasks(this.store, true);
    } finally {
      this.outside.close();
    }
    return results;
  }

  private instantiate(imports: ImportObject): Promise<InstanceExports> {
    return instantiateComponent(this.prepared.instrumented.component, this.store, {
      func: (importName, func) => hostFunctionOf(imports, importName, func),
      instantiateCore: this.instantiateCore,
      onLower: ({ name }, memory) => {
        if (isDlInterface(name)) this.callers.add(memory);
      },
    });
  }

  /** To be called when initialization has ended. */
  forgetHost(output: OutputCapture, environmentRead: boolean): Forgot {
    try {
      const { instances, exited } = this;
      return forgetHost(this.libc, { instances, exited, environmentRead }, this.forget);
    } catch (error) {
      throw initializationError(error, "the end of initialization", output);
    }
  }

  private refusedGrowth(): number | undefined {
    const limits = this.instances.map(({ module }, i) => refusedGrowth(module, this.running[i] as RunningMember));
    return limits.find((limit) => limit !== undefined);
  }

  private memoryOf(position: number): WebAssembly.Memory | undefined {
    const instance = this.instances[position];
    return instance && memoryOf(instance);
  }

  private readonly instantiateCore = async (
    definition: CoreModuleDefinition,
    imports: WebAssembly.Imports,
    instance: ComponentInstance,
  ): Promise<WebAssembly.Exports> => {
    const { definitions, instances, modules } = this.prepared.instrumented;
    const position = this.instances.length;
    const info = instances[position] as InstrumentedInstance;
    if (definition !== definitions[info.module]) {
      throw new Error("core modules are instantiated in another order than the component says");
    }
    const instrumented = modules[info.module] as InstrumentedModule;
    const watched = this.watch(imports, instrumented, position);
    const module = this.prepared.modules[info.module] as WebAssembly.Module;
    const { exports } = new WebAssembly.Instance(module, watched);
    this.add(info, instrumented, { exports, imports: watched, instance });
    const start = startOf(instrumented, exports);
    if (start !== undefined) await callCore(instance, start, true);
    this.noteInitialState(position);
    return exports;
  };

  /** What an instance is given, so that what it does with WASI preview 1 is seen. */
  private watch(imports: WebAssembly.Imports, instrumented: InstrumentedModule, position: number): WebAssembly.Imports {
    if (instrumented.preview1Adapter === "known") {
      return this.adapters.watch(imports, () => this.instances[position]?.startsAfresh === true);
    }
    // Where nobody knows the adapter, nobody knows what functions do that are called like its.
    if (!this.hasKnownAdapter) return imports;
    const asked = this.libc.watch(imports, instrumented, position);
    return this.files.watch(asked, instrumented.preview1Imports, () => this.memoryOf(position));
  }

  /** Notes an instance that was made, and was not started. */
  private add(info: InstrumentedInstance, module: InstrumentedModule, running: RunningMember): void {
    const { exports } = running;
    const [memory] = module.state.importedMemories;
    const importedMemory = memory && (lookUp(memory, running) as WebAssembly.Memory);
    for (const { exportName, is64 } of module.state.memories) {
      if (is64) this.store.memories64.add(exports[exportName] as WebAssembly.Memory);
    }
    const position = this.instances.length;
    this.tables.afterInstantiation(module.state, running, position);
    this.references.afterInstantiation(module.state, running, position);
    this.running.push(running);
    const initialGlobals = new Map<number, number>();
    this.instances.push({ info, module, exports, importedMemory, initialGlobals, startsAfresh: false });
  }

  /** To be called when the start function has run. */
  private noteInitialState(position: number): void {
    const instance = this.instances[position] as InitializedInstance;
    if (instance.module.preview1Adapter === undefined) return;
    const noted = { ...instance, initialGlobals: readI32Globals(instance.module, instance.exports) };
    this.instances[position] = { ...noted, startsAfresh: this.forget.includes("adapter") && startsAfresh(noted) };
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

  /** Adds a core instance to those of the component, and starts it. */
  readonly instantiateMore = (
    module: InstrumentedModule,
    imports: WebAssembly.Imports,
    name: string,
  ): AddedInstance => {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(concat(module.chunks)), imports);
    const position = this.instances.length;
    const info = { module: -1, name, isAdded: true };
    this.add(info, module, { exports, imports, instance: undefined });
    startOf(module, exports)?.();
    this.noteInitialState(position);
    return { exports, position };
  };

  private async call(init: InitFunction, exports: InstanceExports): Promise<unknown> {
    if (init.kind === "none") return undefined;
    if (init.kind === "core") {
      const func = (this.instances[init.instance] as InitializedInstance).exports[init.name] as WasmFunction;
      return callCore((this.running[init.instance] as RunningMember).instance as ComponentInstance, func, false);
    }
    const owner = init.interface === undefined ? exports : (exports.get(init.interface) as InstanceExports);
    const func = owner.get(init.name) as FuncInst;
    const result = func.kind === "lifted" ? await callExport(func, init.args) : await func.call(init.args);
    return func.type.result?.kind === "result" ? unwrapped(result) : result;
  }
}

/** @throws ErrorResult */
function unwrapped(result: unknown): unknown {
  const { tag, val } = result as { readonly tag: "ok" | "err"; readonly val: unknown };
  if (tag === "ok") return val;
  throw new ErrorResult(val);
}

function startOf({ state }: InstrumentedModule, exports: WebAssembly.Exports): WasmFunction | undefined {
  return state.start === undefined ? undefined : (exports[state.start] as WasmFunction);
}

function readI32Globals({ state }: InstrumentedModule, exports: WebAssembly.Exports): Map<number, number> {
  const globals = state.globals.filter(({ type }) => type === "i32");
  return new Map(globals.map(({ index, exportName }) => [index, (exports[exportName] as WebAssembly.Global).value]));
}
