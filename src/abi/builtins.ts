import { type Async, drive } from "./async.js";
import { call, waitableSetAt } from "./canon-lift.js";
import { codecOf } from "./codec.js";
import type { CopyType } from "./copy.js";
import { BLOCKED, cancelCopy, copy, dropEnd, newEnds } from "./copy-builtins.js";
import type { CoreFuncType, CoreImplementation, CoreType, CoreValue, WasmFunction } from "./core-types.js";
import { destroy, destroyAsync } from "./destructors.js";
import { ErrorContext } from "./error-context.js";
import { ComponentInstance } from "./instance.js";
import { flattenTypes, MAX_FLAT_PARAMS, resultTypes } from "./layout.js";
import { type CanonicalOptions, CoreValueIter, toAddress } from "./options.js";
import { lowerOwn, resourceAt } from "./resource-handles.js";
import type { ResourceHandle, ResourceType } from "./resources.js";
import { hostString, loadStringFromRange, storeStringIntoRange } from "./strings.js";
import { Subtask } from "./subtask.js";
import type { Task } from "./task.js";
import { Thread } from "./thread.js";
import { trap, trapIf } from "./trap.js";
import type { ValType } from "./types.js";
import { type EventTuple, NO_EVENT, TASK_CANCELLED, Waitable, WaitableSet } from "./waitable.js";

/** The immediates of a built-in, resolved. Which are there depends on the built-in. */
export interface Immediates {
  readonly resource?: ResourceType;
  readonly copyType?: CopyType;
  readonly options?: CanonicalOptions;
  /** Of `task.return`. */
  readonly result?: ValType | undefined;
  /** The first byte or number: `async?`, `cancel?`, or a core type. */
  readonly flag: number;
  /** The second one: which storage. */
  readonly slot: number;
  readonly memory?: CanonicalOptions;
  readonly table?: WebAssembly.Table;
  /** The type of the functions in the table. */
  readonly threadType?: CoreFuncType;
  /** Whether a reference is a function of that type, which JavaScript cannot tell. */
  readonly isThreadFunction?: (func: unknown) => boolean;
}

export interface Builtin {
  readonly type: CoreFuncType;
  /** Whether it can have to wait. */
  readonly mayBlock: boolean;
  readonly run: CoreImplementation;
}

type Maker = (instance: ComponentInstance, immediates: Immediates) => Builtin;

/** CanonicalABI.md, "Canonical Definitions": all but `lift` and `lower`, by name. */
export function makeBuiltin(name: string, instance: ComponentInstance, immediates: Immediates): Builtin | undefined {
  return BUILTINS[name]?.(instance, immediates);
}

function type(params: readonly CoreType[], results: readonly CoreType[] = []): CoreFuncType {
  return { params, results };
}

/** One that returns at once. */
function immediate(params: readonly CoreType[], results: readonly CoreType[], run: CoreImplementation): Builtin {
  return { type: type(params, results), mayBlock: false, run };
}

/** One that may wait. */
function blocking(
  params: readonly CoreType[],
  results: readonly CoreType[],
  run: (...args: CoreValue[]) => Async<CoreValue | undefined>,
): Builtin {
  return { type: type(params, results), mayBlock: true, run: (...args) => drive(run(...args)) };
}

/** One that waits only if it is not called asynchronously. */
function blockingUnless(
  isAsync: boolean,
  params: readonly CoreType[],
  result: CoreType,
  run: (...args: CoreValue[]) => Async<CoreValue | undefined>,
): Builtin {
  return { ...blocking(params, [result], run), mayBlock: !isAsync };
}

const u32 = (value: CoreValue | undefined): number => (value as number) >>> 0;

const BUILTINS: Readonly<Record<string, Maker>> = {
  "resource.new": (instance, { resource }) =>
    immediate(["i32"], ["i32"], (rep) => {
      instance.checkMayLeave();
      return lowerOwn(instance, u32(rep), resource as ResourceType);
    }),
  "resource.rep": (instance, { resource }) =>
    immediate(["i32"], ["i32"], (index) => resourceAt(instance, u32(index), resource as ResourceType).rep as number),
  "resource.drop": (instance, { resource }) => resourceDrop(instance, resource as ResourceType),
  "context.get": ({ store }, { flag, slot }) => {
    const coreType = flag === I64 ? "i64" : "i32";
    return immediate([], [coreType], () => {
      const value = store.contextStorage[slot as 0 | 1];
      if (coreType === "i64") return BigInt(value);
      return typeof value === "number" ? value : Number(BigInt.asIntN(32, value));
    });
  },
  "context.set": ({ store }, { flag, slot }) =>
    immediate([flag === I64 ? "i64" : "i32"], [], (value) => {
      store.contextStorage[slot as 0 | 1] = typeof value === "bigint" ? BigInt.asUintN(64, value) : u32(value);
      return undefined;
    }),
  "backpressure.inc": (instance) =>
    immediate([], [], () => {
      instance.backpressure++;
      trapIf(instance.backpressure === 2 ** 16, "backpressure counter overflow");
      return undefined;
    }),
  "backpressure.dec": (instance) =>
    immediate([], [], () => {
      trapIf(instance.backpressure === 0, "backpressure counter underflow");
      instance.backpressure--;
      return undefined;
    }),
  // Before there was a counter: on or off.
  "backpressure.set": (instance) =>
    immediate(["i32"], [], (enabled) => {
      instance.backpressure = enabled ? 1 : 0;
      return undefined;
    }),
  "task.return": (instance, { result, options }) => taskReturn(instance, result, options as CanonicalOptions),
  "task.cancel": (instance) =>
    immediate([], [], () => {
      instance.checkMayLeave();
      const task = currentTask(instance);
      trapIf(!task.options.async, "`task.cancel` called by a task that is not async");
      task.cancel();
      return undefined;
    }),
  "waitable-set.new": (instance) =>
    immediate([], ["i32"], () => {
      instance.checkMayLeave();
      return instance.handles.add(new WaitableSet());
    }),
  "waitable-set.wait": (instance, { flag, memory }) =>
    blocking(["i32", (memory as CanonicalOptions).ptrType], ["i32"], function* (index, ptr) {
      instance.checkMayLeave();
      const set = waitableSetAt(instance, u32(index));
      const event = yield* set.waitForEventAnd(currentThread(instance), undefined, flag !== 0);
      return unpackEvent(memory as CanonicalOptions, toAddress(ptr as CoreValue), event);
    }),
  "waitable-set.poll": (instance, { flag, memory }) =>
    immediate(["i32", (memory as CanonicalOptions).ptrType], ["i32"], (index, ptr) => {
      instance.checkMayLeave();
      const set = waitableSetAt(instance, u32(index));
      return unpackEvent(memory as CanonicalOptions, toAddress(ptr as CoreValue), poll(set, instance, flag !== 0));
    }),
  "waitable-set.drop": (instance) =>
    immediate(["i32"], [], (index) => {
      instance.checkMayLeave();
      waitableSetAt(instance, u32(index)).drop();
      instance.handles.remove(u32(index));
      return undefined;
    }),
  "waitable.join": (instance) =>
    immediate(["i32", "i32"], [], (index, setIndex) => {
      instance.checkMayLeave();
      const waitable = instance.handles.get(u32(index));
      if (!(waitable instanceof Waitable)) return trap(`handle index ${u32(index)} is no waitable`);
      trapIf(waitable.hasSyncWaiter, "waitable cannot be joined while it is waited for synchronously");
      waitable.join(u32(setIndex) === 0 ? undefined : waitableSetAt(instance, u32(setIndex)));
      return undefined;
    }),
  "subtask.cancel": (instance, { flag }) => subtaskCancel(instance, flag !== 0),
  "subtask.drop": (instance) =>
    immediate(["i32"], [], (index) => {
      instance.checkMayLeave();
      subtaskAt(instance, u32(index)).drop();
      instance.handles.remove(u32(index));
      return undefined;
    }),
  ...copyBuiltins("stream"),
  ...copyBuiltins("future"),
  "error-context.new": (instance, { options }) => errorContextNew(instance, options as CanonicalOptions),
  "error-context.debug-message": (instance, { options }) => debugMessage(instance, options as CanonicalOptions),
  "error-context.drop": (instance) =>
    immediate(["i32"], [], (index) => {
      instance.checkMayLeave();
      errorContextAt(instance, u32(index));
      instance.handles.remove(u32(index));
      return undefined;
    }),
  "thread.index": (instance) =>
    immediate([], ["i32"], () => {
      instance.checkMayLeave();
      return currentThread(instance).index;
    }),
  "thread.new-indirect": threadNewIndirect,
  "thread.resume-later": (instance) =>
    immediate(["i32"], [], (index) => {
      instance.checkMayLeave();
      suspendedThread(instance, u32(index)).resumeLater();
      return undefined;
    }),
  "thread.suspend": (instance, { flag }) =>
    blocking([], ["i32"], function* () {
      instance.checkMayLeave();
      return Number(yield* currentThread(instance).suspend(flag !== 0));
    }),
  "thread.yield": (instance, { flag }) =>
    blocking([], ["i32"], function* () {
      instance.checkMayLeave();
      return Number(yield* currentThread(instance).yield(flag !== 0));
    }),
  "thread.suspend-then-resume": switching(
    (thread, cancellable, other) => thread.suspendThenResume(cancellable, other),
    true,
  ),
  "thread.yield-then-resume": switching(
    (thread, cancellable, other) => thread.yieldThenResume(cancellable, other),
    true,
  ),
  "thread.suspend-then-promote": switching(
    (thread, cancellable, other) => thread.suspendThenPromote(cancellable, other),
    false,
  ),
  "thread.yield-then-promote": switching(
    (thread, cancellable, other) => thread.yieldThenPromote(cancellable, other),
    false,
  ),
};

/** The byte of the core type `i64`. */
const I64 = 0x7e;

function copyBuiltins(kind: "stream" | "future"): Readonly<Record<string, Maker>> {
  const copying =
    (side: "readable" | "writable"): Maker =>
    (instance, { copyType, options }) => {
      const { async, ptrType } = options as CanonicalOptions;
      const params: CoreType[] = kind === "stream" ? ["i32", ptrType, ptrType] : ["i32", ptrType];
      // How much was copied is a number as its count was.
      const result = kind === "stream" ? ptrType : "i32";
      return blockingUnless(async, params, result, function* (...args) {
        const packed = yield* copy(instance, side, copyType as CopyType, options as CanonicalOptions, args);
        return result === "i32" ? packed : BigInt(packed);
      });
    };
  const cancelling =
    (side: "readable" | "writable"): Maker =>
    (instance, { copyType, flag }) =>
      blockingUnless(flag !== 0, ["i32"], "i32", (index) =>
        cancelCopy(instance, side, copyType as CopyType, flag !== 0, u32(index)),
      );
  const dropping =
    (side: "readable" | "writable"): Maker =>
    (instance, { copyType }) =>
      immediate(["i32"], [], (index) => {
        dropEnd(instance, side, copyType as CopyType, u32(index));
        return undefined;
      });
  return {
    [`${kind}.new`]: (instance, { copyType }) => immediate([], ["i64"], () => newEnds(instance, copyType as CopyType)),
    [`${kind}.read`]: copying("readable"),
    [`${kind}.write`]: copying("writable"),
    [`${kind}.cancel-read`]: cancelling("readable"),
    [`${kind}.cancel-write`]: cancelling("writable"),
    [`${kind}.drop-readable`]: dropping("readable"),
    [`${kind}.drop-writable`]: dropping("writable"),
  };
}

function currentThread({ store }: ComponentInstance): Thread {
  return store.currentThread ?? trap("no task is under way");
}

function currentTask(instance: ComponentInstance): Task {
  return currentThread(instance).task as Task;
}

/** CanonicalABI.md, `canon_resource_drop`. A destructor runs in the instance that defines the type. */
function resourceDrop(instance: ComponentInstance, resource: ResourceType): Builtin {
  const remove = (index: CoreValue | undefined): ResourceHandle => {
    instance.checkMayLeave();
    const handle = resourceAt(instance, u32(index), resource);
    trapIf(handle.numLends !== 0, "cannot remove owned resource while borrowed");
    instance.handles.remove(u32(index));
    if (!handle.own && handle.borrowScope !== undefined) handle.borrowScope.numBorrows--;
    return handle;
  };
  const { impl, destructor } = resource;
  if (instance.store.isAsync && impl instanceof ComponentInstance) {
    return blocking(["i32"], [], function* (index) {
      const { own, rep } = remove(index);
      if (own) yield* destroyAsync(impl, destructor, rep as number, instance);
      return undefined;
    });
  }
  return immediate(["i32"], [], (index) => {
    const { own, rep } = remove(index);
    if (own) destroy(resource, rep, instance);
    return undefined;
  });
}

/** CanonicalABI.md, `canon_task_return`. */
function taskReturn(instance: ComponentInstance, result: ValType | undefined, options: CanonicalOptions): Builtin {
  const types = resultTypes({ async: true, params: [], result });
  const flat = flattenTypes(types, options.ptrType);
  const params = flat !== undefined && flat.length <= MAX_FLAT_PARAMS ? flat : [options.ptrType];
  return immediate(params, [], (...args) => {
    instance.checkMayLeave();
    const task = currentTask(instance);
    const fits =
      task.options.async &&
      task.type.result === result &&
      task.options.encoding === options.encoding &&
      // A result that needs no memory need not name it.
      (options.memory === undefined || task.options.memory === options.memory);
    trapIf(!fits, "invalid `task.return` signature and/or options for current task");
    const { lifters } = codecOf(task.convention, options.ptrType);
    options.refresh();
    const cx = { options, instance, lends: undefined, borrows: task };
    task.return(lifters.values(types, MAX_FLAT_PARAMS)(cx, new CoreValueIter(args)));
    return undefined;
  });
}

function unpackEvent(options: CanonicalOptions, ptr: number, [code, index, payload]: EventTuple): number {
  options.refresh();
  trapIf(ptr % 4 !== 0, "unaligned pointer");
  trapIf(ptr + 8 > options.bytes.length, "pointer out of bounds of memory");
  options.view.setUint32(ptr, index, true);
  options.view.setUint32(ptr + 4, payload, true);
  return code;
}

/** CanonicalABI.md, `WaitableSet.poll`. */
function poll(set: WaitableSet, instance: ComponentInstance, cancellable: boolean): EventTuple {
  if (instance.store.currentThread?.task.deliverPendingCancel(cancellable)) return TASK_CANCELLED;
  return set.hasPendingEvent() ? set.takePendingEvent() : NO_EVENT;
}

function subtaskAt(instance: ComponentInstance, index: number): Subtask {
  const entry = instance.handles.get(index);
  return entry instanceof Subtask ? entry : trap(`handle index ${index} is no subtask`);
}

/** CanonicalABI.md, `canon_subtask_cancel`. */
function subtaskCancel(instance: ComponentInstance, isAsync: boolean): Builtin {
  return blocking(["i32"], ["i32"], function* (index) {
    instance.checkMayLeave();
    const subtask = subtaskAt(instance, u32(index));
    trapIf(subtask.resolveDelivered, "`subtask.cancel` called after terminal status delivered");
    trapIf(subtask.cancellationRequested, "`subtask.cancel` called twice");
    trapIf(
      subtask.set !== undefined && !isAsync,
      "waitable cannot be used synchronously while added to a waitable set",
    );
    if (!subtask.resolved) {
      subtask.cancellationRequested = true;
      yield* (subtask.onCancel as NonNullable<Subtask["onCancel"]>)(instance);
      if (!subtask.resolved) {
        if (isAsync) return BLOCKED;
        // Not for the event that it has started, which may be pending already.
        yield* subtask.waitForPendingEvent(currentThread(instance), () => subtask.resolved);
      }
    }
    subtask.takePendingEvent();
    return subtask.state;
  });
}

function errorContextAt(instance: ComponentInstance, index: number): ErrorContext {
  const entry = instance.handles.get(index);
  return entry instanceof ErrorContext ? entry : trap(`handle index ${index} is no error context`);
}

/** CanonicalABI.md, `canon_error_context_new`. */
function errorContextNew(instance: ComponentInstance, options: CanonicalOptions): Builtin {
  return immediate([options.ptrType, options.ptrType], ["i32"], (ptr, length) => {
    instance.checkMayLeave();
    options.refresh();
    const cx = { options, instance, lends: undefined, borrows: undefined };
    const message = loadStringFromRange(cx, toAddress(ptr as CoreValue), length as CoreValue).text();
    return instance.handles.add(new ErrorContext(message));
  });
}

/** CanonicalABI.md, `canon_error_context_debug_message`. */
function debugMessage(instance: ComponentInstance, options: CanonicalOptions): Builtin {
  return immediate(["i32", options.ptrType], [], (index, ptr) => {
    instance.checkMayLeave();
    const { debugMessage: message } = errorContextAt(instance, u32(index));
    const at = toAddress(ptr as CoreValue);
    options.refresh();
    trapIf(at + 2 * options.ptrSize > options.bytes.length, "pointer out of bounds of memory");
    const cx = { options, instance, lends: undefined, borrows: undefined };
    const [begin, length] = storeStringIntoRange(cx, hostString(message));
    options.storeCore(at, options.toCore(begin));
    options.storeCore(at + options.ptrSize, length);
    return undefined;
  });
}

function threadAt(instance: ComponentInstance, index: number): Thread {
  return instance.threads.get(index);
}

function suspendedThread(instance: ComponentInstance, index: number): Thread {
  const thread = threadAt(instance, index);
  trapIf(!thread.suspended, "cannot resume thread which is not suspended");
  return thread;
}

/** CanonicalABI.md, `canon_thread_new_indirect`. */
function threadNewIndirect(instance: ComponentInstance, { table, threadType, isThreadFunction }: Immediates): Builtin {
  const [argument = "i32"] = threadType?.params ?? [];
  const index: CoreType = typeof table?.length === "bigint" ? "i64" : "i32";
  return immediate([index, argument], ["i32"], (at, value) => {
    instance.checkMayLeave();
    const task = currentTask(instance);
    const size = Number(table?.length);
    trapIf(toAddress(at as CoreValue) >= size, "undefined element: out of bounds table access");
    const func: unknown = table?.get(at as number);
    trapIf(func === null, "uninitialized element");
    trapIf(!isThreadFunction?.(func), "start function does not match expected type");
    const thread: Thread = new Thread(task, function* () {
      yield* call(instance.store, func as WasmFunction, [value as CoreValue]);
      task.unregisterThread(thread);
    });
    task.registerThread(thread);
    return thread.index;
  });
}

function switching(
  switchTo: (thread: Thread, cancellable: boolean, other: Thread) => Async<boolean>,
  isResume: boolean,
): Maker {
  return (instance, { flag }) =>
    blocking(["i32"], ["i32"], function* (index) {
      instance.checkMayLeave();
      const other = (isResume ? suspendedThread : threadAt)(instance, u32(index));
      return Number(yield* switchTo(currentThread(instance), flag !== 0, other));
    });
}
