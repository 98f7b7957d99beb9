import type { Activity } from "./activity.js";
import type { HostContext } from "./context.js";
import { Pollable } from "./poll.js";

export interface Datetime {
  readonly seconds: bigint;
  readonly nanoseconds: number;
}

const NANOSECONDS = 1_000_000_000n;

export function toDatetime(nanoseconds: bigint): Datetime {
  return { seconds: nanoseconds / NANOSECONDS, nanoseconds: Number(nanoseconds % NANOSECONDS) };
}

export function createMonotonicClock(context: HostContext, activity: Activity) {
  const { timeline } = context;
  const timer = (deadline: bigint, createdBy: string) =>
    new Pollable(context, { deadline, isReady: () => timeline.monotonic >= deadline }, { createdBy });
  return {
    now(): bigint {
      activity.clockQueries++;
      const now = timeline.monotonic;
      timeline.tick();
      return now;
    },
    resolution: (): bigint => timeline.step,
    subscribeInstant: (when: bigint): Pollable => timer(when, "wasi:clocks/monotonic-clock#subscribe-instant"),
    subscribeDuration: (when: bigint): Pollable =>
      timer(timeline.after(when), "wasi:clocks/monotonic-clock#subscribe-duration"),
  };
}

export function createWallClock({ timeline }: HostContext, activity: Activity) {
  return {
    now(): Datetime {
      activity.clockQueries++;
      const now = toDatetime(timeline.wall);
      timeline.tick();
      return now;
    },
    resolution: (): Datetime => toDatetime(timeline.step),
  };
}

/** `wasi:clocks/timezone` is unstable in 0.2. The host's own time zone must not show, so the answer is UTC. */
export function createTimezone() {
  return {
    display: () => ({ utcOffset: 0, name: "UTC", inDaylightSavingTime: false }),
    utcOffset: (): number => 0,
  };
}
