import type { Async } from "./async.js";
import { trapIf } from "./trap.js";

/** CanonicalABI.md, `EventCode`. */
export const EventCode = {
  none: 0,
  subtask: 1,
  streamRead: 2,
  streamWrite: 3,
  futureRead: 4,
  futureWrite: 5,
  taskCancelled: 6,
} as const;

export type EventCode = (typeof EventCode)[keyof typeof EventCode];

export type EventTuple = readonly [code: EventCode, index: number, payload: number];

export const NO_EVENT: EventTuple = [EventCode.none, 0, 0];
export const TASK_CANCELLED: EventTuple = [EventCode.taskCancelled, 0, 0];

/** What waiting needs of the thread that waits. */
export interface Waiter {
  waitUntil(ready: () => boolean, cancellable: boolean): Async<boolean>;
}

/** CanonicalABI.md, `Waitable`. */
export abstract class Waitable {
  /** The set that it is in. */
  set: WaitableSet | undefined;
  hasSyncWaiter = false;
  #pendingEvent: (() => EventTuple) | undefined;

  setPendingEvent(event: () => EventTuple): void {
    this.#pendingEvent = event;
  }

  hasPendingEvent(): boolean {
    return this.#pendingEvent !== undefined;
  }

  /** @param ready - whether the event is the one to wait for */
  *waitForPendingEvent(thread: Waiter, ready = () => this.hasPendingEvent()): Async<void> {
    this.hasSyncWaiter = true;
    yield* thread.waitUntil(ready, false);
    this.hasSyncWaiter = false;
  }

  /** There must be one. */
  takePendingEvent(): EventTuple {
    const event = this.#pendingEvent as () => EventTuple;
    this.#pendingEvent = undefined;
    return event();
  }

  join(set: WaitableSet | undefined): void {
    this.set?.elements.delete(this);
    this.set = set;
    set?.elements.add(this);
  }

  drop(): void {
    this.join(undefined);
  }
}

/** CanonicalABI.md, `WaitableSet`. Of several events the first in the order of joining is taken. */
export class WaitableSet {
  readonly elements = new Set<Waitable>();
  #numWaiting = 0;

  hasPendingEvent(): boolean {
    return this.#pending() !== undefined;
  }

  /** There must be one. */
  takePendingEvent(): EventTuple {
    return (this.#pending() as Waitable).takePendingEvent();
  }

  *waitForEventAnd(thread: Waiter, ready: () => boolean, cancellable: boolean): Async<EventTuple> {
    this.#numWaiting++;
    const cancelled = yield* thread.waitUntil(() => ready() && this.hasPendingEvent(), cancellable);
    const event = cancelled ? TASK_CANCELLED : this.takePendingEvent();
    this.#numWaiting--;
    return event;
  }

  drop(): void {
    trapIf(this.elements.size > 0, "cannot drop waitable set with waitables in it");
    trapIf(this.#numWaiting > 0, "cannot drop waitable set with waiters");
  }

  #pending(): Waitable | undefined {
    for (const waitable of this.elements) if (waitable.hasPendingEvent()) return waitable;
    return undefined;
  }
}
