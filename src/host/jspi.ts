import { ComponentInitError } from "../errors.js";

type WasmFunction = (...args: unknown[]) => unknown;

/** JavaScript Promise Integration, which TypeScript's library does not know yet and engines before V8 13.7 do not have. */
export interface PromiseIntegration {
  promising(func: WasmFunction): WasmFunction;
  readonly Suspending: new (func: WasmFunction) => WebAssembly.ImportValue;
}

/** The engine's, or what says that there is none to whoever needs it. */
export function promiseIntegration(engine: Partial<PromiseIntegration>): {
  promising(func: WasmFunction): WasmFunction;
  suspending(func: WasmFunction): WebAssembly.ImportValue;
} {
  const { promising, Suspending } = engine;
  if (promising === undefined || Suspending === undefined) return { promising: () => refuse, suspending: () => refuse };
  return { promising, suspending: (func) => new Suspending(func) };
}

function refuse(): never {
  throw new ComponentInitError(
    "unsupported",
    `initialization runs async functions, and Node ${process.versions.node} has no JavaScript Promise Integration ` +
      "(WebAssembly.Suspending): use Node 25 or later",
  );
}
