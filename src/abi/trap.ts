import { withDeepStack } from "../deep-stack.js";
import type { CoreValue, WasmFunction } from "./core-types.js";

/**
 * CanonicalABI.md, `trap`: ends the guest. Its component instance is not entered again.
 *
 * @throws WebAssembly.RuntimeError always; wording as Wasmtime has it, where it has the trap
 */
export function trap(message: string): never {
  throw withDeepStack(() => new WebAssembly.RuntimeError(message));
}

export function trapIf(condition: boolean, message: string): void {
  if (condition) trap(message);
}

/** CanonicalABI.md, `call_and_trap_on_throw`: exceptions of WebAssembly stay inside of a component instance. */
export function callTrapping(func: WasmFunction, args: readonly CoreValue[]): unknown {
  try {
    return func(...args);
  } catch (error) {
    return rethrow(error);
  }
}

export function rethrow(error: unknown): never {
  if (error instanceof WebAssembly.Exception) return trap("uncaught exception propagated out of component");
  throw error;
}
