import { type Async, drive } from "./async.js";
import type { CoreValue } from "./core-types.js";
import { Ordered } from "./ordered.js";
import type { PromiseIntegration } from "./promise-integration.js";
import { Queue } from "./queue.js";
import { type Reentrance, withoutLeaving } from "./reentrance.js";
import type { ResourceHandle } from "./resources.js";
import type { Thread } from "./thread.js";
import { describeThrown, isError } from "./thrown.js";
import { trapIf } from "./trap.js";
import { TypeInterner } from "./types.js";

/** What whoever runs a component wants to know and has to decide. */
export interface StoreOptions {
  /** Told of all that ends the guest: another frame of the guest may catch it, and then nothing would look wrong. */
  readonly onTrap: (error: Error) => void;
  /** Told of handles that own something, where they come about. */
  readonly onCreation: (handle: ResourceHandle, createdBy: string | undefined) => void;
  /** Stack switching; absent where nothing can have to wait. */
  readonly integration: PromiseIntegration | undefined;
  /** Waits until something may have happened outside of the guest; gives `false` where nothing more will. */
  readonly waitOutside: () => Promise<boolean>;
}

/** What the store knows of a component instance: what is held. */
export interface StoreInstance {
  readonly handles: Iterable<object>;
  readonly backpressure: number;
}

export type TaskState = "initial" | "started" | "pending cancel" | "cancel delivered" | "resolved";

/** What the store knows of a task: how far it is. */
export interface StoreTask {
  readonly name: string;
  readonly state: TaskState;
}

/** A call of a function of the host that takes its time. */
export interface HostCall {
  readonly name: string;
  /** Whether the host is done with it, and the guest has not been told. */
  hasReturned: boolean;
}

/**
 * How much is lifted at once: as much as one list can have (CanonicalABI.md, `MAX_LIST_BYTE_LENGTH`). Lists of lists that
 * all are in one place of the memory would fill any memory of ours. Wasmtime's limit is 128 MiB (`hostcall_fuel`).
 */
const LIFT_FUEL = 2 ** 28;

const AFTER_OTHERS = 2 ** 52;

/** CanonicalABI.md, `Store`: what all component instances of one life of a component share. */
export class Store {
  readonly instances: StoreInstance[] = [];
  readonly types = new TypeInterner();
  /** Calls that have not ended. */
  readonly tasks = new Set<StoreTask>();
  /** Threads that wait and may go on, as far as is known. */
  readonly ready = new Ordered<Thread>();
  depth = 0;
  #order = 0;
  /** Calls of the host whose results the guest does not have. */
  readonly hostCalls = new Set<HostCall>();
  /** How much there is that the host may do for the guest or with what it was given by it. */
  hostPromises = 0;
  /** What the values that are lifted at the moment may still take, see {@link spend}. */
  #fuel = LIFT_FUEL;
  /** Memories with 64-bit addresses, which JavaScript cannot tell from others. */
  readonly memories64 = new WeakSet<WebAssembly.Memory>();
  contextStorage: [number | bigint, number | bigint] = [0, 0];
  #currentThread: Thread | undefined;
  /** What the host has to tell the guest, when no thread runs. */
  readonly #events = new Queue<() => Async<void>>();
  #onEvent: (() => void) | undefined;
  #importName: string | undefined;

  constructor(readonly options: StoreOptions) {}

  get isAsync(): boolean {
    return this.options.integration !== undefined;
  }

  get currentThread(): Thread | undefined {
    return this.#currentThread;
  }

  set currentThread(thread: Thread | undefined) {
    this.#currentThread = thread;
    if (thread !== undefined) this.contextStorage = thread.storage;
  }

  /** Before values are lifted. */
  refuel(): void {
    this.#fuel = LIFT_FUEL;
  }

  /** Notes what a list or string takes that is lifted. */
  spend(amount: number): void {
    this.#fuel -= amount;
    trapIf(this.#fuel < 0, "fuel allocated for hostcalls has been exhausted");
  }

  /** CanonicalABI.md, `LiftLowerContext.reallocate`: a call for which the instance must not be left. */
  callRealloc(instance: Reentrance, call: () => CoreValue): CoreValue {
    const { contextStorage } = this;
    this.contextStorage = [0, 0];
    const result = withoutLeaving(instance, call);
    this.contextStorage = contextStorage;
    return result;
  }

  /** While a core module calls one of its imports. What it throws is a trap. */
  during<T>(importName: string | undefined, call: () => T): T {
    const outer = this.#importName;
    this.#importName = importName;
    try {
      const result = call();
      if (result instanceof Promise) result.catch((error: unknown) => this.noteTrap(error));
      return result;
    } catch (error) {
      this.noteTrap(error);
      throw error;
    } finally {
      this.#importName = outer;
    }
  }

  noteTrap(error: unknown): void {
    this.options.onTrap(isError(error) ? error : new Error(`the host threw ${describeThrown(error)}`));
  }

  noteCreation(handle: ResourceHandle): void {
    this.options.onCreation(handle, this.#importName);
  }

  /** Lets something happen when no thread runs: memory and handles of a guest change only then. */
  enqueue(event: () => void): void {
    // biome-ignore lint/correctness/useYield: it does not wait
    this.enqueueCall(function* () {
      event();
    });
  }

  /** As {@link enqueue}, for what calls the guest. */
  enqueueCall(event: () => Async<void>): void {
    this.#events.add(event);
    this.#onEvent?.();
  }

  /** Those who only let others have their turn come after those who have waited for something. */
  nextOrder(isYielding: boolean): number {
    return this.#order++ + (isYielding ? AFTER_OTHERS : 0);
  }

  /** CanonicalABI.md, `Store.tick`. */
  *tick(): Async<"went on" | "yielded" | "idle"> {
    const event = this.#events.take();
    if (event !== undefined) {
      yield* event();
      return "went on";
    }
    const thread = nextReady(this.ready);
    if (thread === undefined) return "idle";
    const { isYielding } = thread;
    yield* resumeFromHost(thread);
    return isYielding ? "yielded" : "went on";
  }

  /**
   * Runs the guest and what it waits for.
   *
   * @returns whether `isOver` came true: otherwise it waits for what will not happen
   */
  async runUntil(isOver: () => boolean): Promise<boolean> {
    while (!isOver()) {
      if (!(await this.#advance()) && !(await this.#waitForEvent())) return false;
    }
    return true;
  }

  /** Runs what goes on when all calls have returned: until nothing is left, or goes on by itself. */
  async settle(): Promise<void> {
    for (;;) {
      if (await this.#advance()) continue;
      const isIdle = this.tasks.size === 0 && this.hostCalls.size === 0;
      if (isIdle || !(await this.#waitForEvent())) return;
    }
  }

  /** @returns whether there was something to do, also for the host */
  async #advance(): Promise<boolean> {
    const did = await drive(this.tick());
    if (did === "went on") return true;
    // The host does with what it was given what it does, and who lets others have their turn lets it have one, too.
    await new Promise((resolve) => setImmediate(resolve));
    return did === "yielded" || !this.#events.isEmpty;
  }

  async #waitForEvent(): Promise<boolean> {
    if (this.hostCalls.size === 0 && this.hostPromises === 0) return false;
    const event = new Promise<true>((resolve) => {
      this.#onEvent = () => resolve(true);
    });
    const happened = await Promise.race([event, this.options.waitOutside()]);
    this.#onEvent = undefined;
    return happened;
  }
}

/** The first of those that may go on. What another one has taken meanwhile is waited for again. */
export function nextReady(ready: Ordered<Thread>): Thread | undefined {
  for (;;) {
    const thread = ready.first;
    if (thread === undefined || thread.ready) return thread;
    thread.recheck();
  }
}

function* resumeFromHost(thread: Thread): Async<void> {
  const { instance } = thread.task;
  instance.enterFrom(undefined);
  yield* thread.resume();
  instance.leaveTo(undefined);
}
