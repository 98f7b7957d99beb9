import { ComponentInitError } from "../errors.js";
import type { PromiseIntegration } from "./jspi.js";
import { promiseIntegration } from "./jspi.js";
import type { HandleOrigin } from "./wasi/handles.js";

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

/** What jco makes of a stream (or a future, of which it does not say all) of the host. */
interface LoweredEnds {
  readonly hostWriteEnd: object;
  readonly readEnd?: object;
  readonly readFn?: object;
}

interface RepTable {
  /** Pairs: what is held, or `RepTable.FREE`, and the next free number. The first pair is the head of that list. */
  data(): readonly unknown[];
}

type WasmFunction = (...args: unknown[]) => unknown;

/** How long to wait between looks at what goes on; jco polls every 10 ms. */
const TURN_MS = 5;
/** So many looks in a row at nothing that goes on or could wake a task: it waits for ever. */
const IDLE_TURNS = 20;

/** Why a call that waits is given up. */
export const NEVER_HAPPENS = "it waits for something that will not happen";

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
  /** The host's streams, by what jco has made of them. */
  readonly #sources = new WeakMap<object, object>();
  readonly #integration: ReturnType<typeof promiseIntegration>;
  #calls = 0;

  /**
   * @param onTrap - told of all that a task throws: another frame of the guest may catch it
   * @param isAlone - whether nothing outside of the guest can wake it: what is pending in WASI waits for the guest itself
   */
  constructor(
    readonly onTrap: (error: Error) => void,
    readonly isAlone: boolean,
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

  /** A stream or future that the guest is given. jco keeps the other end in the guest's table, too. */
  givenToGuest({ hostWriteEnd, readEnd, readFn }: LoweredEnds): void {
    this.givenToHost(hostWriteEnd);
    const stream = readFn && this.#sources.get(readFn);
    if (readEnd !== undefined && stream !== undefined) this.#sources.set(readEnd, stream);
  }

  /** What jco asks for more of a stream that the host has made. */
  reads<T extends object>(readFn: T, stream: object): T {
    this.#sources.set(readFn, stream);
    return readFn;
  }

  /** Where the host has made what the guest holds the other end of. */
  originOf(end: object): Partial<HandleOrigin> {
    return (this.#sources.get(end) as { readonly origin?: HandleOrigin } | undefined)?.origin ?? {};
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
      this.#calls++;
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
   * Waits for a call.
   *
   * @throws Error when it waits for what cannot happen, where that can be known
   */
  async completion<T>(result: Promise<T>): Promise<T> {
    if (!this.isAlone) return result;
    let isOver = false;
    const over = result.finally(() => {
      isOver = true;
    });
    const idle = this.#untilIdle(() => isOver).then(() => (isOver ? over : fail()));
    return Promise.race([over, idle]);
  }

  /**
   * Waits for the tasks that go on after their call has returned, and for what the host has not yet taken from streams:
   * until nothing is left, or goes on by itself.
   */
  settle(): Promise<void> {
    return this.#untilIdle(() => this.#tasks.size === 0 && this.store.pendingHostOperations === 0);
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

  async #untilIdle(isOver: () => boolean): Promise<void> {
    let seen = this.#calls;
    for (let idle = 0; idle < IDLE_TURNS && !isOver(); idle++) {
      if (this.#canGoOn() || seen !== this.#calls) idle = 0;
      seen = this.#calls;
      await new Promise((resolve) => setTimeout(resolve, TURN_MS));
    }
  }

  #canGoOn(): boolean {
    // What the host waits for after all tasks have exited, it waits for in vain.
    const isWokenFromOutside = !this.isAlone && this.#tasks.size > 0 && this.store.pendingHostOperations > 0;
    return isWokenFromOutside || [...this.instances.values()].some((state) => state.hasPendingSchedulerWork());
  }
}

function fail(): never {
  throw new Error(NEVER_HAPPENS);
}

function isObject(entry: unknown): entry is object {
  return typeof entry === "object" && entry !== null;
}
