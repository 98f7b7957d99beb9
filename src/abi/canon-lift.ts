import type { Async } from "./async.js";
import { codecOf } from "./codec.js";
import type { Convention } from "./convention.js";
import type { CoreValue, WasmFunction } from "./core-types.js";
import type { LiftedFunc } from "./func.js";
import type { ComponentInstance } from "./instance.js";
import { MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, paramTypes, resultTypes } from "./layout.js";
import { CoreValueIter } from "./options.js";
import { type PromiseIntegration, refuse } from "./promise-integration.js";
import { withoutLeaving } from "./reentrance.js";
import { nextReady, type Store } from "./store.js";
import { type OnCancel, type OnResolve, type OnStart, Task } from "./task.js";
import { callTrapping, rethrow, trap, trapIf } from "./trap.js";
import { type EventTuple, NO_EVENT, TASK_CANCELLED, WaitableSet } from "./waitable.js";

/** CanonicalABI.md, `CallbackCode`. */
const CallbackCode = { exit: 0, yield: 1, wait: 2 } as const;

/**
 * CanonicalABI.md, `Store.lift` and `canon_lift`: starts a call, which goes on until it blocks or ends.
 *
 * @param caller - the instance that calls; none for the host
 * @param convention - what values are for whoever gives and takes them
 */
export function* startLifted(
  func: LiftedFunc,
  convention: Convention,
  onStart: OnStart,
  onResolve: OnResolve,
  caller: ComponentInstance | undefined,
): Async<OnCancel> {
  const { instance } = func;
  trapIf(!instance.mayEnterFrom(caller), "cannot enter component instance");
  instance.enterFrom(caller);
  const task = new Task(func.type, func.options, instance, func.name, convention, onStart, onResolve, (own) =>
    runImplicitThread(own, func, convention),
  );
  yield* task.implicitThread.resume();
  if (func.type.async) yield* letPass(task);
  else yield* resolveNow(task);
  instance.leaveTo(caller);
  return (from) => task.requestCancellation(from);
}

/**
 * Lets those go on who keep a task from starting and could go on anyway. The specification leaves them to later; Wasmtime does
 * this, and tests of the specification count on it.
 */
function* letPass(task: Task): Async<void> {
  const { instance } = task;
  while (task.state === "initial" && instance.backpressure === 0) {
    const { exclusiveThread: thread } = instance;
    const next = thread === undefined ? task.implicitThread : thread;
    if (!next.ready) return;
    yield* next.resume();
  }
}

/** A function whose type is not async does not wait for anyone outside of its instance. */
export function* resolveNow(task: Task): Async<void> {
  const { instance } = task;
  while (task.state !== "resolved") {
    // In the order in which they have begun to wait, so that one that yields lets others go on.
    const thread = nextReady(instance.ready);
    if (thread === undefined) trap("cannot block a synchronous task before returning");
    yield* (thread as NonNullable<typeof thread>).resume();
  }
}

function* runImplicitThread(task: Task, func: LiftedFunc, convention: Convention): Async<void> {
  const { type, options, instance, callee } = func;
  if (!(yield* task.enterImplicitThread())) return;
  const { lifters, lowerers } = codecOf(convention, options.ptrType);
  const cx = { options, instance, lends: undefined, borrows: task };
  const args = task.start();
  options.refresh();
  const coreArgs = lowerers.values(paramTypes(type), MAX_FLAT_PARAMS)(cx, args);
  if (options.async) yield* runAsync(task, callee, options.callbackFunction, coreArgs);
  else {
    const coreResult = (yield* call(instance.store, callee, coreArgs)) as CoreValue | undefined;
    const coreResults = coreResult === undefined ? [] : [coreResult];
    options.refresh();
    task.return(lifters.values(resultTypes(type), MAX_FLAT_RESULTS)(cx, new CoreValueIter(coreResults)));
    const { postReturn } = options;
    if (postReturn !== undefined) withoutLeaving(instance, () => callTrapping(postReturn, coreResults));
  }
  task.exitImplicitThread();
}

/** The result comes by `task.return`. */
function* runAsync(
  task: Task,
  callee: WasmFunction,
  callback: WasmFunction | undefined,
  coreArgs: readonly CoreValue[],
): Async<void> {
  const { instance, implicitThread: thread } = task;
  const { store } = instance;
  if (!integrationOf(store).isAvailable) refuse();
  const first = (yield* call(store, callee, coreArgs)) as number;
  if (callback === undefined) return;
  let [code, index] = unpackCallbackResult(first);
  while (code !== CallbackCode.exit) {
    instance.exclusiveThread = undefined;
    let event: EventTuple;
    const { isFree } = instance;
    if (code === CallbackCode.yield) event = (yield* thread.yield(true, isFree)) ? TASK_CANCELLED : NO_EVENT;
    else event = yield* waitableSetAt(instance, index).waitForEventAnd(thread, isFree, true);
    instance.exclusiveThread = thread;
    [code, index] = unpackCallbackResult((yield* call(store, callback, event)) as number);
  }
}

function unpackCallbackResult(packed: number): [code: number, index: number] {
  const code = packed & 0xf;
  trapIf(code > CallbackCode.wait, "unsupported callback code");
  return [code, packed >>> 4];
}

export function waitableSetAt(instance: ComponentInstance, index: number): WaitableSet {
  const entry = instance.handles.get(index);
  return entry instanceof WaitableSet ? entry : trap(`handle index ${index} is no waitable set`);
}

/** Calls code that can block its thread. */
export function* call(store: Store, func: WasmFunction, args: readonly CoreValue[]): Async<unknown> {
  try {
    return yield* integrationOf(store).call(func, args);
  } catch (error) {
    return rethrow(error);
  }
}

/** Of a component in which something can wait. */
export function integrationOf({ options }: Store): PromiseIntegration {
  return options.integration as PromiseIntegration;
}
