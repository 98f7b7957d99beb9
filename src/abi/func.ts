import type { WasmFunction } from "./core-types.js";
import type { ComponentInstance } from "./instance.js";
import type { CanonicalOptions } from "./options.js";
import type { FuncType } from "./types.js";

/** A function of a component (CanonicalABI.md, `FuncInst`): a guest's or the host's. */
export type FuncInst = LiftedFunc | HostFunc;

export interface LiftedFunc {
  readonly kind: "lifted";
  /** For messages. */
  readonly name: string;
  readonly type: FuncType;
  readonly options: CanonicalOptions;
  readonly instance: ComponentInstance;
  readonly callee: WasmFunction;
}

export interface HostFunc {
  readonly kind: "host";
  /** The import's, and the function's in it where that is an instance: `a:b/c#d`. */
  readonly name: string;
  readonly type: FuncType;
  /** Takes arguments and gives the result in the host's convention; a promise of it where the type is async. */
  readonly call: (args: readonly unknown[]) => unknown;
}
