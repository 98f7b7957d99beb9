import type { Async } from "./async.js";
import type { Convention } from "./convention.js";
import type { ComponentInstance } from "./instance.js";
import type { CanonicalOptions } from "./options.js";
import type { BorrowScope } from "./resources.js";
import type { StoreTask, TaskState } from "./store.js";
import { Thread, type ThreadOwner } from "./thread.js";
import { trapIf } from "./trap.js";
import type { FuncType } from "./types.js";

/** CanonicalABI.md, `OnStart`: gives the arguments. */
export type OnStart = () => readonly unknown[];
/** CanonicalABI.md, `OnResolve`: takes the result, as a list of one or none, or nothing when the task was cancelled. */
export type OnResolve = (result: readonly unknown[] | undefined) => void;
/** CanonicalABI.md, `OnCancel`. */
export type OnCancel = (caller: ComponentInstance | undefined) => Async<void>;

/** CanonicalABI.md, `Task`: one call of a lifted function. */
export class Task implements BorrowScope, ThreadOwner, StoreTask {
  state: TaskState = "initial";
  numBorrows = 0;
  readonly threads = new Set<Thread>();
  readonly implicitThread: Thread;

  /**
   * @param name - for messages
   * @param convention - what values are for the caller
   * @param body - what its first thread does
   */
  constructor(
    readonly type: FuncType,
    readonly options: CanonicalOptions,
    readonly instance: ComponentInstance,
    readonly name: string,
    readonly convention: Convention,
    private readonly onStart: OnStart,
    private readonly onResolve: OnResolve,
    body: (task: Task) => Async<void>,
  ) {
    this.implicitThread = new Thread(this, () => body(this));
    instance.store.tasks.add(this);
  }

  needsExclusive(): boolean {
    return !this.options.async || this.options.callback;
  }

  /** @returns whether it may go on: not when it was cancelled before */
  *enterImplicitThread(): Async<boolean> {
    const { instance, implicitThread: thread } = this;
    if (this.type.async) {
      const mayEnter = this.needsExclusive() ? instance.isOpenAndFree : instance.isOpen;
      if (!mayEnter.isMet() || instance.numWaitingToEnter > 0) {
        instance.numWaitingToEnter++;
        // Those who came before enter first.
        const cancelled = yield* thread.yield(true, mayEnter);
        instance.numWaitingToEnter--;
        if (cancelled) {
          this.cancel();
          instance.store.tasks.delete(this);
          return false;
        }
      }
      if (this.needsExclusive()) instance.exclusiveThread = thread;
    }
    this.registerThread(thread);
    return true;
  }

  registerThread(thread: Thread): void {
    this.threads.add(thread);
    thread.index = this.instance.threads.add(thread);
  }

  exitImplicitThread(): void {
    this.unregisterThread(this.implicitThread);
    if (this.type.async && this.needsExclusive()) this.instance.exclusiveThread = undefined;
  }

  unregisterThread(thread: Thread): void {
    this.threads.delete(thread);
    if (this.threads.size === 0) {
      trapIf(this.state !== "resolved", "async-lifted export failed to produce a result");
      this.instance.store.tasks.delete(this);
    }
    this.instance.threads.remove(thread.index as number);
  }

  *requestCancellation(caller: ComponentInstance | undefined): Async<void> {
    if (this.state === "initial") {
      this.state = "cancel delivered";
      yield* this.implicitThread.resume(true);
      return;
    }
    const thread = this.#cancellableThread();
    if (thread === undefined || !this.instance.mayEnterFrom(caller)) {
      this.state = "pending cancel";
      return;
    }
    this.state = "cancel delivered";
    this.instance.enterFrom(caller);
    yield* thread.resume(true);
    this.instance.leaveTo(caller);
  }

  #cancellableThread(): Thread | undefined {
    const { exclusiveThread } = this.instance;
    const isBusy = this.needsExclusive() && exclusiveThread !== undefined && exclusiveThread !== this.implicitThread;
    return [...this.threads].find((thread) => thread.cancellable && !(isBusy && thread === this.implicitThread));
  }

  deliverPendingCancel(cancellable: boolean): boolean {
    if (!cancellable || this.state !== "pending cancel") return false;
    this.state = "cancel delivered";
    return true;
  }

  start(): readonly unknown[] {
    this.state = "started";
    return this.onStart();
  }

  return(result: readonly unknown[]): void {
    trapIf(this.state === "resolved", "`task.return` or `task.cancel` called more than once for current task");
    trapIf(this.numBorrows > 0, "borrow handles still remain at the end of the call");
    this.onResolve(result);
    this.state = "resolved";
  }

  cancel(): void {
    trapIf(this.state !== "cancel delivered", "`task.cancel` called by task which has not been cancelled");
    trapIf(this.numBorrows > 0, "borrow handles still remain at the end of the call");
    this.onResolve(undefined);
    this.state = "resolved";
  }
}
