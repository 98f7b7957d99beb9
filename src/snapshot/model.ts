import type { DlState } from "../dlopen/state.js";

/**
 * What a snapshot is: plain values, so that a caller with another host can fill one in and call `rewrite`.
 * Only what a core module *defines* is in it; imported memories and globals belong to the instance that defines them.
 */
export interface Snapshot {
  /** Those of the component, and then those of libraries that were opened. */
  readonly instances: readonly InstanceSnapshot[];
  /** Libraries that were opened, where the component can open any. */
  readonly dl?: DlState;
}

export interface InstanceSnapshot {
  /** Position among all core instances, nested components' included, in the order of instantiation. */
  readonly instance: number;
  readonly memories: readonly MemoryImage[];
  readonly globals: readonly GlobalValue[];
  /** Tables whose contents are not those that instantiation gives. The others are left out. */
  readonly tables: readonly TableImage[];
  /** Globals that hold another reference than after instantiation. */
  readonly references: readonly ReferenceValue[];
  /** Data and element segments that the guest dropped (`data.drop`, `elem.drop`), by index. */
  readonly droppedData: readonly number[];
  readonly droppedElements: readonly number[];
  /** Whether it knows the numbers that directories had, and its memory does not tell: the output is marked with it. */
  readonly keepsPreopens?: boolean;
}

export interface MemoryImage {
  /** In the memory index space of the module. */
  readonly index: number;
  /** Size in the memory's pages. */
  readonly pages: number;
  /** What is not zero, in ascending order and without overlap. */
  readonly ranges: readonly MemoryRange[];
}

export interface MemoryRange {
  /** Address of the first byte. */
  readonly offset: number;
  /** May be a view of a live memory: use it before the guest runs again. */
  readonly bytes: Uint8Array;
}

export interface GlobalValue {
  /** In the global index space of the module. */
  readonly index: number;
  /** Little-endian bits: 4 bytes for i32 and f32, 8 for i64 and f64, 16 for v128. Every NaN keeps its payload. */
  readonly bits: Uint8Array;
}

/** Stands for null among the entries of a table. */
export const NULL_ENTRY = -1;

export interface TableImage {
  /** In the table index space of the module. */
  readonly index: number;
  /** The functions in the table, each once. */
  readonly functions: readonly FunctionReference[];
  /** For each entry of the table its function, as a position in `functions`; -1 for null. */
  readonly entries: Int32Array;
}

/** A function of a core instance: one that its module defines, or one that it imports. */
export interface FunctionReference {
  /** Position of the instance. */
  readonly instance: number;
  /** In the function index space of its module. */
  readonly index: number;
}

export interface ReferenceValue {
  /** In the global index space of the module. */
  readonly index: number;
  /** `undefined` for null. */
  readonly func: FunctionReference | undefined;
}
