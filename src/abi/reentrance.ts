import { trapIf } from "./trap.js";

/** Of a component instance (CanonicalABI.md, `ComponentInstance`): whether it may be entered and left. */
export abstract class Reentrance {
  mayEnter = true;
  mayLeave = true;

  readonly #selfAndAncestors: ReadonlySet<Reentrance>;

  constructor(parent: Reentrance | undefined) {
    this.#selfAndAncestors = new Set([this, ...(parent === undefined ? [] : parent.#selfAndAncestors)]);
  }

  /** CanonicalABI.md, `entering_set`. */
  enteringSet(caller: Reentrance | undefined): readonly Reentrance[] {
    const around = caller === undefined ? undefined : caller.#selfAndAncestors;
    return [...this.#selfAndAncestors].filter((instance) => !around?.has(instance));
  }

  mayEnterFrom(caller: Reentrance | undefined): boolean {
    return this.enteringSet(caller).every(({ mayEnter }) => mayEnter);
  }

  enterFrom(caller: Reentrance | undefined): void {
    enter(this.enteringSet(caller));
  }

  leaveTo(caller: Reentrance | undefined): void {
    leave(this.enteringSet(caller));
  }

  /** What all but a few built-ins start with. */
  checkMayLeave(): void {
    trapIf(!this.mayLeave, "cannot leave component instance");
  }
}

/** Where an exception ends a call the instances stay entered, so that nobody enters them again. */
export function enter(entering: readonly Reentrance[]): void {
  for (const instance of entering) trapIf(!instance.mayEnter, "cannot enter component instance");
  for (const instance of entering) instance.mayEnter = false;
}

export function leave(entering: readonly Reentrance[]): void {
  for (const instance of entering) instance.mayEnter = true;
}

/** Where an exception ends the call, the instance stays closed. */
export function withoutLeaving<T>(instance: Reentrance, call: () => T): T {
  instance.mayLeave = false;
  const result = call();
  instance.mayLeave = true;
  return result;
}
