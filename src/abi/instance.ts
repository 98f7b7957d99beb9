import { Gate } from "./condition.js";
import type { ErrorContext } from "./error-context.js";
import { Ordered } from "./ordered.js";
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
  numWaitingToEnter = 0;
  /** Threads that may go on while a function of this instance that is not async runs. */
  readonly ready = new Ordered<Thread>();
  /** No thread runs where only one of the instance may. */
  readonly isFree = new Gate(() => this.#exclusiveThread === undefined);
  /** For tasks that run next to others. */
  readonly isOpen = new Gate(() => this.#backpressure === 0);
  /** For the others. */
  readonly isOpenAndFree = new Gate(() => this.isOpen.isMet() && this.isFree.isMet());
  #backpressure = 0;
  #exclusiveThread: Thread | undefined;

  constructor(
    readonly store: Store,
    parent: ComponentInstance | undefined,
  ) {
    super(parent);
    store.instances.push(this);
  }

  get backpressure(): number {
    return this.#backpressure;
  }

  set backpressure(count: number) {
    this.#backpressure = count;
    this.isOpen.changed();
    this.isOpenAndFree.changed();
  }

  get exclusiveThread(): Thread | undefined {
    return this.#exclusiveThread;
  }

  set exclusiveThread(thread: Thread | undefined) {
    this.#exclusiveThread = thread;
    this.isFree.changed();
    this.isOpenAndFree.changed();
  }
}
