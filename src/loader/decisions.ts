import { DlError } from "../dlopen/interface.js";
import type { DlPlan, PlannedEntry, PlannedLibrary, PlannedLoad } from "../dlopen/plan.js";
import { definerOf, planLibraries, startOrder } from "../dlopen/planner.js";
import type { Library } from "../link/library.js";
import { checkBindings, makesTag } from "./check-replay.js";
import type { Arrival } from "./gather.js";
import { findImporter } from "./importers.js";
import type { OpenedLibraries } from "./opened.js";
import type { Placed } from "./placement.js";
import type { Program } from "./program.js";
import type { Loaded } from "./registry.js";
import { failReplay, replayed } from "./replay.js";
import type { TableSlots } from "./slots.js";

/** What is decided about libraries that are opened: anew, or as a plan says. */
export class Decisions {
  /** One for each call that got as far as that. */
  readonly loads: PlannedLoad[] = [];

  constructor(
    private readonly program: Program,
    private readonly opened: OpenedLibraries,
    private readonly slots: TableSlots,
    private readonly replayed: DlPlan | undefined,
  ) {}

  /** @throws ComponentInitError `plan-mismatch` when there is more in the plan than was done */
  checkDone(): void {
    const left = this.replayed?.loads[this.loads.length];
    if (left !== undefined) failReplay(`the program does not open ${String(left?.opened)}`);
  }

  /** @returns takes note that it came to nothing */
  note(load: PlannedLoad): () => void {
    const at = this.loads.push(load) - 1;
    return () => {
      this.loads[at] = { ...load, failed: "to start" };
    };
  }

  /** Decides what libraries are bound to. What fails is part of the plan, or what comes next would be taken for it. */
  decide(opened: string, placed: readonly Placed[]): PlannedLoad {
    try {
      return this.replayed === undefined ? this.plan(opened, placed) : this.replay(this.replayed, opened, placed);
    } catch (error) {
      if (error instanceof DlError)
        this.loads.push({ opened, libraries: [], order: [], started: [], entries: [], failed: "to be bound" });
      throw error;
    }
  }

  private plan(opened: string, placed: readonly Placed[]): PlannedLoad {
    const entries: PlannedEntry[] = [];
    const fresh = new Map(placed.map((one) => [one.library, definerOf(one)]));
    const definers = (list: readonly (Loaded | Arrival)[]) =>
      list.map((one) => ("library" in one ? (fresh.get(one.library) as Loaded["definer"]) : one.definer));
    const added = placed.map((one) => ({ ...one, needed: definers(one.needed) }));
    const planned = planLibraries(added, {
      global: this.opened.registry.global.map(({ definer }) => definer),
      local: definers(localScope(placed)),
      slotOf: (found) => {
        const isNew = !this.opened.hasSlot(found);
        const slot = this.opened.slotOf(found);
        if (isNew) entries.push({ slot, owner: found.definer.owner, name: found.func.name });
        return slot;
      },
      importerOf: (item, library) => findImporter(this.program.importers, item, library)?.position,
      madeTags: this.opened.madeTags(),
    });
    const byId = new Map(planned.map((one) => [one.id, one]));
    const libraries = placed.map(({ id }) => byId.get(id) as PlannedLibrary);
    return { opened, libraries, order: planned.map(({ id }) => id), started: startOrder(added), entries };
  }

  /** What was decided before, where everything is as it was then. What could not be opened then cannot be opened now. */
  private replay(plan: DlPlan, opened: string, placed: readonly Placed[]): PlannedLoad {
    const known = plan.loads[this.loads.length] as Partial<PlannedLoad> | null | undefined;
    if (known?.opened !== opened)
      failReplay(`the program opens ${opened} where it has ${known?.opened ?? "nothing more"}`);
    if (known.failed === "to be bound") {
      this.plan(opened, placed);
      failReplay(`${opened} can be opened, and could not`);
    }
    const load = replayed(known, opened, placed);
    for (const { slot, owner, name } of load.entries) {
      const loaded = this.opened.registry.byOwner(owner);
      if (!loaded?.definer.functions.has(name) || this.slots.of(loaded.exports[name]) !== slot)
        failReplay(`${name} has another table index`);
    }
    checkBindings(load, placed, {
      definerOf: (owner) => this.opened.registry.byOwner(owner)?.definer,
      importers: this.program.importers,
      tagMakers: (name) => this.opened.all.flatMap(({ planned }) => (makesTag(planned, name) ? [planned.id] : [])),
      tableLength: this.program.table.length,
    });
    return load;
  }
}

/** What is opened, and what it needs, breadth first. */
function localScope(placed: readonly Placed[]): (Loaded | Arrival)[] {
  const [root] = placed as readonly [Placed];
  const neededBy = new Map(placed.map(({ library, needed }) => [library, needed]));
  const reached = new Set<Loaded | Arrival>([root as unknown as Arrival]);
  const libraries = new Set<Library | Loaded>([root.library]);
  for (const one of reached) {
    const next = "library" in one ? (neededBy.get(one.library) ?? []) : one.needed;
    for (const needed of next) {
      const key = "library" in needed ? needed.library : needed;
      if (!libraries.has(key)) reached.add(needed);
      libraries.add(key);
    }
  }
  return [...reached];
}
