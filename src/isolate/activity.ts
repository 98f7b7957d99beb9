import type { PhaseName } from "../report.js";

/** What a process does, that another one watches. */
export type Activity = PhaseName | "read" | "link" | "run" | "write";

export const ACTIVITIES: Readonly<Record<Activity, string>> = {
  read: "reading the input",
  link: "linking",
  decode: "decoding",
  instrument: "instrumenting",
  compile: "compiling",
  initialize: "initializing",
  snapshot: "taking the snapshot",
  rewrite: "rewriting",
  verify: "verifying",
  commit: "writing the guest's files",
  run: "running the component",
  write: "writing the output",
};

/** Whether files may be half written when it is ended in the middle. */
export function isUnfinished(activity: Activity): boolean {
  return activity === "commit" || activity === "write";
}
