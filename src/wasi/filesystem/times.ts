import type { Datetime } from "../clocks.js";
import { fail } from "./error-code.js";

/** What a JavaScript date can be at most, in seconds. Wasmtime too says `overflow` when its clock cannot hold a time. */
const MAX_SECONDS = 8_640_000_000_000n;

/** `new-timestamp` */
export type NewTimestamp =
  | { readonly tag: "no-change" }
  | { readonly tag: "now" }
  | { readonly tag: "timestamp"; readonly val: Datetime };

/** A time that the guest has asked for; "now" is the present when it is carried out, also on the host. */
export type RequestedTime = Datetime | "now";

/** The times of a node. Reading does not change them, as with `noatime`. */
export class NodeTimes {
  access: Datetime;
  modification: Datetime;
  change: Datetime;
  /** What the guest has set and no later write has overridden: that is for the host too, unlike the virtual clock. */
  requested: { readonly access?: RequestedTime; readonly modification?: RequestedTime } = {};

  constructor(start: Datetime) {
    this.access = start;
    this.modification = start;
    this.change = start;
  }

  /** After a change of the contents. */
  touch(now: Datetime): void {
    this.modification = now;
    this.change = now;
    const { modification: _, ...rest } = this.requested;
    this.requested = rest;
  }

  set(access: NewTimestamp, modification: NewTimestamp, now: Datetime): void {
    const [accessed, modified] = [given(access, now), given(modification, now)];
    this.access = accessed ?? this.access;
    this.modification = modified ?? this.modification;
    this.change = now;
    this.requested = { ...this.requested, ...request("access", access), ...request("modification", modification) };
  }
}

function given(time: NewTimestamp, now: Datetime): Datetime | undefined {
  if (time.tag === "no-change") return undefined;
  if (time.tag === "now") return now;
  if (time.val.nanoseconds >= 1_000_000_000) return fail("invalid");
  // Seconds are signed in 0.3.
  return time.val.seconds < MAX_SECONDS && time.val.seconds >= -MAX_SECONDS ? time.val : fail("overflow");
}

function request(key: "access" | "modification", time: NewTimestamp) {
  return time.tag === "no-change" ? {} : { [key]: time.tag === "now" ? "now" : time.val };
}
