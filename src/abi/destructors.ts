import type { Async } from "./async.js";
import { startLifted } from "./canon-lift.js";
import type { WasmFunction } from "./core-types.js";
import { guestConvention } from "./guest-convention.js";
import { ComponentInstance } from "./instance.js";
import { NO_OPTIONS } from "./options.js";
import { enter, leave } from "./reentrance.js";
import type { Representation, ResourceType } from "./resources.js";
import type { Store } from "./store.js";
import { callTrapping, trapIf } from "./trap.js";

/** @param caller - the instance that drops the resource; none for the host */
export function destroy(
  { impl, destructor }: ResourceType,
  rep: Representation,
  caller: ComponentInstance | undefined,
): void {
  if (impl === undefined) {
    (rep as Partial<Disposable>)[Symbol.dispose]?.();
    return;
  }
  const entering = impl.enteringSet(caller);
  enter(entering);
  if (destructor !== undefined) callTrapping(destructor, [rep as number]);
  leave(entering);
}

const DESTRUCTOR_TYPE = { async: false, params: [{ label: "rep", type: { kind: "u32" } }], result: undefined } as const;

export function* destroyAsync(
  impl: ComponentInstance,
  destructor: WasmFunction | undefined,
  rep: number,
  caller: ComponentInstance | undefined,
): Async<void> {
  if (destructor === undefined) {
    trapIf(!impl.mayEnterFrom(caller), "cannot enter component instance");
    return;
  }
  const callee = { callee: destructor, instance: impl, type: DESTRUCTOR_TYPE, options: NO_OPTIONS };
  const func = { kind: "lifted", name: "destructor", ...callee } as const;
  yield* startLifted(
    func,
    guestConvention,
    () => [rep],
    () => undefined,
    caller,
  );
}

/** Drops a resource of a guest that the host owns. */
export function destroyFromHost(store: Store, type: ResourceType, rep: number): void {
  const { impl, destructor } = type;
  if (!store.isAsync || !(impl instanceof ComponentInstance)) destroy(type, rep, undefined);
  else store.enqueueCall(() => destroyAsync(impl, destructor, rep, undefined));
}
