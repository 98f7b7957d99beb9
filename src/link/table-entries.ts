import { i32ConstExpr } from "../binary/const-expr.js";
import { importedCount } from "../module/index-spaces.js";
import type { ElementSegment } from "../module/segments.js";
import type { Library } from "./library.js";

/** A table entry: its index, and the function in the index space of the module that fills it. */
export type TableEntry = readonly [slot: number, func: number];

/** Active segments for the first table, one for each run of neighbours. */
export function segmentsFor(entries: readonly TableEntry[]): ElementSegment[] {
  const runs: { start: number; indices: number[] }[] = [];
  for (const [slot, func] of entries) {
    const last = runs.at(-1);
    if (last !== undefined && last.start + last.indices.length === slot) last.indices.push(func);
    else runs.push({ start: slot, indices: [func] });
  }
  return runs.map(({ start, indices }) => ({
    mode: { kind: "active", table: 0, offset: i32ConstExpr(start) },
    items: { kind: "functions", indices },
  }));
}

/**
 * Whether a library fills the slots of its functions itself. That takes much less time to link and to instantiate than
 * exporting them, and importing them again elsewhere; but the shared table must be its first one.
 */
export function fillsOwnSlots({ module }: Library): boolean {
  return importedCount(module, "table") > 0;
}
