import type { HostFunc } from "./func.js";
import { asTrap, isError } from "./thrown.js";
import type { FuncType } from "./types.js";

/** What the host provides for an import: takes arguments and gives a result as the library's conventions have it. */
export type HostImplementation = (...args: readonly unknown[]) => unknown;

/** What a promise of the host may have. */
export interface Cancellable {
  /** Told when the guest has cancelled the call, and gets no result. */
  readonly cancel?: () => void;
}

/** What is made of a promise's outcome, cancelled as it is. */
export function follow<T, U>(
  promise: Promise<T> & Cancellable,
  onValue: (value: T) => U,
  onError: (error: unknown) => U,
): Promise<U> & Cancellable {
  return Object.assign(promise.then(onValue, onError), { cancel: () => promise.cancel?.() });
}

/** A function of the host, with results that are thrown or returned made values. */
export function hostFunc(name: string, type: FuncType, implementation: HostImplementation): HostFunc {
  const call =
    type.result?.kind === "result"
      ? (args: readonly unknown[]) => settled(() => implementation(...args), type.async)
      : (args: readonly unknown[]) => trapping(name, () => implementation(...args), type.async);
  return { kind: "host", name, type, call };
}

/** Where nothing that is thrown is a value. */
function trapping(name: string, call: () => unknown, isAsync: boolean): unknown {
  const trap = (error: unknown): never => {
    throw asTrap(name, error);
  };
  try {
    const value = call();
    return isAsync && value instanceof Promise ? follow(value, (given) => given, trap) : value;
  } catch (error) {
    return trap(error);
  }
}

type Result = { readonly tag: "ok" | "err"; readonly val: unknown };

function settled(call: () => unknown, isAsync: boolean): Result | PromiseLike<Result> {
  try {
    const value = call();
    if (isAsync && value instanceof Promise) return follow(value, ok, err);
    return ok(value);
  } catch (error) {
    return err(error);
  }
}

function ok(val: unknown): Result {
  return { tag: "ok", val };
}

/** What is thrown is the error case of the result; an `Error` only where it carries one as its `payload`. */
function err(error: unknown): Result {
  if (!isError(error)) return { tag: "err", val: error };
  if (Object.hasOwn(error, "payload")) return { tag: "err", val: (error as unknown as { payload: unknown }).payload };
  throw error;
}
