/**
 * Ends the guest the way the WIT says it traps. jco's glue lets a `WebAssembly.RuntimeError` through (any other thrown
 * value may become the error case of a `result`) and from then on refuses to enter the component again.
 */
export function trap(message: string): never {
  throw new WebAssembly.RuntimeError(`wasm trap: ${message}`);
}
