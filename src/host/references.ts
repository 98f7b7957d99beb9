import type { RunningInstance } from "../instrument/access.js";
import type { ModuleState } from "../instrument/model.js";
import { isObject, UNREADABLE } from "./tables.js";

/** What is in a global of a reference type. */
export interface ReferenceContents {
  /** Position of the instance that defines the global. */
  readonly instance: number;
  readonly index: number;
  readonly value: unknown;
}

interface ReferenceRecord extends ReferenceContents {
  readonly read: () => unknown;
}

/** Knows which reference instantiation alone puts into every global, and so whether the guest changed one. */
export class ReferenceWatch {
  private readonly records: ReferenceRecord[] = [];

  /** To be called when an instance was made and before its start function is called. */
  afterInstantiation(state: ModuleState, { exports }: RunningInstance, instance: number): void {
    for (const { index, exportName, nullProbe } of state.references) {
      const read = nullProbe === undefined ? () => readGlobal(exports[exportName]) : () => probe(exports[nullProbe]);
      this.records.push({ instance, index, read, value: read() });
    }
  }

  /** The globals that hold another reference than after instantiation, or an object, which may have changed itself. */
  changed(): ReferenceContents[] {
    return this.records.filter(({ read, value }) => read() !== value || isObject(value)).map(contentsOf);
  }

  all(): ReferenceContents[] {
    return this.records.map(contentsOf);
  }
}

function readGlobal(global: WebAssembly.ExportValue | undefined): unknown {
  return (global as WebAssembly.Global).value;
}

function probe(isNull: WebAssembly.ExportValue | undefined): unknown {
  return (isNull as () => number)() ? null : UNREADABLE;
}

function contentsOf({ instance, index, read }: ReferenceRecord): ReferenceContents {
  return { instance, index, value: read() };
}
