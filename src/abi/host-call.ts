import { type Async, drive } from "./async.js";
import { integrationOf, resolveNow, startLifted } from "./canon-lift.js";
import type { WasmFunction } from "./core-types.js";
import type { LiftedFunc } from "./func.js";
import { hostConvention } from "./host-convention.js";
import type { ComponentInstance } from "./instance.js";
import { NO_OPTIONS } from "./options.js";
import { callPlain } from "./plain-call.js";
import { enter, leave } from "./reentrance.js";
import { Task } from "./task.js";

/** Why a call that waits is given up. */
const NEVER_HAPPENS = "deadlock detected: it waits for something that will not happen";

/**
 * Calls an export.
 *
 * @param args - in the host's convention, as the result is
 * @throws what ends the guest
 */
export async function callExport(func: LiftedFunc, args: readonly unknown[]): Promise<unknown> {
  const { store } = func.instance;
  if (!store.isAsync) return callPlain(func, args);
  let results: readonly unknown[] | undefined;
  await drive(
    startLifted(
      func,
      hostConvention,
      () => args,
      (given = []) => {
        results = given;
      },
      undefined,
    ),
  );
  if (!(await store.runUntil(() => results !== undefined))) throw new Error(NEVER_HAPPENS);
  return results?.[0];
}

const NOTHING = { async: false, params: [], result: undefined } as const;

/**
 * Calls a function of a core instance that takes and returns nothing, as if a function were lifted from it: a start function,
 * or one that a host calls by its core name.
 *
 * @param isStart - while the component is instantiated, when its instances are entered already
 */
export async function callCore(instance: ComponentInstance, func: WasmFunction, isStart: boolean): Promise<void> {
  const entering = isStart ? [] : instance.enteringSet(undefined);
  enter(entering);
  if (!instance.store.isAsync) func();
  else await drive(runCore(instance, func));
  leave(entering);
}

/** CanonicalABI.md has no name for the task of a start function; like that of a function that is not async, it does not wait. */
function* runCore(instance: ComponentInstance, func: WasmFunction): Async<void> {
  const task: Task = new Task(
    NOTHING,
    NO_OPTIONS,
    instance,
    "a start function",
    hostConvention,
    () => [],
    () => undefined,
    function* (own) {
      yield* own.enterImplicitThread();
      own.start();
      yield* integrationOf(instance.store).call(func, []);
      own.return([]);
      own.exitImplicitThread();
    },
  );
  yield* task.implicitThread.resume();
  yield* resolveNow(task);
}
