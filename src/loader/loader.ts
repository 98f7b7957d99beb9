import type { OpenLibrary } from "../dlopen/bake.js";
import { DlError, failDl } from "../dlopen/interface.js";
import type { LookupState } from "../dlopen/lookup.js";
import type { DlPlan, PlannedLibrary, PlannedLoad } from "../dlopen/plan.js";
import { asDlError } from "../dlopen/planner.js";
import type { Signature } from "../link/signature.js";
import { GuestAllocator } from "./allocator.js";
import { LoadBudget } from "./budget.js";
import { Decisions } from "./decisions.js";
import { type Arrival, gather } from "./gather.js";
import { Instantiator, type LoaderHost } from "./instantiate.js";
import { OpenedLibraries } from "./opened.js";
import { type Placed, Placement } from "./placement.js";
import { findProgram, type Program, type ProgramPart } from "./program.js";
import { type Loaded, NO_SYMBOLS, Registry } from "./registry.js";
import { TableSlots } from "./slots.js";
import { isDirectoryName, type LibrarySource, pathOf } from "./source.js";
import { SystemLibraries } from "./system-libraries.js";

export interface OpenFlags {
  readonly noLoad?: boolean;
  readonly global?: boolean;
  readonly noDelete?: boolean;
}

/** Libraries whose constructors open each other: more than any program has. */
const MAX_DEPTH = 100;

/** Opens libraries in a component that runs: lays them out in its memory and table, and binds them to it and to each other. */
export class DlLoader {
  readonly program: Program;
  private readonly registry = new Registry();
  private readonly opened: OpenedLibraries;
  private readonly placement: Placement;
  private readonly decisions: Decisions;
  private readonly instantiator: Instantiator;
  private readonly budget = new LoadBudget();
  private readonly systemLibraries = new SystemLibraries();
  private depth = 0;

  constructor(
    private readonly host: LoaderHost,
    private readonly source: LibrarySource,
    plan: DlPlan | undefined,
  ) {
    this.program = findProgram(host.coreInstances(), host.callers);
    addProgram(this.registry, this.program);
    const slots = new TableSlots(this.program.table);
    this.opened = new OpenedLibraries(this.registry, slots);
    this.placement = new Placement(allocatorOf(this.program), slots);
    this.decisions = new Decisions(this.program, this.opened, slots, plan);
    this.instantiator = new Instantiator(host, this.program, this.opened);
  }

  /** @throws DlError */
  open(name: string, bytes: Uint8Array | undefined, flags: OpenFlags): number {
    const known = this.known(name, bytes !== undefined);
    if (known === undefined) {
      if (flags.noLoad) failDl(`Library is not already loaded: ${name}`);
      return this.load(name, bytes, flags).handle;
    }
    this.hold(known, flags);
    return known.handle;
  }

  /** Other names of a file, which links have, lead to the same library. */
  private known(name: string, hasBytes: boolean): Loaded | undefined {
    const named = this.registry.byName(name);
    if (named !== undefined || isDirectoryName(name)) return named;
    const placed = name.includes("/") ? this.registry.byName(pathOf(name)) : undefined;
    if (placed !== undefined || hasBytes) return placed;
    const file = this.source.find(name, []);
    return file && this.registry.byFile(file, name);
  }

  /** @returns what undoes it for others than the library itself */
  private hold(loaded: Loaded, { global, noDelete }: OpenFlags): () => void {
    if (!loaded.isProgram) loaded.openCount++;
    if (noDelete) loaded.isKept = true;
    const promoted = global ? this.registry.makeGlobal(loaded) : [];
    return () => {
      for (const one of promoted) one.globalSince = 0;
    };
  }

  /** @throws DlError */
  symbol(handle: number, name: string): number {
    return this.registry.symbol(handle, name, this.opened.slotOf);
  }

  /** @throws DlError */
  close(handle: number): void {
    for (const gone of this.registry.close(handle)) this.opened.forget(gone);
  }

  /** What is open, for the output. */
  openLibraries(): OpenLibrary[] {
    return this.opened.all;
  }

  /** What was decided so far. */
  get loads(): readonly PlannedLoad[] {
    return this.decisions.loads;
  }

  /** @throws ComponentInitError `plan-mismatch` when there is more in the plan than was done */
  checkDone(): void {
    this.decisions.checkDone();
  }

  /** What the output has to answer from. */
  lookup(): LookupState {
    return { libraries: this.registry.lookup(this.opened.slotIfAny), lastHandle: this.registry.lastHandle };
  }

  private load(name: string, bytes: Uint8Array | undefined, flags: OpenFlags): Loaded {
    if (this.depth >= MAX_DEPTH)
      failDl(`Error loading shared library ${name}: too many libraries open each other while they start`);
    this.depth++;
    const undo: (() => void)[] = [];
    try {
      return this.loadWith(name, bytes, flags, undo);
    } catch (error) {
      // After `exit(0)` the state is what the guest has left, and nothing of it can be called.
      if (this.host.isInterrupted()) throw error;
      for (const step of undo.reverse()) step();
      throw asDlError(error, name);
    } finally {
      this.depth--;
    }
  }

  private loadWith(name: string, bytes: Uint8Array | undefined, flags: OpenFlags, undo: (() => void)[]): Loaded {
    const { registry, program, source, budget, systemLibraries } = this;
    // What does not get as far as V8 is gone again.
    const giveBack = this.budget.mark();
    undo.push(giveBack);
    const arrivals = gather(name, bytes, {
      registry,
      source,
      budget,
      systemLibraries,
      isLinked: program.main === undefined,
    });
    const placed = arrivals.map((arrival) => this.placement.place(arrival, undo));
    const load = noting(arrivals, () => this.decisions.decide(name, placed));
    undo.splice(undo.indexOf(giveBack), 1);
    undo.push(this.decisions.note(load));
    const placedById = new Map(placed.map((one) => [one.id, one]));
    const plannedById = new Map(load.libraries.map((one) => [one.id, one]));
    const loaded = new Map(
      load.order.map((id) => {
        const one = placedById.get(id) as Placed;
        const planned = plannedById.get(id) as PlannedLibrary;
        const made = this.instantiator.instantiate(planned, one);
        undo.push(() => this.opened.remove(made));
        return [one.library, made];
      }),
    );
    for (const one of placed) {
      const made = loaded.get(one.library) as Loaded;
      const { uses } = plannedById.get(one.id) as PlannedLibrary;
      made.needed = one.needed.map((needed) => ("library" in needed ? (loaded.get(needed.library) as Loaded) : needed));
      made.uses = uses.flatMap((id) => registry.byOwner({ library: id }) ?? []);
    }
    const root = loaded.get((arrivals[0] as Arrival).library) as Loaded;
    // musl's order: what constructors open finds it, and does not close it.
    undo.push(this.hold(root, flags));
    this.instantiator.start(load.started.map((id) => registry.byOwner({ library: id }) as Loaded));
    return root;
  }
}

/** A symbol may be missing because a library is that was not found. */
function noting<T>(arrivals: readonly Arrival[], decide: () => T): T {
  try {
    return decide();
  } catch (error) {
    if (!(error instanceof DlError)) throw error;
    throw new DlError(error.message, { cause: error, notFound: arrivals.flatMap(({ missing }) => missing) });
  }
}

function addProgram(registry: Registry, { main, libraries }: Program): void {
  const nobody = { definer: { owner: { instance: -1 }, name: "the program", ...NO_SYMBOLS }, exports: {} };
  const program = addPart(registry, main ?? nobody, "");
  program.needed = libraries.map((part) => addPart(registry, part, part.definer.name));
  registry.makeGlobal(program);
}

function addPart(registry: Registry, { definer, exports }: ProgramPart, name: string): Loaded {
  const part: Loaded = {
    handle: registry.nextHandle(),
    names: new Set([name]),
    definer,
    exports,
    isProgram: true,
    needed: [],
    uses: [],
    openCount: 1,
    globalSince: 0,
    isKept: true,
  };
  registry.add(part);
  return part;
}

/** The program's own allocator, where it exports that. */
function allocatorOf({ main, libraries, memory }: Program): GuestAllocator {
  const parts = [...(main === undefined ? [] : [main]), ...libraries];
  const has = (name: string, signature: Signature) =>
    parts.find(({ definer }) => definer.functions.get(name)?.signature === signature)?.exports[name];
  const [malloc, free] = [has("malloc", "[i32] -> [i32]"), has("free", "[i32] -> []")];
  return new GuestAllocator(
    memory,
    malloc as ((size: number) => number) | undefined,
    free as ((address: number) => void) | undefined,
  );
}
