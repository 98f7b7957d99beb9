import { CopyEnd, ReadableEnd } from "../abi/copy.js";
import { ErrorContext } from "../abi/error-context.js";
import type { HostOrigin } from "../abi/host-streams.js";
import { ResourceHandle } from "../abi/resources.js";
import type { Store, StoreTask } from "../abi/store.js";
import { Subtask } from "../abi/subtask.js";
import { WaitableSet } from "../abi/waitable.js";
import { ComponentInitError } from "../errors.js";
import type { FoundHandle } from "./live-handles.js";

/**
 * Refuses a guest that has not come to rest. Unlike handles, which it may never use again, this would go on by itself.
 *
 * @param isOver - whether the guest has ended itself: then the calls that led to this are over too
 * @throws ComponentInitError `live-tasks`
 */
export function checkTasks(store: Store, isOver = false): void {
  const task = [...store.tasks].find(({ state }) => !isOver || state === "resolved");
  if (task !== undefined) refuse(describeTask(task), "let it end before initialization does");
  const call = [...store.hostCalls].find(({ hasReturned }) => !(isOver && hasReturned));
  if (call !== undefined) {
    refuse(`a call of the import ${call.name} that has not returned`, "wait for it before initialization ends");
  }
  if (store.instances.some(({ backpressure }) => backpressure > 0)) {
    refuse("backpressure, by which an instance refuses calls", "call backpressure.dec before initialization ends");
  }
}

function refuse(what: string, advice: string): never {
  throw new ComponentInitError(
    "live-tasks",
    `initialization ended with ${what}, which no snapshot can keep: ${advice}`,
  );
}

function describeTask({ state, name }: StoreTask): string {
  return `a task (${name}) ${state === "resolved" ? "that has returned and has not exited" : "that has not returned"}`;
}

/**
 * The handles of the async ABI that would dangle.
 *
 * @param isOver - as for {@link checkTasks}
 */
export function asyncHandles({ instances }: Store, isOver: boolean): FoundHandle[] {
  const entries = instances.flatMap(({ handles }) => [...handles]);
  return entries
    .filter((entry) => !(entry instanceof ResourceHandle) && !(isOver && entry instanceof Subtask))
    .map(describeEntry);
}

function describeEntry(entry: object): FoundHandle {
  const { createdBy, detail } = originOf(entry);
  return {
    of: "async",
    type: typeOf(entry),
    ...(createdBy !== undefined && { createdBy }),
    ...(detail !== undefined && { detail }),
    stack: "",
  };
}

function originOf(entry: object): HostOrigin {
  if (entry instanceof Subtask) return { createdBy: entry.name };
  if (!(entry instanceof CopyEnd)) return {};
  return (entry.shared as { readonly origin?: HostOrigin }).origin ?? {};
}

function typeOf(entry: object): string {
  if (entry instanceof Subtask) return "subtask";
  if (entry instanceof WaitableSet) return "waitable-set";
  if (entry instanceof ErrorContext) return "error-context";
  const { kind } = entry as CopyEnd;
  return `${entry instanceof ReadableEnd ? "readable" : "writable"} end of a ${kind}`;
}
