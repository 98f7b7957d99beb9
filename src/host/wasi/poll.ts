import { ComponentInitError } from "../../errors.js";
import type { HostContext } from "./context.js";
import { type HandleOrigin, Resource } from "./handles.js";
import type { Timeline } from "./timeline.js";
import { trap } from "./trap.js";

/** What a pollable waits for. */
export interface Readiness {
  isReady(): boolean;
  /** The instant at which it will be ready, where only the passing of time is needed for that. */
  readonly deadline?: bigint;
}

/** The readiness of all that is in memory. */
export const ALWAYS_READY: Readiness = { isReady: () => true };

export class Pollable extends Resource {
  readonly #timeline: Timeline;
  readonly readiness: Readiness;

  constructor({ handles, timeline }: HostContext, readiness: Readiness, origin: HandleOrigin) {
    super(handles, { type: "pollable", interface: "wasi:io/poll" }, origin);
    this.#timeline = timeline;
    this.readiness = readiness;
  }

  ready(): boolean {
    const ready = this.readiness.isReady();
    // Time passes here as well, so that a guest that asks in a loop whether its timer is due sees it become due.
    this.#timeline.tick();
    return ready;
  }

  block(): void {
    // WIT: "This function is equivalent to calling `poll.poll` on a list containing only this pollable."
    waitForAny(this.#timeline, [this]);
  }
}

export function createPoll({ timeline }: HostContext) {
  return {
    Pollable,
    poll(list: readonly Pollable[]): Uint32Array {
      // WIT: "This function traps if [...] the list is empty".
      if (list.length === 0) trap("wasi:io/poll#poll was called with an empty list");
      return Uint32Array.from(waitForAny(timeline, list));
    },
  };
}

/** The indices that are ready, after as much virtual time as the first of them needs. */
function waitForAny(timeline: Timeline, list: readonly Pollable[]): number[] {
  let ready = readyIndices(list);
  if (ready.length === 0) {
    timeline.advanceTo(earliestDeadline(list));
    ready = readyIndices(list);
  }
  // A guest that polls a timer along with a stream that is always ready must get to the timer too.
  timeline.tick();
  return ready;
}

function readyIndices(list: readonly Pollable[]): number[] {
  return [...list.keys()].filter((index) => list[index]?.readiness.isReady());
}

function earliestDeadline(list: readonly Pollable[]): bigint {
  let earliest: bigint | undefined;
  for (const { readiness } of list) {
    const { deadline } = readiness;
    if (deadline !== undefined && (earliest === undefined || deadline < earliest)) earliest = deadline;
  }
  if (earliest !== undefined) return earliest;
  throw new ComponentInitError(
    "init-trapped",
    "initialization waits for an event that cannot happen while initializing: none of the pollables it blocks on " +
      "can become ready",
  );
}
