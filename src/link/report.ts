import type { Placement } from "./layout.js";
import type { LinkPlan } from "./plan.js";

/** What was linked, in plain values: `--json` prints this. */
export interface LinkReport {
  readonly version: 1;
  readonly outputBytes: number;
  /** In the order in which symbols are searched and constructors run. */
  readonly libraries: readonly LinkedLibrary[];
  /** In the order in which they are instantiated. */
  readonly order: readonly string[];
  /** Libraries that nothing reaches, which are not part of the output. */
  readonly leftOut: readonly string[];
  readonly stackSize: number;
  readonly heapBase: number;
  /** Entries of the table that the linker filled. */
  readonly slots: number;
}

export interface LinkedLibrary {
  readonly name: string;
  readonly memoryBase: number;
  readonly memorySize: number;
  readonly tableBase: number;
  readonly tableSize: number;
  readonly dlOpenable: boolean;
  readonly constructors?: string;
}

export function linkReport(plan: LinkPlan, outputBytes: number, leftOut: readonly string[]): LinkReport {
  return {
    version: 1,
    outputBytes,
    libraries: plan.libraries.map((library) => {
      const { name, dylink, dlOpenable, constructors } = library;
      const place = plan.layout.placements.get(library) as Placement;
      return {
        name,
        ...place,
        memorySize: dylink.memory.size,
        tableSize: dylink.table.size,
        dlOpenable,
        ...(constructors !== undefined && { constructors }),
      };
    }),
    order: plan.order.map(({ name }) => name),
    leftOut,
    stackSize: plan.layout.stackSize,
    heapBase: plan.layout.heapBase,
    slots: plan.slots.list.length,
  };
}
