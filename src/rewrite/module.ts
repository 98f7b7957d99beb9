import { type BitsType, type ConstExpr, constExprOfBits, i32ConstExpr, i64ConstExpr } from "../binary/const-expr.js";
import type { CoreModuleDefinition } from "../component/model.js";
import { noteKeptPreopens } from "../instrument/keeps-preopens.js";
import { decodeDefinition } from "../instrument/module.js";
import { findSegmentUses } from "../module/code-uses.js";
import { importedCount } from "../module/index-spaces.js";
import type { CoreModule } from "../module/model.js";
import type { DataSegment, ElementSegment } from "../module/segments.js";
import { isRefType } from "../module/value-types.js";
import type { InstanceSnapshot, MemoryImage } from "../snapshot/model.js";
import { mismatch } from "./mismatch.js";
import { limitRanges } from "./segments.js";

/** Data segments of one module; wizer's limit, which every engine accepts. */
const MAX_SEGMENTS = 10_000;

/** The module with the state of a snapshot. Its code section is not touched. */
export function rewriteModule(definition: CoreModuleDefinition, state: InstanceSnapshot): CoreModule {
  const module = decodeDefinition(definition);
  rewriteData(module, state);
  rewriteElements(module, state);
  rewriteMemories(module, state);
  rewriteGlobals(module, state);
  removeStart(module);
  if (state.keepsPreopens) noteKeptPreopens(module);
  return module;
}

/** The maximum stays: growing further must be possible exactly as far as before. */
function rewriteMemories(module: CoreModule, { memories }: InstanceSnapshot): void {
  if (memories.length === 0) return;
  const imported = importedCount(module, "memory");
  const rewritten = [...module.memories];
  for (const { index, pages } of memories) {
    const type = rewritten[index - imported];
    if (type === undefined) throw mismatch(`a core module has no memory ${index} of its own`);
    rewritten[index - imported] = { ...type, minimum: BigInt(pages) };
  }
  module.memories = rewritten;
}

function rewriteGlobals(module: CoreModule, { globals }: InstanceSnapshot): void {
  const imported = importedCount(module, "global");
  const rewritten = [...module.globals];
  for (const { index, bits } of globals) {
    const global = rewritten[index - imported];
    if (global === undefined || !global.type.mutable || isRefType(global.type.value)) {
      throw mismatch(`a core module has no mutable number global ${index} of its own`);
    }
    rewritten[index - imported] = { type: global.type, init: constExprOfBits(global.type.value as BitsType, bits) };
  }
  if (globals.length > 0) module.globals = rewritten;
}

/**
 * The memory images become active segments. The module's own active segments go, also those that target an imported
 * memory: applied at instantiation they would overwrite what its owner got from the snapshot.
 */
function rewriteData(module: CoreModule, state: InstanceSnapshot): void {
  const dropped = new Set(state.droppedData);
  const kept = module.data.slice(0, countReferredTo(module)).map((segment, i) => placeholder(segment, dropped.has(i)));
  const images = imageSegments(module, state.memories, MAX_SEGMENTS - kept.length);
  if (module.data.length + images.length > 0) module.data = [...kept, ...images];
}

/** Segments that code refers to by number, and those before them: none of these may move. */
function countReferredTo(module: CoreModule): number {
  const used = findSegmentUses(module).filter(({ kind }) => kind === "data");
  return used.reduce((count, { segment }) => Math.max(count, segment + 1), 0);
}

/**
 * An active segment is dropped once it is applied (core specification 4.5.4), which an empty passive one behaves the
 * same as; so does a passive one that the guest dropped.
 */
function placeholder(segment: DataSegment, isDropped: boolean): DataSegment {
  if (segment.mode.kind === "passive" && !isDropped) return segment;
  return { mode: { kind: "passive" }, bytes: new Uint8Array() };
}

function imageSegments(module: CoreModule, images: readonly MemoryImage[], limit: number): DataSegment[] {
  const imported = importedCount(module, "memory");
  const limitPerMemory = Math.max(1, Math.floor(limit / Math.max(1, images.length)));
  return images.flatMap(({ index, ranges }) => {
    const offsetOf = module.memories[index - imported]?.is64 ? offset64 : i32ConstExpr;
    return limitRanges(ranges, limitPerMemory).map(({ offset, bytes }): DataSegment => {
      return { mode: { kind: "active", memory: index, offset: offsetOf(offset) }, bytes };
    });
  });
}

function offset64(offset: number): ConstExpr {
  return i64ConstExpr(BigInt(offset));
}

/**
 * A declared segment counts as dropped from the start (core specification 4.5.4), and still lets code take references
 * to its functions.
 */
function rewriteElements(module: CoreModule, { droppedElements }: InstanceSnapshot): void {
  if (droppedElements.length === 0) return;
  const dropped = new Set(droppedElements);
  module.elements = module.elements.map((segment, i): ElementSegment => {
    const isDropped = segment.mode.kind === "passive" && dropped.has(i);
    return isDropped ? { ...segment, mode: { kind: "declared" } } : segment;
  });
}

/** It ran before the snapshot, which holds what it set up; wasi-libc's `_initialize` traps when it runs twice. */
function removeStart(module: CoreModule): void {
  if (module.start !== undefined) module.start = undefined;
}
