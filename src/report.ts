import type { DlPlan } from "./dlopen/plan.js";
import type { HostReport } from "./host/host-report.js";
import type { HeldHandle } from "./host/live-handles.js";
import type { DlFailure } from "./loader/imports.js";
import type { RemovedCounts } from "./module/gc.js";

/** The phases in order. `compile` is the engine's, and `commit` is there where directories are mounted with `rw`. */
export type PhaseName =
  | "decode"
  | "instrument"
  | "compile"
  | "initialize"
  | "snapshot"
  | "rewrite"
  | "verify"
  | "commit";

export interface MemoryReport {
  /** The core instance that defines it: its name in the component, or its number. */
  readonly instance: string;
  /** In the memory index space of its module. */
  readonly index: number;
  readonly pagesBefore: number;
  readonly pagesAfter: number;
  /** Bytes in the data segments of the output, and their number. */
  readonly bytes: number;
  readonly segments: number;
}

/** A table whose contents initialization changed. */
export interface TableReport {
  /** The core instance that defines it: its name in the component, or its number. */
  readonly instance: string;
  /** In the table index space of its module. */
  readonly index: number;
  readonly size: number;
  /** How many of its entries are not null. */
  readonly entries: number;
}

/** What a guest has opened. */
export interface DlReport {
  /** The libraries that are part of the output, by name. */
  readonly open: readonly string[];
  /** What it could not open, find or close: the first thousand. */
  readonly failures: readonly DlFailure[];
  /** How many more there were. */
  readonly failuresOmitted?: number;
  /** All that was decided: the option `dlopen.plan` does it again. */
  readonly plan: DlPlan;
}

/** What a pre-initialization did. Plain values: `--json` prints this. */
export interface Report {
  readonly version: 1;
  /** The init function as it was called; absent where instantiation was all. */
  readonly init?: string;
  readonly phases: readonly { readonly name: PhaseName; readonly ms: number }[];
  readonly totalMs: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
  readonly memories: readonly MemoryReport[];
  readonly tables: readonly TableReport[];
  /** Mutable globals in the snapshot: all that hold numbers, and those whose references changed. */
  readonly globals: number;
  /** Whether the output's state was compared with the snapshot. */
  readonly verified: boolean;
  /** What went from core modules; absent unless that was asked for. */
  readonly removed?: RemovedCounts;
  /** What the guest has opened; absent where it cannot open libraries. */
  readonly dlopen?: DlReport;
  readonly host: HostReport;
  /** What the guest wrote, at most the last 64 KiB each. */
  readonly stdout: string;
  readonly stderr: string;
  /** Handles that the guest held at the end, where `handles` allows that: they mean nothing in the output. */
  readonly handles: readonly HeldHandle[];
  /** How many more there were: the first thousand are listed. */
  readonly handlesOmitted?: number;
  readonly warnings: readonly string[];
}
