import { ComponentInitError } from "../errors.js";
import { type Async, awaited } from "./async.js";
import type { CoreImplementation, CoreValue, WasmFunction } from "./core-types.js";
import { trapIf } from "./trap.js";

/** JavaScript Promise Integration, which TypeScript's library does not know yet and engines before V8 13.7 do not have. */
interface Engine {
  promising(func: WasmFunction): (...args: CoreValue[]) => Promise<unknown>;
  readonly Suspending: new (func: CoreImplementation) => WebAssembly.ImportValue;
}

/** Each call that waits has a stack of the engine's, which ends the process where it can make no more of them. */
const MAX_STACKS = 10_000;

/** Stack switching, or what says that there is none to whoever needs it. */
export class PromiseIntegration {
  readonly #engine: Engine | undefined;
  #stacks = 0;

  constructor(engine: Partial<Engine> = WebAssembly as Partial<Engine>) {
    const { promising, Suspending } = engine;
    this.#engine = promising === undefined || Suspending === undefined ? undefined : { promising, Suspending };
  }

  /** Whether code can wait at all. */
  get isAvailable(): boolean {
    return this.#engine !== undefined;
  }

  /** Calls a function that may wait. */
  *call(func: WasmFunction, args: readonly CoreValue[]): Async<unknown> {
    if (this.#engine === undefined) return func(...args);
    trapIf(this.#stacks === MAX_STACKS, `more than ${MAX_STACKS} calls wait in the middle of their code`);
    this.#stacks++;
    try {
      return yield* awaited(this.#engine.promising(func)(...args));
    } finally {
      this.#stacks--;
    }
  }

  /** An import that may wait. */
  suspending(func: CoreImplementation): WebAssembly.ImportValue {
    if (this.#engine !== undefined) return new this.#engine.Suspending(func);
    return (...args: CoreValue[]) => {
      const result = func(...args);
      return result instanceof Promise ? refuse() : result;
    };
  }
}

export function refuse(): never {
  throw new ComponentInitError(
    "unsupported",
    `initialization runs async functions, and Node ${process.versions.node} has no JavaScript Promise Integration ` +
      "(WebAssembly.Suspending): use Node 25 or later",
  );
}
