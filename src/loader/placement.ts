import { type NewLibrary, slotsOf } from "../dlopen/planner.js";
import type { GuestAllocator } from "./allocator.js";
import type { Arrival } from "./gather.js";
import type { Loaded } from "./registry.js";
import type { TableSlots } from "./slots.js";

/** A library with its place, and what undoes that. */
export interface Placed extends Omit<NewLibrary, "needed"> {
  readonly names: readonly string[];
  readonly identity: string | undefined;
  readonly needed: readonly (Loaded | Arrival)[];
  readonly free: () => void;
}

/** Gives libraries room in the memory and in the table, and numbers. */
export class Placement {
  private nextId = 0;

  constructor(
    private readonly allocator: GuestAllocator,
    private readonly slots: TableSlots,
  ) {}

  /**
   * @param undo - gets what gives the place back
   * @throws DlError
   */
  place({ library, path, identity, bytes, names, needed }: Arrival, undo: (() => void)[]): Placed {
    const { memory, table } = library.dylink;
    const steps: (() => void)[] = [];
    // Once: whoever needs it may be undone before it, and takes it along.
    const free = () => {
      for (const step of steps.splice(0).reverse()) step();
    };
    undo.push(free);
    const allocation = this.allocator.allocate(memory.size, memory.alignment, library.name);
    steps.push(allocation.free);
    const reserve = (count: number, alignment: number) => {
      const start = this.slots.reserve(count, alignment);
      steps.push(() => this.slots.release(start, count));
      return start;
    };
    const tableStart = reserve(table.size, table.alignment);
    const slotStart = reserve(new Set(Object.values(slotsOf(library, 0))).size, 1);
    return {
      id: this.nextId++,
      path,
      identity,
      bytes,
      library,
      names,
      needed,
      memory: { address: allocation.address, size: memory.size },
      table: { start: tableStart, size: table.size },
      slotStart,
      free,
    };
  }
}
