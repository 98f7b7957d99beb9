import { type Async, awaited, drive } from "./async.js";
import type { Reentrance } from "./reentrance.js";

/** What a thread knows of its task. */
export interface ThreadOwner {
  readonly type: { readonly async: boolean };
  readonly instance: Reentrance & { readonly store: Scheduler };
  readonly implicitThread: Thread;
  needsExclusive(): boolean;
  deliverPendingCancel(cancellable: boolean): boolean;
}

/** What a thread knows of the store. */
interface Scheduler {
  currentThread: Thread | undefined;
  readonly waiting: Set<Thread>;
}

/** What a thread keeps for `context.get`. */
type Storage = [number | bigint, number | bigint];

/**
 * CanonicalABI.md, `Thread`: code of a guest that can block. It runs while whoever resumed it waits, and gives control back
 * when it blocks or ends, so that at every moment one thread runs.
 */
export class Thread {
  readonly storage: Storage = [0, 0];
  index: number | undefined;
  cancellable = false;

  #body: (() => Async<void>) | undefined;
  /** Goes on where the thread has blocked, in a later microtask. */
  #wake: ((cancelled: boolean) => void) | undefined;
  /** Gives control back to whoever resumed the thread. */
  #handBack: (error?: { readonly cause: unknown }) => void = () => undefined;
  #switchTo: Thread | undefined;
  #ready: (() => boolean) | undefined;
  isYielding = false;

  constructor(
    readonly task: ThreadOwner,
    body: () => Async<void>,
  ) {
    this.#body = body;
  }

  /**
   * Whether it may go on while a function of the instance that is not async runs: not a thread that runs where only one of
   * the instance may, and not one whose task has not been let in.
   */
  canResumeIn(instance: Reentrance): boolean {
    const { task } = this;
    const usesStack = task.type.async && task.needsExclusive() && this === task.implicitThread;
    return task.instance === instance && this.index !== undefined && !usesStack;
  }

  get running(): boolean {
    return this.#body === undefined && this.#wake === undefined;
  }

  get waiting(): boolean {
    return !this.running && this.#ready !== undefined;
  }

  get suspended(): boolean {
    return !this.running && this.#ready === undefined;
  }

  get ready(): boolean {
    return this.waiting && (this.#ready as () => boolean)();
  }

  /** Lets it run at some later time. It must be suspended. */
  resumeLater(): void {
    this.#startWaiting(() => true, true);
  }

  /** Runs it, and those that it switches to, until one blocks or ends. */
  *resume(cancelled = false): Async<void> {
    const { store } = this.task.instance;
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
    const result = drive(body());
    if (result instanceof Promise) {
      result.then(
        () => this.#handBack(),
        (cause: unknown) => this.#handBack({ cause }),
      );
    } else this.#handBack();
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
  *waitUntil(ready: () => boolean, cancellable: boolean): Async<boolean> {
    if (this.task.deliverPendingCancel(cancellable)) return true;
    if (ready()) return false;
    this.#startWaiting(ready, false);
    return yield* this.#block(cancellable, undefined);
  }

  /** @param ready - what there is to wait for besides that others have had their turn */
  *yield(cancellable: boolean, ready: () => boolean = () => true): Async<boolean> {
    if (this.task.deliverPendingCancel(cancellable)) return true;
    this.#startWaiting(ready, true);
    return yield* this.#block(cancellable, undefined);
  }

  *suspendThenResume(cancellable: boolean, other: Thread): Async<boolean> {
    if (this.task.deliverPendingCancel(cancellable)) return true;
    return yield* this.#block(cancellable, other);
  }

  *yieldThenResume(cancellable: boolean, other: Thread): Async<boolean> {
    if (this.task.deliverPendingCancel(cancellable)) return true;
    this.#startWaiting(() => true, true);
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

  #startWaiting(ready: () => boolean, isYielding: boolean): void {
    this.#ready = ready;
    this.isYielding = isYielding;
    this.task.instance.store.waiting.add(this);
  }

  stopWaiting(): void {
    this.#ready = undefined;
    this.task.instance.store.waiting.delete(this);
  }
}
