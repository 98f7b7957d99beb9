/**
 * Ends the guest the way the WIT says it traps: an `Error` without a `payload` is no error case of a `result`, and the
 * component is not entered again.
 */
export function trap(message: string): never {
  throw new WebAssembly.RuntimeError(`wasm trap: ${message}`);
}
