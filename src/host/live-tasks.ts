import { ComponentInitError } from "../errors.js";
import type { AsyncRuntime, Task } from "./async-runtime.js";
import type { FoundHandle } from "./live-handles.js";

/**
 * Refuses a guest that has not come to rest. Unlike handles, which it may never use again, this would go on by itself.
 *
 * @throws ComponentInitError `live-tasks`
 */
export function checkTasks(runtime: AsyncRuntime): void {
  const [task] = runtime.unfinished();
  if (task !== undefined) refuse(describeTask(task), "let it end before initialization does");
  const [call] = runtime.pendingHostCalls();
  if (call !== undefined) {
    refuse(`a call of the import ${nameOf(call)} that has not returned`, "wait for it before initialization ends");
  }
  if (runtime.hasBackpressure()) {
    refuse("backpressure, by which an instance refuses calls", "call backpressure.dec before initialization ends");
  }
}

function refuse(what: string, advice: string): never {
  throw new ComponentInitError(
    "live-tasks",
    `initialization ended with ${what}, which no snapshot can keep: ${advice}`,
  );
}

function describeTask(task: Task): string {
  const state = task.isResolvedState() ? "that has returned and has not exited" : "that has not returned";
  return `a task (${nameOf(task)}) ${state}`;
}

/** jco names the variables of a core instance's exports `exports1Init`. */
function nameOf(task: Task): string {
  return task.entryFnName()?.replace(/^exports\d+/, "") ?? "of another component";
}

/** The handles of the async ABI that would dangle, by the names of jco's classes. */
export function asyncHandles(runtime: AsyncRuntime): FoundHandle[] {
  return runtime
    .held()
    .map((entry) => describeEntry(entry, runtime))
    .filter(({ createdBy = "" }) => !EXIT.test(createdBy));
}

function describeEntry(entry: object, runtime: AsyncRuntime): FoundHandle {
  const { fnName } = entry as { fnName?: string | null };
  const { createdBy = fnName ?? undefined, detail } = runtime.originOf(entry);
  return {
    of: "async",
    type: TYPES[entry.constructor.name] ?? entry.constructor.name,
    ...(createdBy !== undefined && { createdBy }),
    ...(detail !== undefined && { detail }),
    stack: "",
  };
}

/** The one call that never returns. */
const EXIT = /^wasi:cli\/exit@0\.3\.\d+#/;

const TYPES: Readonly<Record<string, string>> = {
  Object: "error-context",
  AsyncSubtask: "subtask",
  WaitableSet: "waitable-set",
  StreamReadableEnd: "readable end of a stream",
  StreamWritableEnd: "writable end of a stream",
  FutureReadableEnd: "readable end of a future",
  FutureWritableEnd: "writable end of a future",
};
