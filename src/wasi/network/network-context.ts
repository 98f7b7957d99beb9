import type { HostContext } from "../context.js";
import type { ActivityLog } from "./activity.js";
import type { Destinations } from "./destinations.js";
import type { NetworkThread } from "./network-thread.js";

/** What the parts of the network share. */
export interface NetworkContext extends HostContext {
  readonly thread: NetworkThread;
  readonly destinations: Destinations;
  readonly log: ActivityLog;
}
