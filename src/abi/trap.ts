import { withDeepStack } from "../deep-stack.js";

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
