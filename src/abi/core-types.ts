/** The address type of a memory. */
export type PtrType = "i32" | "i64";
export type CoreType = "i32" | "i64" | "f32" | "f64";
export type CoreValue = number | bigint;

export interface CoreFuncType {
  readonly params: readonly CoreType[];
  readonly results: readonly CoreType[];
}

/** A function that WebAssembly has exported. */
export type WasmFunction = (...args: CoreValue[]) => unknown;

/** What a canonical definition does, in JavaScript. */
export type CoreImplementation = (...args: CoreValue[]) => CoreValue | undefined | Promise<CoreValue | undefined>;
