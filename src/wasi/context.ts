import type { HandleTracker } from "./handles.js";
import type { Timeline } from "./timeline.js";

/** What the parts of one host share. */
export interface HostContext {
  readonly handles: HandleTracker;
  readonly timeline: Timeline;
}
