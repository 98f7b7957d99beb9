import { codecOf } from "./codec.js";
import type { Convention } from "./convention.js";
import type { CoreImplementation, CoreValue } from "./core-types.js";
import type { FuncInst, HostFunc, LiftedFunc } from "./func.js";
import { guestConvention } from "./guest-convention.js";
import { hostConvention } from "./host-convention.js";
import type { ComponentInstance } from "./instance.js";
import { MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, paramTypes, resultTypes } from "./layout.js";
import { type CanonicalOptions, CoreValueIter } from "./options.js";
import { enter, leave, withoutLeaving } from "./reentrance.js";
import { Lenders } from "./subtask.js";
import type { OnResolve, OnStart } from "./task.js";
import { withTypeOf } from "./thrown.js";
import { callTrapping, trapIf } from "./trap.js";

/**
 * Calls where nothing can wait: `canon_lift` and `canon_lower` of CanonicalABI.md without threads, which come to functions
 * that call each other.
 */
type PlainCall = (onStart: OnStart, onResolve: OnResolve) => void;

/** CanonicalABI.md, `canon_lift`. */
function plainLift({ type, options, instance, callee }: LiftedFunc, convention: Convention): PlainCall {
  const { lifters, lowerers } = codecOf(convention, options.ptrType);
  const lowerParams = lowerers.values(paramTypes(type), MAX_FLAT_PARAMS);
  const liftResults = lifters.values(resultTypes(type), MAX_FLAT_RESULTS);
  const { postReturn } = options;
  return (onStart, onResolve) => {
    const borrows = { numBorrows: 0 };
    const cx = { options, instance, lends: undefined, borrows };
    const args = onStart();
    options.refresh();
    const coreResult = callTrapping(callee, lowerParams(cx, args)) as CoreValue | undefined;
    options.refresh();
    const coreResults = coreResult === undefined ? [] : [coreResult];
    const results = liftResults(cx, new CoreValueIter(coreResults));
    trapIf(borrows.numBorrows > 0, "borrow handles still remain at the end of the call");
    onResolve(results);
    if (postReturn !== undefined) withoutLeaving(instance, () => callTrapping(postReturn, coreResults));
  };
}

/** CanonicalABI.md, `canon_lower`, of a function of a guest. */
function lowerLifted(callee: LiftedFunc, options: CanonicalOptions, caller: ComponentInstance): CoreImplementation {
  const { type, instance } = callee;
  const { lifters, lowerers } = codecOf(guestConvention, options.ptrType);
  const liftParams = lifters.values(paramTypes(type), MAX_FLAT_PARAMS);
  const lowerResults = lowerers.values(resultTypes(type), MAX_FLAT_RESULTS);
  const call = plainLift(callee, guestConvention);
  const entering = instance.enteringSet(caller);
  return (...args) => {
    caller.checkMayLeave();
    trapIf(instance === caller, "cannot enter component instance");
    enter(entering);
    const lends = new Lenders();
    const cx = { options, instance: caller, lends, borrows: undefined };
    const values = new CoreValueIter(args);
    let coreResults: CoreValue[] = [];
    const onStart = () => {
      options.refresh();
      return liftParams(cx, values);
    };
    const onResolve: OnResolve = (results = []) => {
      options.refresh();
      coreResults = lowerResults(cx, results, values);
    };
    call(onStart, onResolve);
    leave(entering);
    lends.giveBack();
    return coreResults[0];
  };
}

/** CanonicalABI.md, `canon_lower`, of a function of the host that returns at once. */
function lowerHost(
  { name, type, call }: HostFunc,
  options: CanonicalOptions,
  caller: ComponentInstance,
): CoreImplementation {
  const { lifters, lowerers } = codecOf(hostConvention, options.ptrType);
  const liftParams = lifters.values(paramTypes(type), MAX_FLAT_PARAMS);
  const lowerResults = lowerers.values(resultTypes(type), MAX_FLAT_RESULTS);
  const hasResult = type.result !== undefined;
  return (...args) => {
    caller.checkMayLeave();
    const lends = new Lenders();
    const cx = { options, instance: caller, lends, borrows: undefined };
    const values = new CoreValueIter(args);
    options.refresh();
    const result = call(liftParams(cx, values));
    options.refresh();
    const coreResults = withTypeOf(name, () => lowerResults(cx, hasResult ? [result] : [], values));
    lends.giveBack();
    return coreResults[0];
  };
}

export function lowerPlain(callee: FuncInst, options: CanonicalOptions, caller: ComponentInstance): CoreImplementation {
  return lazily(() =>
    callee.kind === "lifted" ? lowerLifted(callee, options, caller) : lowerHost(callee, options, caller),
  );
}

/** A component imports far more than it calls. */
export function lazily(make: () => CoreImplementation): CoreImplementation {
  let made: CoreImplementation | undefined;
  return (...args) => {
    made ??= make();
    return made(...args);
  };
}

/** Calls an export from the host. */
export function callPlain(func: LiftedFunc, args: readonly unknown[]): unknown {
  const entering = func.instance.enteringSet(undefined);
  enter(entering);
  let result: unknown;
  plainLift(func, hostConvention)(
    () => args,
    (results = []) => {
      result = results[0];
    },
  );
  leave(entering);
  return result;
}
