import type { OpenLibrary } from "../dlopen/bake.js";
import { tagName } from "../dlopen/glue-module.js";
import { DlError } from "../dlopen/interface.js";
import type { Owner } from "../dlopen/plan.js";
import type { FoundFunction } from "../dlopen/resolve.js";
import type { Loaded, Registry } from "./registry.js";
import type { TableSlots } from "./slots.js";

/** A library that is open, with what was made for it. */
export interface Opened extends OpenLibrary {
  readonly glue: WebAssembly.Exports;
  readonly free: () => void;
}

/** What others find in the program and in libraries that are open: exports, and the table indices of functions. */
export class OpenedLibraries {
  private readonly opened = new Map<Loaded, Opened>();

  constructor(
    readonly registry: Registry,
    private readonly slots: TableSlots,
  ) {}

  add(loaded: Loaded, opened: Opened): void {
    this.registry.add(loaded);
    this.opened.set(loaded, opened);
    for (const [name, slot] of Object.entries(opened.planned.slots)) this.slots.set(slot, loaded.exports[name]);
  }

  /** Takes out a library that never started, with those that cannot do without it. */
  remove(loaded: Loaded): void {
    for (const gone of this.registry.removeWithUsers(loaded)) this.forget(gone);
  }

  /** Gives back what a library has that is not in the registry any more. */
  forget(loaded: Loaded): void {
    this.opened.get(loaded)?.free();
    this.opened.delete(loaded);
  }

  /** Nothing for a part of the program. */
  of(loaded: Loaded): Opened | undefined {
    return this.opened.get(loaded);
  }

  /** In the order in which they were opened. */
  get all(): Opened[] {
    return this.registry.all.flatMap((loaded) => this.opened.get(loaded) ?? []);
  }

  /** @throws DlError when the table cannot grow */
  readonly slotOf = ({ definer, func }: FoundFunction): number => {
    const loaded = this.registry.byOwner(definer.owner) as Loaded;
    return this.of(loaded)?.planned.slots[func.name] ?? this.slots.of(loaded.exports[func.name]);
  };

  /** Nothing where the table is full. */
  readonly slotIfAny = (found: FoundFunction): number | undefined => {
    try {
      return this.slotOf(found);
    } catch (error) {
      if (error instanceof DlError) return undefined;
      throw error;
    }
  };

  hasSlot({ definer, func }: FoundFunction): boolean {
    const loaded = this.registry.byOwner(definer.owner) as Loaded;
    return this.opened.has(loaded) || this.slots.find(loaded.exports[func.name]) !== undefined;
  }

  exportOf(owner: Owner, name: string): WebAssembly.ImportValue {
    return this.registry.byOwner(owner)?.exports[name] as WebAssembly.ImportValue;
  }

  /** A tag that was made for a library. */
  madeTag(maker: Owner, item: { readonly module: string; readonly name: string }): WebAssembly.ImportValue {
    const loaded = this.registry.byOwner(maker);
    return (loaded && this.of(loaded))?.glue[tagName(item)] as WebAssembly.ImportValue;
  }

  /** The libraries that tags were made for, which nobody defines, by the tags' names. */
  madeTags(): Map<string, number> {
    const made = [...this.opened.values()].flatMap(({ planned: { id, bindings } }) =>
      bindings.filter(({ target }) => target.to === "own tag").map(({ name }) => [name, id] as const),
    );
    return new Map(made);
  }
}
