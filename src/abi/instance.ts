import type { ErrorContext } from "./error-context.js";
import { Reentrance } from "./reentrance.js";
import type { ResourceHandle } from "./resources.js";
import type { Store } from "./store.js";
import { Table } from "./table.js";
import type { Thread } from "./thread.js";
import type { Waitable, WaitableSet } from "./waitable.js";

/** All that a component instance knows by number. */
export type HandleTableEntry = ResourceHandle | Waitable | WaitableSet | ErrorContext;

/** CanonicalABI.md, `ComponentInstance`. */
export class ComponentInstance extends Reentrance {
  readonly handles = new Table<HandleTableEntry>();
  readonly threads = new Table<Thread>();
  backpressure = 0;
  numWaitingToEnter = 0;
  exclusiveThread: Thread | undefined;

  constructor(
    readonly store: Store,
    parent: ComponentInstance | undefined,
  ) {
    super(parent);
    store.instances.push(this);
  }
}
