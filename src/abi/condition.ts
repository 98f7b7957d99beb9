import { Ordered, type Place } from "./ordered.js";

/** Who waits for a condition. */
export interface Parked {
  /** Looks at the condition again; @returns whether it is met. */
  recheck(): boolean;
}

/**
 * What a thread waits for. It is asked when something has happened on which it depends, and not all the time: that is why
 * it keeps those who wait.
 */
export interface Condition {
  isMet(): boolean;
  /** Keeps who waits until it may be met; then {@link Parked.recheck} is called. */
  park(order: number, parked: Parked): Place;
  /** Who waited does not any more: others may have their turn. */
  left?(): void;
}

/** For who only lets others have their turn. */
export const ALWAYS: Condition = {
  isMet: () => true,
  park: () => {
    throw new Error("nobody waits for nothing");
  },
};

/** A condition that many wait for, of whom the first goes first. */
export class Gate implements Condition {
  readonly #parked = new Ordered<Parked>();

  constructor(readonly isMet: () => boolean) {}

  park(order: number, parked: Parked): Place {
    return this.#parked.add(order, parked);
  }

  left(): void {
    this.changed();
  }

  /** To be told when it may be met. */
  changed(): void {
    while (this.isMet() && this.#parked.first?.recheck() === false);
  }
}
