import { ComponentInitError } from "../errors.js";
import type { PromiseIntegration } from "./jspi.js";
import { promiseIntegration } from "./jspi.js";

/** Of jco's `AsyncTask`: one call of an export, of another component, or of the host. */
export interface Task {
  componentIdx(): number;
  entryFnName(): string | null;
  isResolvedState(): boolean;
}

/** Of jco's `ComponentAsyncState`: what the specification keeps in a `ComponentInstance`. */
export interface InstanceState {
  /** Waitables and waitable sets, by number; see `RepTable`. */
  readonly handles: RepTable;
  getBackpressure(): number;
  hasPendingSchedulerWork(): boolean;
}

interface RepTable {
  /** Pairs: what is held, or `RepTable.FREE`, and the next free number. The first pair is the head of that list. */
  data(): readonly unknown[];
}

type WasmFunction = (...args: unknown[]) => unknown;

/** How long to wait between looks at tasks that go on after their call has returned; jco polls every 10 ms. */
const TURN_MS = 5;
/** So many looks in a row without anything that could wake a task: it waits for ever. */
const IDLE_TURNS = 20;

/** The host's number among component instances. */
const HOST = -1;

/**
 * The async canonical ABI's state in one life of a component: jco's text, patched, keeps it here and tells of its tasks.
 * None of it is in the snapshot.
 */
export class AsyncRuntime {
  readonly instances = new Map<number, InstanceState>();
  readonly store = { deadlockCheck: null, pendingHostOperations: 0 };
  readonly promising: (func: WasmFunction) => WasmFunction;

  readonly #tasks = new Set<Task>();
  readonly #ofHost = new WeakSet<object>();
  readonly #integration: ReturnType<typeof promiseIntegration>;

  /** @param onTrap - told of all that a task throws: another frame of the guest may catch it */
  constructor(
    readonly onTrap: (error: Error) => void,
    engine: Partial<PromiseIntegration> = WebAssembly as Partial<PromiseIntegration>,
  ) {
    this.#integration = promiseIntegration(engine);
    this.promising = this.#integration.promising;
  }

  taskCreated(task: Task): void {
    // Instantiation has a task too, which jco forgets without an exit. It cannot wait.
    if (task.entryFnName() !== "<initialize>") this.#tasks.add(task);
  }

  taskExited(task: Task): void {
    this.#tasks.delete(task);
  }

  /** An end of a stream or future that the guest does not hold (any more). */
  givenToHost(end: object): void {
    this.#ofHost.add(end);
  }

  suspending(func: WasmFunction): WebAssembly.ImportValue {
    return this.#integration.suspending(this.observed(func));
  }

  /** jco makes callers wait for a component that another task is in, but not where it takes a promise for a number. */
  atOnce(enter: WasmFunction): WasmFunction {
    return (...args) => {
      const entered = enter(...args);
      if (!(entered instanceof Promise)) return entered;
      entered.catch(() => undefined);
      throw new ComponentInitError(
        "unsupported",
        "initialization calls a component while a task of it waits in the middle of its code, and jco cannot make the call wait",
      );
    };
  }

  /** What is thrown here is a trap, and a guest compiled with exceptions can catch it. */
  observed(func: WasmFunction): WasmFunction {
    return (...args) => {
      try {
        const result = func(...args);
        if (result instanceof Promise) result.catch((error: Error) => this.onTrap(error));
        return result;
      } catch (error) {
        this.onTrap(error as Error);
        throw error;
      }
    };
  }

  /**
   * Waits for the tasks that go on after their call has returned: until all have exited, or none of them can go on by
   * itself.
   */
  async settle(): Promise<void> {
    for (let idle = 0; this.#tasks.size > 0 && idle < IDLE_TURNS; idle++) {
      if (this.#canGoOn()) idle = 0;
      await new Promise((resolve) => setTimeout(resolve, TURN_MS));
    }
  }

  /** Calls that have not ended. */
  unfinished(): Task[] {
    return [...this.#tasks].filter((task) => task.componentIdx() !== HOST);
  }

  /** Calls of the host that have not ended: their results would be written into the memory that the snapshot is of. */
  pendingHostCalls(): Task[] {
    return [...this.#tasks].filter((task) => task.componentIdx() === HOST);
  }

  /** What the guest holds by number. */
  held(): object[] {
    return [...this.instances.values()].flatMap(({ handles }) =>
      handles
        .data()
        .filter((entry, at): entry is object => at % 2 === 0 && isObject(entry))
        .filter((entry) => !this.#ofHost.has(entry)),
    );
  }

  /** Whether an instance refuses calls at the moment, which new instances do not. */
  hasBackpressure(): boolean {
    return [...this.instances.values()].some((state) => state.getBackpressure() > 0);
  }

  #canGoOn(): boolean {
    const { pendingHostOperations } = this.store;
    return pendingHostOperations > 0 || [...this.instances.values()].some((state) => state.hasPendingSchedulerWork());
  }
}

function isObject(entry: unknown): entry is object {
  return typeof entry === "object" && entry !== null;
}
