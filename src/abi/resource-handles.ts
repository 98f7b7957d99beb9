import type { ComponentInstance } from "./instance.js";
import {
  type BorrowScope,
  type LendScope,
  type Representation,
  ResourceHandle,
  type ResourceType,
} from "./resources.js";
import { trap, trapIf } from "./trap.js";

/** The handle at an index, which must be one of the type. */
export function resourceAt(instance: ComponentInstance, index: number, type: ResourceType): ResourceHandle {
  const handle = instance.handles.get(index);
  if (!(handle instanceof ResourceHandle)) return trap(`handle index ${index} is no resource`);
  if (handle.type !== type) {
    trap(
      `handle index ${index} used with the wrong type, expected ${describe(type)} but found ${describe(handle.type, type)}`,
    );
  }
  return handle;
}

function describe({ impl, name }: ResourceType, other?: ResourceType): string {
  const what = impl === undefined ? "host-defined resource" : "guest-defined resource";
  const named = name === undefined ? what : `${what} \`${name}\``;
  return other !== undefined && (other.impl === undefined) === (impl === undefined) ? `a different ${named}` : named;
}

/** CanonicalABI.md, `lift_own`. */
export function liftOwn(instance: ComponentInstance, index: number, type: ResourceType): Representation {
  const handle = resourceAt(instance, index, type);
  trapIf(handle.numLends !== 0, "cannot remove owned resource while borrowed");
  trapIf(!handle.own, "expected own, found borrow");
  instance.handles.remove(index);
  return handle.rep;
}

/** CanonicalABI.md, `lift_borrow`. */
export function liftBorrow(
  instance: ComponentInstance,
  index: number,
  type: ResourceType,
  scope: LendScope | undefined,
): Representation {
  const handle = resourceAt(instance, index, type);
  scope?.addLender(handle);
  return handle.rep;
}

/** CanonicalABI.md, `lower_own`. */
export function lowerOwn(instance: ComponentInstance, rep: Representation, type: ResourceType): number {
  const handle = new ResourceHandle(type, rep, true, undefined);
  const index = instance.handles.add(handle);
  instance.store.noteCreation(handle);
  return index;
}

/** CanonicalABI.md, `lower_borrow`. */
export function lowerBorrow(
  instance: ComponentInstance,
  rep: Representation,
  type: ResourceType,
  scope: BorrowScope,
): number {
  if (instance === type.impl) return rep as number;
  const handle = new ResourceHandle(type, rep, false, scope);
  scope.numBorrows++;
  return instance.handles.add(handle);
}
