import type { LendScope, ResourceHandle } from "./resources.js";
import type { OnCancel } from "./task.js";
import { trapIf } from "./trap.js";
import { Waitable } from "./waitable.js";

/** CanonicalABI.md, `Subtask.State`. */
export const SubtaskState = {
  starting: 0,
  started: 1,
  returned: 2,
  cancelledBeforeStarted: 3,
  cancelledBeforeReturned: 4,
} as const;

export type SubtaskState = (typeof SubtaskState)[keyof typeof SubtaskState];

/** What handles are lent to until a call has returned. */
export class Lenders implements LendScope {
  #handles: ResourceHandle[] = [];

  addLender(handle: ResourceHandle): void {
    handle.numLends++;
    this.#handles.push(handle);
  }

  giveBack(): void {
    for (const handle of this.#handles) handle.numLends--;
    this.#handles = [];
  }
}

/** CanonicalABI.md, `Subtask`: a call that a guest has made. */
export class Subtask extends Waitable {
  #state: SubtaskState = SubtaskState.starting;
  onCancel: OnCancel | undefined;
  cancellationRequested = false;
  resolveDelivered = false;
  readonly lenders = new Lenders();

  /** @param name - of what is called, for messages */
  constructor(readonly name: string) {
    super();
  }

  get state(): SubtaskState {
    return this.#state;
  }

  set state(state: SubtaskState) {
    this.#state = state;
    this.changed();
  }

  get resolved(): boolean {
    return this.#state >= SubtaskState.returned;
  }

  deliverResolve(): void {
    this.lenders.giveBack();
    this.resolveDelivered = true;
  }

  override drop(): void {
    trapIf(!this.resolveDelivered, "cannot drop a subtask which has not yet resolved");
    super.drop();
  }
}
