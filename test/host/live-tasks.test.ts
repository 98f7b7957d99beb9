import { describe, expect, test } from "vitest";
import { AsyncRuntime, type InstanceState, type Task } from "../../src/host/async-runtime.js";
import { checkTasks } from "../../src/host/live-tasks.js";

const HOST = -1;

function task(componentIdx: number, name: string | null, hasReturned = false): Task {
  return { componentIdx: () => componentIdx, entryFnName: () => name, isResolvedState: () => hasReturned };
}

function runtimeWith(...tasks: Task[]): AsyncRuntime {
  const runtime = new AsyncRuntime(() => undefined, true);
  for (const one of tasks) runtime.taskCreated(one);
  return runtime;
}

describe("what goes on is refused", () => {
  test.each<[string, Task]>([
    ["a call of the import wait that has not returned", task(HOST, "wait")],
    ["a task (Init) that has not returned", task(0, "exports1Init")],
    ["a task (Init) that has returned and has not exited", task(0, "exports1Init", true)],
    ["a task (of another component) that has not returned", task(1, null)],
  ])("%s", (text, left) => {
    expect(() => checkTasks(runtimeWith(left))).toThrow(
      `initialization ended with ${text}, which no snapshot can keep`,
    );
  });

  test("a task of the guest before a call that it may wait for", () => {
    expect(() => checkTasks(runtimeWith(task(HOST, "wait"), task(0, "exports1Init")))).toThrow("a task (Init)");
  });

  test("backpressure", () => {
    const runtime = runtimeWith();
    const state = { getBackpressure: () => 1 } as InstanceState;
    runtime.instances.set(0, state);
    expect(() => checkTasks(runtime)).toThrow("backpressure");
  });
});

test("what has exited is not", () => {
  const done = task(0, "exports1Init");
  const runtime = runtimeWith(done, task(0, "<initialize>"));
  runtime.taskExited(done);
  expect(() => checkTasks(runtime)).not.toThrow();
});
