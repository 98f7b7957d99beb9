import { ComponentInitError } from "../errors.js";
import type { Initialized, InitializedInstance } from "../host/initialize.js";
import { initialGlobals, readGlobals } from "./globals.js";
import { nonZeroRanges } from "./memory.js";
import type { GlobalValue, InstanceSnapshot, MemoryImage, Snapshot } from "./model.js";
import { referenceValue, tableImage } from "./references.js";

/**
 * Reads the state of all core instances.
 *
 * @returns Memory ranges are views: use them before the component runs again.
 */
export function takeSnapshot(initialized: Initialized): Snapshot {
  const { instances } = initialized;
  // First, because what can still be looked up gets entries of the table.
  const dl = initialized.dl?.state();
  const tables = Map.groupBy(initialized.tables.changed(), ({ instance }) => instance);
  const references = Map.groupBy(initialized.references.changed(), ({ instance }) => instance);
  const open = new Set(dl?.libraries.flatMap(({ gluePosition, position }) => [gluePosition, position]));
  return {
    instances: instances.flatMap((instance, position) => {
      if (instance.info.isAdded && !open.has(position)) return [];
      return [
        {
          ...numbersOf(instance, position),
          ...(initialized.keepingPreopens.has(position) && { keepsPreopens: true }),
          tables: (tables.get(position) ?? []).map((table) => tableImage(table, initialized)),
          references: (references.get(position) ?? []).map((reference) => referenceValue(reference, initialized)),
        },
      ];
    }),
    ...(dl && { dl }),
  };
}

/** @throws {@link ComponentInitError} `unsupported` */
function refuseObjectSegments({ info, module }: InitializedInstance, position: number, drops: readonly number[]): void {
  const dropped = new Set(drops);
  const kept = module.state.objectSegments.find((segment) => !dropped.has(segment));
  if (kept === undefined) return;
  throw new ComponentInitError(
    "unsupported",
    `element segment ${kept} of core instance ${info.name ?? position} holds garbage-collected objects that can change: ` +
      "only functions and null can be snapshotted, so let initialization drop it",
  );
}

/** All but the references, which say something of several instances. */
function numbersOf(instance: InitializedInstance, position: number): Omit<InstanceSnapshot, "tables" | "references"> {
  const { state } = instance.module;
  const droppedElements = dropped(instance, state.elementDrops);
  refuseObjectSegments(instance, position, droppedElements);
  return {
    instance: position,
    memories: state.memories.map(({ index, exportName, pageSize }): MemoryImage => {
      const bytes = new Uint8Array((instance.exports[exportName] as WebAssembly.Memory).buffer);
      return { index, pages: bytes.length / pageSize, ranges: nonZeroRanges(bytes) };
    }),
    globals: instance.startsAfresh ? initialGlobals(instance) : globalValues(instance),
    droppedData: dropped(instance, state.dataDrops),
    droppedElements,
  };
}

function globalValues({ module, exports }: InitializedInstance): GlobalValue[] {
  const { globals } = module.state;
  const bits = readGlobals(
    globals.map(({ exportName, type }) => ({ global: exports[exportName] as WebAssembly.Global, type, mutable: true })),
  );
  return globals.map(({ index }, i) => ({ index, bits: bits[i] as Uint8Array }));
}

function dropped(
  { exports }: InitializedInstance,
  drops: readonly { readonly segment: number; readonly exportName: string }[],
): number[] {
  return drops
    .filter(({ exportName }) => (exports[exportName] as WebAssembly.Global).value !== 0)
    .map(({ segment }) => segment);
}
