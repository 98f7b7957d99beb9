import type { OpenLibrary } from "../../dlopen/bake.js";
import { buildGlue, GLUE_TABLE, glueNames, isGlue, tagName } from "../../dlopen/glue-module.js";
import { DlError, failDl } from "../../dlopen/interface.js";
import type { LookupState } from "../../dlopen/lookup.js";
import type { Binding, DlPlan, Owner, PlannedEntry, PlannedLibrary, PlannedLoad } from "../../dlopen/plan.js";
import { asDlError, definerOf, type NewLibrary, planLibraries, slotsOf, startOrder } from "../../dlopen/planner.js";
import type { FoundFunction } from "../../dlopen/resolve.js";
import type { InstrumentedModule } from "../../instrument/model.js";
import { instrumentModule } from "../../instrument/module.js";
import type { Library } from "../../link/library.js";
import { encodeModule } from "../../module/encode.js";
import { GuestAllocator } from "./allocator.js";
import { LoadBudget } from "./budget.js";
import { type Arrival, gather } from "./gather.js";
import { callHook } from "./hooks.js";
import { findImporter, importedValue } from "./importers.js";
import { findProgram, type Program, type ProgramPart, type RunningCore } from "./program.js";
import { type Loaded, NO_SYMBOLS, Registry } from "./registry.js";
import { failReplay, replayed } from "./replay.js";
import { TableSlots } from "./slots.js";
import { type LibrarySource, pathOf } from "./source.js";

/** What the loader needs of the component that runs. */
export interface LoaderHost {
  /** The core instances of the component. */
  readonly coreInstances: () => readonly RunningCore[];
  /** Instantiates a core module next to them. */
  readonly instantiateMore: (module: InstrumentedModule, imports: WebAssembly.Imports, name: string) => AddedInstance;
  /** Whether the host has ended the guest: then nothing may look as if it were a failure of a library. */
  readonly isInterrupted: () => boolean;
}

export interface AddedInstance {
  readonly exports: WebAssembly.Exports;
  readonly position: number;
}

export interface OpenFlags {
  readonly noLoad?: boolean;
  readonly global?: boolean;
  readonly noDelete?: boolean;
}

/** A library that is open, with what was made for it. */
interface Opened extends OpenLibrary {
  readonly glue: WebAssembly.Exports;
  readonly free: () => void;
}

/** A library with its place, and what undoes that. */
interface Placed extends Omit<NewLibrary, "needed"> {
  readonly names: readonly string[];
  readonly needed: readonly (Loaded | Arrival)[];
  readonly free: () => void;
}

/** Libraries whose constructors open each other: more than any program has. */
const MAX_DEPTH = 100;

/** Opens libraries in a component that runs: lays them out in its memory and table, and binds them to it and to each other. */
export class DlLoader {
  readonly loads: PlannedLoad[] = [];
  readonly registry = new Registry();
  readonly program: Program;
  private readonly slots: TableSlots;
  private readonly allocator: GuestAllocator;
  private readonly opened = new Map<Loaded, Opened>();
  private readonly budget = new LoadBudget();
  private nextId = 0;
  private depth = 0;

  constructor(
    private readonly host: LoaderHost,
    private readonly source: LibrarySource,
    private readonly replayed: DlPlan | undefined,
  ) {
    this.program = findProgram(host.coreInstances());
    this.slots = new TableSlots(this.program.table);
    this.addProgram();
    const { main, libraries, memory } = this.program;
    const parts = [...(main === undefined ? [] : [main]), ...libraries];
    const has = (name: string) => parts.find(({ definer }) => definer.functions.has(name))?.exports[name];
    const free = has("free") as ((address: number) => void) | undefined;
    this.allocator = new GuestAllocator(memory, has("malloc") as ((size: number) => number) | undefined, free);
  }

  /** @throws DlError */
  open(name: string, bytes: Uint8Array | undefined, flags: OpenFlags): number {
    const known = this.registry.byName(name) ?? (name.includes("/") ? this.registry.byName(pathOf(name)) : undefined);
    if (known === undefined) {
      if (flags.noLoad) failDl(`Library is not already loaded: ${name}`);
      return this.load(name, bytes, flags).handle;
    }
    this.hold(known, flags);
    return known.handle;
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
    return this.registry.symbol(handle, name, this.slotOf);
  }

  /** @throws DlError */
  close(handle: number): void {
    for (const gone of this.registry.close(handle)) this.forget(gone);
  }

  /** What is open, for the output. */
  openLibraries(): OpenLibrary[] {
    return this.registry.all.flatMap((loaded) => this.opened.get(loaded) ?? []);
  }

  /** @throws ComponentInitError `plan-mismatch` when there is more in the plan than was done */
  checkDone(): void {
    const left = this.replayed?.loads[this.loads.length];
    if (left !== undefined) failReplay(`the program does not open ${String(left?.opened)}`);
  }

  /** What the output has to answer from. */
  lookup(): LookupState {
    return { libraries: this.registry.lookup(this.slotIfAny), lastHandle: this.registry.lastHandle };
  }

  /** Nothing where the table is full. */
  private readonly slotIfAny = (found: FoundFunction): number | undefined => {
    try {
      return this.slotOf(found);
    } catch (error) {
      if (error instanceof DlError) return undefined;
      throw error;
    }
  };

  private readonly slotOf = ({ definer, func }: FoundFunction): number => {
    const loaded = this.registry.byOwner(definer.owner) as Loaded;
    const opened = this.opened.get(loaded);
    return opened?.planned.slots[func.name] ?? this.slots.of(loaded.exports[func.name]);
  };

  private hasSlot({ definer, func }: FoundFunction): boolean {
    const loaded = this.registry.byOwner(definer.owner) as Loaded;
    return this.opened.has(loaded) || this.slots.find(loaded.exports[func.name]) !== undefined;
  }

  private addProgram(): void {
    const { main, libraries } = this.program;
    const nobody = { definer: { owner: { instance: -1 }, name: "the program", ...NO_SYMBOLS }, exports: {} };
    const program = this.addPart(main ?? nobody, "");
    program.needed = libraries.map((part) => this.addPart(part, part.definer.name));
    this.registry.makeGlobal(program);
  }

  private addPart({ definer, exports }: ProgramPart, name: string): Loaded {
    const part: Loaded = {
      handle: this.registry.nextHandle(),
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
    this.registry.add(part);
    return part;
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
    const { registry, program, source, budget } = this;
    // What does not get as far as V8 is gone again.
    const giveBack = this.budget.mark();
    undo.push(giveBack);
    const arrivals = gather(name, bytes, { registry, source, budget, isLinked: program.main === undefined });
    const placed = arrivals.map((arrival) => this.place(arrival, undo));
    const load = this.decide(name, placed);
    undo.splice(undo.indexOf(giveBack), 1);
    const at = this.loads.push(load) - 1;
    undo.push(() => (this.loads[at] = { ...load, failed: "to start" }));
    const loaded = new Map(
      load.order.map((id) => {
        const one = placed.find((candidate) => candidate.id === id) as Placed;
        const planned = load.libraries.find((candidate) => candidate.id === id) as PlannedLibrary;
        return [one.library, this.instantiate(planned, one, undo)];
      }),
    );
    for (const one of placed) {
      const made = loaded.get(one.library) as Loaded;
      const { uses } = load.libraries.find(({ id }) => id === one.id) as PlannedLibrary;
      made.needed = one.needed.map((needed) => ("library" in needed ? (loaded.get(needed.library) as Loaded) : needed));
      made.uses = uses.flatMap((id) => registry.byOwner({ library: id }) ?? []);
    }
    const root = loaded.get((arrivals[0] as Arrival).library) as Loaded;
    // musl's order: what constructors open finds it, and does not close it.
    undo.push(this.hold(root, flags));
    this.start(load.started.map((id) => registry.byOwner({ library: id }) as Loaded));
    return root;
  }

  private place({ library, path, bytes, names, needed }: Arrival, undo: (() => void)[]): Placed {
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

  private plan(opened: string, placed: readonly Placed[]): PlannedLoad {
    const entries: PlannedEntry[] = [];
    const fresh = new Map(placed.map((one) => [one.library, definerOf(one)]));
    const definers = (list: readonly (Loaded | Arrival)[]) =>
      list.map((one) => ("library" in one ? (fresh.get(one.library) as Loaded["definer"]) : one.definer));
    const added = placed.map((one) => ({ ...one, needed: definers(one.needed) }));
    const planned = planLibraries(added, {
      global: this.registry.global.map(({ definer }) => definer),
      local: definers(localScope(placed)),
      slotOf: (found) => {
        const isNew = !this.hasSlot(found);
        const slot = this.slotOf(found);
        if (isNew) entries.push({ slot, owner: found.definer.owner, name: found.func.name });
        return slot;
      },
      importerOf: (item, library) => findImporter(this.program.importers, item, library)?.position,
      madeTags: this.madeTags(),
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
      const loaded = this.registry.byOwner(owner);
      if (loaded === undefined || this.slots.of(loaded.exports[name]) !== slot)
        failReplay(`${name} has another table index`);
    }
    return load;
  }

  /** Decides what libraries are bound to. What fails is part of the plan, or what comes next would be taken for it. */
  private decide(opened: string, placed: readonly Placed[]): PlannedLoad {
    try {
      return this.replayed === undefined ? this.plan(opened, placed) : this.replay(this.replayed, opened, placed);
    } catch (error) {
      if (error instanceof DlError)
        this.loads.push({ opened, libraries: [], order: [], started: [], entries: [], failed: "to be bound" });
      throw error;
    }
  }

  private instantiate(planned: PlannedLibrary, { library, bytes, names, free }: Placed, undo: (() => void)[]): Loaded {
    const glue = this.makeInstance(
      encodeModule(buildGlue(library, planned.bindings)).toChunks(),
      `${planned.name}: imports`,
      {
        [GLUE_TABLE.module]: { [GLUE_TABLE.name]: this.program.table },
      },
    );
    const imports: WebAssembly.Imports = Object.create(null);
    const nameInGlue = glueNames(planned.bindings);
    for (const binding of planned.bindings) {
      const items = (imports[binding.module] ??= Object.create(null) as WebAssembly.ModuleImports);
      const made = isGlue(binding) ? glue.exports[nameInGlue(binding)] : undefined;
      items[binding.name] = made ?? this.valueOf(binding, planned.name);
    }
    const what = `Error loading shared library ${planned.name}: a trap while it starts`;
    let made: AddedInstance | undefined;
    this.guarded(what, () => (made = this.makeInstance([bytes], planned.name, imports)));
    const { exports, position } = made as unknown as AddedInstance;
    for (const [name, slot] of Object.entries(planned.slots)) this.slots.set(slot, exports[name]);
    const loaded: Loaded = {
      handle: this.registry.nextHandle(),
      names: new Set(names),
      definer: definerOf({ ...planned, library }),
      exports,
      isProgram: false,
      needed: [],
      uses: [],
      openCount: 0,
      globalSince: 0,
      isKept: false,
    };
    this.registry.add(loaded);
    this.opened.set(loaded, { planned, bytes, gluePosition: glue.position, position, glue: glue.exports, free });
    undo.push(() => {
      for (const gone of this.registry.removeWithUsers(loaded)) this.forget(gone);
    });
    return loaded;
  }

  private madeTags(): Map<string, number> {
    const made = [...this.opened.values()].flatMap(({ planned: { id, bindings } }) =>
      bindings.filter(({ target }) => target.to === "own tag").map(({ name }) => [name, id] as const),
    );
    return new Map(made);
  }

  private makeInstance(chunks: readonly Uint8Array[], name: string, imports: WebAssembly.Imports): AddedInstance {
    const definition = { kind: "core module", sort: "core module", chunks, offset: 0 } as const;
    return this.host.instantiateMore(instrumentModule({ ...definition }, name), imports, name);
  }

  private valueOf({ module, name, target }: Binding, library: string): WebAssembly.ImportValue {
    const { program } = this;
    switch (target.to) {
      case "memory":
        return program.memory;
      case "table":
        return program.table;
      case "stack pointer":
        return (
          program.stackPointer ??
          failDl(
            `Error loading shared library ${library}: the program does not export its stack pointer (-Wl,--export=__stack_pointer)`,
          )
        );
      case "export":
        return this.exportOf(target.owner, target.name);
      case "made tag": {
        const maker = this.registry.byOwner(target.owner);
        return (maker && this.opened.get(maker))?.glue[tagName({ module, name })] as WebAssembly.ImportValue;
      }
      case "import":
        return importedValue({ position: target.instance, module, name }, program.importers);
      default:
        return failDl(`Error loading shared library ${library}: nothing has ${module}.${name}`);
    }
  }

  private exportOf(owner: Owner, name: string): WebAssembly.ImportValue {
    return this.registry.byOwner(owner)?.exports[name] as WebAssembly.ImportValue;
  }

  /** All libraries' data is relocated before the first constructor runs. */
  private start(libraries: readonly Loaded[]): void {
    const hooks = libraries.map((loaded) => ({ loaded, planned: (this.opened.get(loaded) as OpenLibrary).planned }));
    for (const { loaded, planned } of hooks) {
      if (!planned.relocates) continue;
      const relocate = loaded.exports.__wasm_apply_data_relocs as () => void;
      this.guarded(`Error relocating ${planned.name}`, relocate);
    }
    for (const { loaded, planned } of hooks) {
      if (planned.constructors === undefined) continue;
      const construct = loaded.exports[planned.constructors] as () => void;
      this.guarded(`Error loading shared library ${planned.name}: its constructors`, construct);
    }
  }

  private guarded(what: string, call: () => void): void {
    callHook(call, { what, stackPointer: this.program.stackPointer, isInterrupted: this.host.isInterrupted });
  }

  private forget(loaded: Loaded): void {
    this.opened.get(loaded)?.free();
    this.opened.delete(loaded);
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
