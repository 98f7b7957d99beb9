import { ComponentInitError } from "../errors.js";
import type { HostContext } from "./context.js";
import { type HandleOrigin, Resource } from "./handles.js";
import type { Timeline } from "./timeline.js";
import { trap } from "./trap.js";

/** What a pollable waits for. */
export interface Readiness {
  isReady(): boolean;
  /** The instant at which it will be ready, where only the passing of time is needed for that. */
  readonly deadline?: bigint;
  /** Where it is made ready from outside of the guest and of virtual time. */
  readonly outside?: Outside | undefined;
}

/** What happens in real time: the network. There is one for all pollables. */
export interface Outside {
  /** Blocks until something has happened, at most so long. */
  wait(milliseconds: number): void;
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
    waitOutside([this.readiness], this.#timeline.step);
    const ready = this.readiness.isReady();
    // Time passes here as well, so that a guest that asks in a loop whether its timer is due sees it become due.
    this.#timeline.tick();
    return ready;
  }

  block(): void {
    // WIT: "This function is equivalent to calling `poll.poll` on a list containing only this pollable."
    waitForAny(this.#timeline, [this.readiness]);
  }
}

export function createPoll({ timeline }: HostContext) {
  return {
    Pollable,
    poll(list: readonly Pollable[]): Uint32Array {
      // WIT: "This function traps if [...] the list is empty".
      if (list.length === 0) trap("wasi:io/poll#poll was called with an empty list");
      const awaited = list.map(({ readiness }) => readiness);
      return Uint32Array.from(waitForAny(timeline, awaited));
    },
  };
}

/** Blocks as `poll` does. */
export function waitFor({ timeline }: HostContext, readiness: Readiness): void {
  waitForAny(timeline, [readiness]);
}

/** The indices that are ready, after as much virtual time as the first of them needs. */
function waitForAny(timeline: Timeline, list: readonly Readiness[]): number[] {
  const deadline = earliestDeadline(list);
  const untilDeadline = deadline === undefined ? undefined : deadline - timeline.monotonic;
  waitOutside(list, untilDeadline === undefined || untilDeadline > timeline.step ? untilDeadline : timeline.step);
  let ready = readyIndices(list);
  if (ready.length === 0) {
    if (deadline === undefined) failStuck();
    timeline.advanceTo(deadline);
    ready = readyIndices(list);
  }
  // A guest that polls a timer along with a stream that is always ready must get to the timer too.
  timeline.tick();
  return ready;
}

/**
 * What happens outside takes real time, so as much of that passes as virtual time may: otherwise a guest's timeout would
 * be over before anything could happen.
 *
 * @param atMost - in nanoseconds; for ever without it
 */
function waitOutside(list: readonly Readiness[], atMost: bigint | undefined): void {
  const outside = list.find((readiness) => readiness.outside !== undefined)?.outside;
  if (outside === undefined) return;
  const end = atMost === undefined ? Number.POSITIVE_INFINITY : performance.now() + Number(atMost) / 1e6;
  const isSettled = () => list.some((readiness) => readiness.deadline === undefined && readiness.isReady());
  for (;;) {
    const left = end - performance.now();
    if (isSettled() || left <= 0) return;
    outside.wait(left);
  }
}

function readyIndices(list: readonly Readiness[]): number[] {
  return [...list.keys()].filter((index) => list[index]?.isReady());
}

function earliestDeadline(list: readonly Readiness[]): bigint | undefined {
  let earliest: bigint | undefined;
  for (const { deadline } of list) {
    if (deadline !== undefined && (earliest === undefined || deadline < earliest)) earliest = deadline;
  }
  return earliest;
}

function failStuck(): never {
  throw new ComponentInitError(
    "init-trapped",
    "initialization waits for an event that cannot happen while initializing: none of the pollables it blocks on " +
      "can become ready",
  );
}
