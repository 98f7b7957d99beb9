/**
 * What a snapshot is: plain values, so that a caller with another host can fill one in and call `rewrite`.
 * Only what a core module *defines* is in it; imported memories and globals belong to the instance that defines them.
 */
export interface Snapshot {
  readonly instances: readonly InstanceSnapshot[];
}

export interface InstanceSnapshot {
  /** Position among the component's instantiations of core modules, in order. */
  readonly instance: number;
  readonly memories: readonly MemoryImage[];
  readonly globals: readonly GlobalValue[];
  /** Data and element segments that the guest dropped (`data.drop`, `elem.drop`), by index. */
  readonly droppedData: readonly number[];
  readonly droppedElements: readonly number[];
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
