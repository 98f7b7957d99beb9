import { type Async, awaited, drive } from "./async.js";
import { ALWAYS, type Condition, type Parked } from "./condition.js";
import type { Ordered, Place } from "./ordered.js";
import type { Reentrance } from "./reentrance.js";

/** What a thread knows of its task. */
export interface ThreadOwner {
  readonly type: { readonly async: boolean };
  readonly instance: Reentrance & { readonly store: Scheduler; readonly ready: Ordered<Thread> };
  readonly implicitThread: Thread;
  needsExclusive(): boolean;
  deliverPendingCancel(cancellable: boolean): boolean;
}

/** What a thread knows of the store. */
interface Scheduler {
  currentThread: Thread | undefined;
  /** Threads that wait and may go on, as far as is known. */
  readonly ready: Ordered<Thread>;
  /** How many threads start each other at the moment, one within the other. */
  depth: number;
  /** Where a thread comes that begins to wait. */
  nextOrder(isYielding: boolean): number;
}

/** Instances that call each other asynchronously may be thousands: more than JavaScript has stack for. */
const MAX_DEPTH = 20;

/** What a thread keeps for `context.get`. */
type Storage = [number | bigint, number | bigint];

/**
 * CanonicalABI.md, `Thread`: code of a guest that can block. It runs while whoever resumed it waits, and gives control back
 * when it blocks or ends, so that at every moment one thread runs.
 */
export class Thread implements Parked {
  readonly storage: Storage = [0, 0];
  index: number | undefined;
  cancellable = false;

  #body: (() => Async<void>) | undefined;
  /** Goes on where the thread has blocked, in a later microtask. */
  #wake: ((cancelled: boolean) => void) | undefined;
  /** Gives control back to whoever resumed the thread. */
  #handBack: (error?: { readonly cause: unknown }) => void = () => undefined;
  #switchTo: Thread | undefined;
  #condition: Condition | undefined;
  #order = 0;
  /** Where it waits: with its condition, or with those that are ready. */
  #places: readonly Place[] = [];
  isYielding = false;

  constructor(
    readonly task: ThreadOwner,
    body: () => Async<void>,
  ) {
    this.#body = body;
  }

  /**
   * Whether it may go on while a function of its instance that is not async runs: not a thread that runs where only one of
   * the instance may, and not one whose task has not been let in.
   */
  get #isIndependent(): boolean {
    const { task } = this;
    const usesStack = task.type.async && task.needsExclusive() && this === task.implicitThread;
    return this.index !== undefined && !usesStack;
  }

  get #scheduler(): Scheduler {
    return this.task.instance.store;
  }

  get running(): boolean {
    return this.#body === undefined && this.#wake === undefined;
  }

  get waiting(): boolean {
    return !this.running && this.#condition !== undefined;
  }

  get suspended(): boolean {
    return !this.running && this.#condition === undefined;
  }

  get ready(): boolean {
    return this.waiting && (this.#condition as Condition).isMet();
  }

  /** Lets it run at some later time. It must be suspended. */
  resumeLater(): void {
    this.#startWaiting(ALWAYS, true);
  }

  /** Runs it, and those that it switches to, until one blocks or ends. */
  *resume(cancelled = false): Async<void> {
    const store = this.#scheduler;
    const resumer = store.currentThread;
    if (this.waiting) this.stopWaiting();
    let isCancelled = cancelled;
    for (let thread: Thread | undefined = this; thread !== undefined; isCancelled = false) {
      store.currentThread = thread;
      yield* thread.#run(isCancelled);
      const next: Thread | undefined = thread.#switchTo;
      thread.#switchTo = undefined;
      thread = next;
    }
    store.currentThread = resumer;
  }

  *#run(cancelled: boolean): Async<void> {
    // Whoever waits for this one does so elsewhere meanwhile, and the stack is empty again.
    if (this.#body !== undefined && this.#scheduler.depth >= MAX_DEPTH) yield* awaited(Promise.resolve());
    let ended: { readonly error: { readonly cause: unknown } | undefined } | undefined;
    let notify: (() => void) | undefined;
    this.#handBack = (error) => {
      ended = { error };
      notify?.();
    };
    if (this.#body !== undefined) this.#start(this.#body);
    else this.#goOn(cancelled);
    if (ended === undefined) {
      yield* awaited(
        new Promise<void>((resolve) => {
          notify = resolve;
        }),
      );
    }
    const { error } = ended as unknown as { error: { readonly cause: unknown } | undefined };
    if (error !== undefined) throw error.cause;
  }

  #start(body: () => Async<void>): void {
    this.#body = undefined;
    const result = this.#atDepth(() => drive(body()));
    if (result instanceof Promise) {
      result.then(
        () => this.#handBack(),
        (cause: unknown) => this.#handBack({ cause }),
      );
    } else this.#handBack();
  }

  #atDepth<T>(run: () => T): T {
    const scheduler = this.#scheduler;
    scheduler.depth++;
    try {
      return run();
    } finally {
      scheduler.depth--;
    }
  }

  #goOn(cancelled: boolean): void {
    const wake = this.#wake as (cancelled: boolean) => void;
    this.#wake = undefined;
    wake(cancelled);
  }

  *suspend(cancellable: boolean): Async<boolean> {
    if (this.task.deliverPendingCancel(cancellable)) return true;
    return yield* this.#block(cancellable, undefined);
  }

  /** Who need not wait goes on, as CanonicalABI.md allows. */
  *waitUntil(condition: Condition, cancellable: boolean): Async<boolean> {
    if (this.task.deliverPendingCancel(cancellable)) return true;
    if (condition.isMet()) return false;
    this.#startWaiting(condition, false);
    return yield* this.#block(cancellable, undefined);
  }

  /** @param condition - what there is to wait for besides that others have had their turn */
  *yield(cancellable: boolean, condition = ALWAYS): Async<boolean> {
    if (this.task.deliverPendingCancel(cancellable)) return true;
    this.#startWaiting(condition, true);
    return yield* this.#block(cancellable, undefined);
  }

  *suspendThenResume(cancellable: boolean, other: Thread): Async<boolean> {
    if (this.task.deliverPendingCancel(cancellable)) return true;
    return yield* this.#block(cancellable, other);
  }

  *yieldThenResume(cancellable: boolean, other: Thread): Async<boolean> {
    if (this.task.deliverPendingCancel(cancellable)) return true;
    this.#startWaiting(ALWAYS, true);
    return yield* this.#block(cancellable, other);
  }

  *suspendThenPromote(cancellable: boolean, other: Thread): Async<boolean> {
    if (this.task.deliverPendingCancel(cancellable)) return true;
    if (!other.ready) return yield* this.suspend(cancellable);
    other.stopWaiting();
    return yield* this.suspendThenResume(cancellable, other);
  }

  *yieldThenPromote(cancellable: boolean, other: Thread): Async<boolean> {
    if (this.task.deliverPendingCancel(cancellable)) return true;
    if (!other.ready) return yield* this.yield(cancellable);
    other.stopWaiting();
    return yield* this.yieldThenResume(cancellable, other);
  }

  *#block(cancellable: boolean, switchTo: Thread | undefined): Async<boolean> {
    this.cancellable = cancellable;
    this.#switchTo = switchTo;
    const woken = new Promise<boolean>((resolve) => {
      this.#wake = resolve;
    });
    this.#handBack();
    const cancelled = yield* awaited(woken);
    this.cancellable = false;
    return cancelled;
  }

  #startWaiting(condition: Condition, isYielding: boolean): void {
    this.#condition = condition;
    this.isYielding = isYielding;
    this.#order = this.#scheduler.nextOrder(isYielding);
    this.recheck();
  }

  recheck(): boolean {
    const { store, ready } = this.task.instance;
    const condition = this.#condition as Condition;
    const isMet = condition.isMet();
    this.#leave();
    this.#places = isMet
      ? [store.ready, ...(this.#isIndependent ? [ready] : [])].map((queue) => queue.add(this.#order, this))
      : [condition.park(this.#order, this)];
    return isMet;
  }

  stopWaiting(): void {
    const condition = this.#condition;
    this.#condition = undefined;
    this.#leave();
    condition?.left?.();
  }

  #leave(): void {
    for (const place of this.#places) place.leave();
    this.#places = [];
  }
}
