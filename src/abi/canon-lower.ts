import { type Async, drive } from "./async.js";
import { startLifted } from "./canon-lift.js";
import { codecOf } from "./codec.js";
import type { CoreImplementation, CoreValue } from "./core-types.js";
import type { FuncInst, HostFunc } from "./func.js";
import { guestConvention } from "./guest-convention.js";
import { hostConvention } from "./host-convention.js";
import type { Cancellable } from "./host-func.js";
import type { ComponentInstance } from "./instance.js";
import { MAX_FLAT_ASYNC_PARAMS, MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, paramTypes, resultTypes } from "./layout.js";
import { type CanonicalOptions, CoreValueIter } from "./options.js";
import { lazily } from "./plain-call.js";
import { Subtask, SubtaskState } from "./subtask.js";
import type { OnCancel, OnResolve, OnStart } from "./task.js";
import type { Thread } from "./thread.js";
import { withTypeOf } from "./thrown.js";
import { trapIf } from "./trap.js";
import { EventCode, type EventTuple } from "./waitable.js";

/** CanonicalABI.md, `canon_lower`, where calls can wait. */
export function lowerAsync(callee: FuncInst, options: CanonicalOptions, caller: ComponentInstance): CoreImplementation {
  return lazily(() => {
    const call = new AsyncLowering(callee, options, caller);
    return (...args) => drive(call.run(args));
  });
}

class AsyncLowering {
  readonly #liftParams: ReturnType<AsyncLowering["codec"]>["liftParams"];
  readonly #lowerResults: ReturnType<AsyncLowering["codec"]>["lowerResults"];

  constructor(
    private readonly callee: FuncInst,
    private readonly options: CanonicalOptions,
    private readonly caller: ComponentInstance,
  ) {
    const { liftParams, lowerResults } = this.codec();
    this.#liftParams = liftParams;
    this.#lowerResults = lowerResults;
  }

  private codec() {
    const { callee, options } = this;
    const convention = callee.kind === "lifted" ? guestConvention : hostConvention;
    const { lifters, lowerers } = codecOf(convention, options.ptrType);
    const maxParams = options.async ? MAX_FLAT_ASYNC_PARAMS : MAX_FLAT_PARAMS;
    const maxResults = options.async ? 0 : MAX_FLAT_RESULTS;
    return {
      liftParams: lifters.values(paramTypes(callee.type), maxParams),
      lowerResults: lowerers.values(resultTypes(callee.type), maxResults),
    };
  }

  *run(args: readonly CoreValue[]): Async<CoreValue | undefined> {
    const { callee, options, caller } = this;
    caller.checkMayLeave();
    // CanonicalABI.md would let an instance call itself; Wasmtime does not, where outputs run.
    trapIf(callee.kind === "lifted" && callee.instance === caller, "cannot enter component instance");
    const { store } = caller;
    const thread = store.currentThread as Thread;
    const subtask = new Subtask(callee.name);
    const cx = { options, instance: caller, lends: subtask.lenders, borrows: undefined };
    const values = new CoreValueIter(args);
    let coreResults: CoreValue[] = [];
    let onProgress = (): void => undefined;
    const onStart: OnStart = () => {
      subtask.state = SubtaskState.started;
      onProgress();
      options.refresh();
      return this.#liftParams(cx, values);
    };
    const onResolve: OnResolve = (results) => {
      if (results === undefined) {
        const isStarting = subtask.state === SubtaskState.starting;
        subtask.state = isStarting ? SubtaskState.cancelledBeforeStarted : SubtaskState.cancelledBeforeReturned;
        onProgress();
        return;
      }
      options.refresh();
      const lower = () => this.#lowerResults(cx, results, values);
      coreResults = callee.kind === "host" ? withTypeOf(callee.name, lower) : lower();
      subtask.state = SubtaskState.returned;
      onProgress();
    };
    subtask.onCancel =
      callee.kind === "lifted"
        ? yield* startLifted(callee, guestConvention, onStart, onResolve, caller)
        : startHost(callee, caller, onStart, onResolve);
    if (!options.async) {
      yield* thread.waitUntil(
        subtask.condition(() => subtask.resolved),
        false,
      );
      subtask.deliverResolve();
      return coreResults[0];
    }
    if (subtask.resolved) {
      subtask.deliverResolve();
      return subtask.state;
    }
    const index = caller.handles.add(subtask);
    const event = (): EventTuple => {
      if (subtask.resolved) subtask.deliverResolve();
      return [EventCode.subtask, index, subtask.state];
    };
    onProgress = () => subtask.setPendingEvent(event);
    return (subtask.state | (index << 4)) >>> 0;
  }
}

/** Calls a function of the host. Of those that take their time the result comes when no thread runs. */
function startHost(func: HostFunc, caller: ComponentInstance, onStart: OnStart, onResolve: OnResolve): OnCancel {
  const { store } = caller;
  const resultsOf = (result: unknown) => (func.type.result === undefined ? [] : [result]);
  const result = func.call(onStart());
  if (!(func.type.async && isPromise(result))) {
    onResolve(resultsOf(result));
    return neverCancelled;
  }
  const call = { name: func.name, hasReturned: false };
  store.hostCalls.add(call);
  const settle = (resolve: () => void) => {
    call.hasReturned = true;
    store.enqueue(() => {
      // It may have been cancelled meanwhile.
      if (store.hostCalls.delete(call)) resolve();
    });
  };
  result.then(
    (value) => settle(() => onResolve(resultsOf(value))),
    (error: unknown) =>
      settle(() => {
        store.noteTrap(error);
        throw error;
      }),
  );
  // biome-ignore lint/correctness/useYield: a host does not make its caller wait
  return function* () {
    if (!store.hostCalls.delete(call)) return;
    (result as Cancellable).cancel?.();
    onResolve(undefined);
  };
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}

function* neverCancelled(): Async<void> {}
