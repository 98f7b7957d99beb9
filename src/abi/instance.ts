import type { ErrorContext } from "./error-context.js";
import type { ResourceHandle } from "./resources.js";
import type { Store } from "./store.js";
import { Table } from "./table.js";
import type { Thread } from "./thread.js";
import { trapIf } from "./trap.js";
import type { Waitable, WaitableSet } from "./waitable.js";

/** All that a component instance knows by number. */
export type HandleTableEntry = ResourceHandle | Waitable | WaitableSet | ErrorContext;

/** CanonicalABI.md, `ComponentInstance`. */
export class ComponentInstance {
  readonly handles = new Table<HandleTableEntry>();
  readonly threads = new Table<Thread>();
  mayEnter = true;
  mayLeave = true;
  backpressure = 0;
  numWaitingToEnter = 0;
  exclusiveThread: Thread | undefined;

  readonly #selfAndAncestors: ReadonlySet<ComponentInstance>;

  constructor(
    readonly store: Store,
    parent: ComponentInstance | undefined,
  ) {
    this.#selfAndAncestors = new Set([this, ...(parent === undefined ? [] : parent.#selfAndAncestors)]);
    store.instances.push(this);
  }

  /** CanonicalABI.md, `entering_set`. */
  enteringSet(caller: ComponentInstance | undefined): readonly ComponentInstance[] {
    const around = caller === undefined ? undefined : caller.#selfAndAncestors;
    return [...this.#selfAndAncestors].filter((instance) => !around?.has(instance));
  }

  mayEnterFrom(caller: ComponentInstance | undefined): boolean {
    return this.enteringSet(caller).every(({ mayEnter }) => mayEnter);
  }

  enterFrom(caller: ComponentInstance | undefined): void {
    enter(this.enteringSet(caller));
  }

  leaveTo(caller: ComponentInstance | undefined): void {
    leave(this.enteringSet(caller));
  }

  /** What all but a few built-ins start with. */
  checkMayLeave(): void {
    trapIf(!this.mayLeave, "cannot leave component instance");
  }
}

/** Where an exception ends a call the instances stay entered, so that nobody enters them again. */
export function enter(entering: readonly ComponentInstance[]): void {
  for (const instance of entering) trapIf(!instance.mayEnter, "cannot enter component instance");
  for (const instance of entering) instance.mayEnter = false;
}

export function leave(entering: readonly ComponentInstance[]): void {
  for (const instance of entering) instance.mayEnter = true;
}
