import type { Async } from "./async.js";
import type { Condition, Gate, Parked } from "./condition.js";
import { Ordered, type Place } from "./ordered.js";
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
  waitUntil(condition: Condition, cancellable: boolean): Async<boolean>;
}

/** CanonicalABI.md, `Waitable`. */
export abstract class Waitable {
  hasSyncWaiter = false;
  #set: WaitableSet | undefined;
  /** Among all that were joined to the set. */
  #order = 0;
  /** Among those of the set that have an event. */
  #place: Place | undefined;
  #pendingEvent: (() => EventTuple) | undefined;
  /** Who waits for it in place. */
  #parked: Parked | undefined;

  /** The set that it is in. */
  get set(): WaitableSet | undefined {
    return this.#set;
  }

  setPendingEvent(event: () => EventTuple): void {
    this.#pendingEvent = event;
    this.#place ??= this.#set?.addPending(this.#order, this);
    this.changed();
  }

  /** To be told when something has happened to it that a thread may wait for in place. */
  protected changed(): void {
    this.#parked?.recheck();
  }

  /** Of the one thread that waits in place. */
  condition(isMet: () => boolean): Condition {
    const leave = () => {
      this.#parked = undefined;
    };
    const park = (_: number, parked: Parked): Place => {
      this.#parked = parked;
      return { leave };
    };
    return { isMet, park };
  }

  hasPendingEvent(): boolean {
    return this.#pendingEvent !== undefined;
  }

  /** @param ready - whether the event is the one to wait for */
  *waitForPendingEvent(thread: Waiter, ready = () => this.hasPendingEvent()): Async<void> {
    this.hasSyncWaiter = true;
    yield* thread.waitUntil(this.condition(ready), false);
    this.hasSyncWaiter = false;
  }

  /** There must be one. */
  takePendingEvent(): EventTuple {
    const event = this.#pendingEvent as () => EventTuple;
    this.#pendingEvent = undefined;
    this.#leavePending();
    return event();
  }

  join(set: WaitableSet | undefined): void {
    this.#leavePending();
    this.#set?.leave();
    this.#set = set;
    if (set === undefined) return;
    this.#order = set.join();
    if (this.hasPendingEvent()) this.#place = set.addPending(this.#order, this);
  }

  #leavePending(): void {
    this.#place?.leave();
    this.#place = undefined;
  }

  drop(): void {
    this.join(undefined);
  }
}

/** CanonicalABI.md, `WaitableSet`. Of several events the first in the order of joining is taken. */
export class WaitableSet {
  readonly #pending = new Ordered<Waitable>();
  /** Threads that wait for an event, and those that wait besides until a gate opens. */
  readonly #waiting: { plain?: Ordered<Parked>; gated?: Ordered<Parked> } = {};
  #size = 0;
  #joined = 0;
  #numWaiting = 0;

  /** @returns the place of the one that joins among all */
  join(): number {
    this.#size++;
    return this.#joined++;
  }

  leave(): void {
    this.#size--;
  }

  /** One in it has an event. */
  addPending(order: number, waitable: Waitable): Place {
    const place = this.#pending.add(order, waitable);
    this.#changed();
    return place;
  }

  hasPendingEvent(): boolean {
    return this.#pending.first !== undefined;
  }

  /** There must be one. */
  takePendingEvent(): EventTuple {
    return (this.#pending.first as Waitable).takePendingEvent();
  }

  /** @param gate - what there is to wait for besides */
  *waitForEventAnd(thread: Waiter, gate: Gate | undefined, cancellable: boolean): Async<EventTuple> {
    this.#numWaiting++;
    const cancelled = yield* thread.waitUntil(this.#condition(gate), cancellable);
    const event = cancelled ? TASK_CANCELLED : this.takePendingEvent();
    this.#numWaiting--;
    return event;
  }

  drop(): void {
    trapIf(this.#size > 0, "cannot drop waitable set with waitables in it");
    trapIf(this.#numWaiting > 0, "cannot drop waitable set with waiters");
  }

  #condition(gate: Gate | undefined): Condition {
    const waiting = (this.#waiting[gate === undefined ? "plain" : "gated"] ??= new Ordered());
    return {
      isMet: () => this.hasPendingEvent() && (gate?.isMet() ?? true),
      // For an event first: who has one waits for the gate.
      park: (order, parked) =>
        gate !== undefined && this.hasPendingEvent() ? gate.park(order, parked) : waiting.add(order, parked),
      left: () => {
        this.#changed();
        gate?.changed();
      },
    };
  }

  /** All who wait besides wait for the same, so the first goes before the others. */
  #changed(): void {
    if (!this.hasPendingEvent()) return;
    this.#waiting.plain?.first?.recheck();
    this.#waiting.gated?.first?.recheck();
  }
}
