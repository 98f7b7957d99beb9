import type { InstrumentedInstance, InstrumentedModule } from "../instrument/model.js";

/** A core instance after initialization. */
export interface InitializedInstance {
  readonly info: InstrumentedInstance;
  readonly module: InstrumentedModule;
  readonly exports: WebAssembly.Exports;
  /** The first memory that it imports. */
  readonly importedMemory: WebAssembly.Memory | undefined;
  /** Of an adapter from WASI preview 1 the i32 globals right after instantiation, start function included, by index. */
  readonly initialGlobals: ReadonlyMap<number, number>;
  /** Whether it is an adapter from WASI preview 1 that has its first globals in the output. */
  readonly startsAfresh: boolean;
}
