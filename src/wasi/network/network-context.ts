import { type Call, type Cancellable, cancellable } from "../call03.js";
import type { HostContext } from "../context.js";
import type { ActivityLog } from "./activity.js";
import type { Destinations } from "./destinations.js";
import type { NetworkThread } from "./network-thread.js";

/** What the parts of the network share. */
export interface NetworkContext extends HostContext {
  readonly thread: NetworkThread;
  readonly destinations: Destinations;
  readonly log: ActivityLog;
  /** Waits without blocking, in real time; as long as the guest does, where it can cancel its call. */
  readonly until: (isOver: () => boolean, call?: Call) => Promise<void>;
}

/** A call that waits for the network. */
export function networkCall<T>({ thread }: NetworkContext, run: (call: Call) => Promise<T>): Cancellable<T> {
  return cancellable(run, (call) => thread.wake(call));
}
