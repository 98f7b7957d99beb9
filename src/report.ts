import type { HostReport } from "./host/host-report.js";
import type { HeldHandle } from "./host/live-handles.js";
import type { RemovedCounts } from "./module/gc.js";

/** The phases in order. `bind` is the generation of the canonical ABI glue, `compile` the engine's. */
export type PhaseName = "decode" | "instrument" | "bind" | "compile" | "initialize" | "snapshot" | "rewrite" | "verify";

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

/** What a pre-initialization did. Plain values: `--json` prints this. */
export interface Report {
  readonly version: 1;
  /** The init function as it was called; absent where instantiation was all. */
  readonly init?: string;
  readonly phases: readonly { readonly name: PhaseName; readonly ms: number }[];
  readonly totalMs: number;
  readonly bindings: "cached" | "generated";
  readonly inputBytes: number;
  readonly outputBytes: number;
  readonly memories: readonly MemoryReport[];
  /** Mutable globals in the snapshot. */
  readonly globals: number;
  /** What went from core modules; absent unless that was asked for. */
  readonly removed?: RemovedCounts;
  readonly host: HostReport;
  /** What the guest wrote, at most the last 64 KiB each. */
  readonly stdout: string;
  readonly stderr: string;
  /** Handles that the guest held at the end, where `handles` allows that: they mean nothing in the output. */
  readonly handles: readonly HeldHandle[];
  readonly warnings: readonly string[];
}
