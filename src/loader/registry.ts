import { DEFAULT_SCOPE, failDl, NEXT_SCOPE, PROGRAM_HANDLE } from "../dlopen/interface.js";
import type { LookupLibrary } from "../dlopen/lookup.js";
import type { Owner } from "../dlopen/plan.js";
import { type Definer, type FoundFunction, findData, findPointee } from "../dlopen/resolve.js";
import type { FoundFile } from "./source.js";

/** Something that can be opened: the program, a library that it was linked of, or one that was opened. */
export interface Loaded {
  readonly handle: number;
  /** What it can be opened by. */
  readonly names: Set<string>;
  /** The guest's file that it was read from. */
  readonly identity?: string;
  readonly definer: Definer;
  readonly exports: WebAssembly.Exports;
  /** Whether it is there from the start, and stays. */
  readonly isProgram: boolean;
  /** What it names as needed. */
  needed: readonly Loaded[];
  /** What it is bound to: it cannot do without. */
  uses: readonly Loaded[];
  openCount: number;
  /** Its place in the order of the global scope; 0 for none. */
  globalSince: number;
  isKept: boolean;
}

/** Says of a symbol's function at which table index it is. */
export type SlotOf = (found: FoundFunction) => number;

/** Nobody defines it: what it is open for are the libraries that it was linked of. */
export const NO_SYMBOLS: Pick<Definer, "functions" | "data" | "tags"> = {
  functions: new Map(),
  data: new Map(),
  tags: new Map(),
};

/** All that is open, in the order in which it was opened, and where symbols are found in it. */
export class Registry {
  readonly #loaded: Loaded[] = [];
  readonly #byHandle = new Map<number, Loaded>();
  readonly #byOwner = new Map<string, Loaded>();
  #lastHandle = PROGRAM_HANDLE - 1;
  #lastGlobal = 0;

  get lastHandle(): number {
    return this.#lastHandle;
  }

  nextHandle(): number {
    return ++this.#lastHandle;
  }

  add(loaded: Loaded): void {
    this.#loaded.push(loaded);
    this.#byHandle.set(loaded.handle, loaded);
    this.#byOwner.set(ownerKey(loaded.definer.owner), loaded);
  }

  get all(): readonly Loaded[] {
    return this.#loaded;
  }

  byName(name: string): Loaded | undefined {
    return this.#loaded.find(({ names }) => names.has(name));
  }

  /** The library that is open and was read from a file. It can be opened by what that is called as well. */
  byFile({ identity, name: fileName, path }: FoundFile, requested: string): Loaded | undefined {
    const found = identity === undefined ? undefined : this.#loaded.find((one) => one.identity === identity);
    for (const name of [requested, fileName, path]) if (name !== undefined) found?.names.add(name);
    return found;
  }

  byOwner(owner: Owner): Loaded | undefined {
    return this.#byOwner.get(ownerKey(owner));
  }

  /** @throws DlError */
  byHandle(handle: number): Loaded {
    const found = this.#byHandle.get(handle);
    return found !== undefined && (found.isProgram || found.openCount > 0) ? found : failDl("Invalid library handle");
  }

  /** @returns those that were not global */
  makeGlobal(loaded: Loaded): Loaded[] {
    const promoted = breadthFirst(loaded).filter(({ globalSince }) => globalSince === 0);
    for (const one of promoted) one.globalSince = ++this.#lastGlobal;
    return promoted;
  }

  get global(): Loaded[] {
    return this.#loaded.filter(({ globalSince }) => globalSince > 0).sort((a, b) => a.globalSince - b.globalSince);
  }

  /**
   * The address of a symbol.
   *
   * @throws DlError
   */
  symbol(handle: number, name: string, slotOf: SlotOf): number {
    const isNext = handle === NEXT_SCOPE;
    const isGlobal = isNext || handle === DEFAULT_SCOPE || handle === PROGRAM_HANDLE;
    const scope = isGlobal ? this.global : breadthFirst(this.byHandle(handle));
    // Who asks cannot be known. It is whoever has the definition that all others get.
    const definers = scope
      .filter(({ definer }) => definer.functions.has(name) || definer.data.has(name))
      .slice(isNext ? 1 : 0);
    const [first] = definers.map(({ definer }) => definer);
    if (first === undefined) failDl(`Symbol not found: ${name}`);
    const func = findPointee([first], name);
    return func === undefined ? (findData([first], name)?.address as number) : slotOf(func);
  }

  /** Closes one of the times that a library is open. @returns what nothing needs any more */
  close(handle: number): Loaded[] {
    const loaded = this.byHandle(handle);
    if (loaded.isProgram) return [];
    loaded.openCount--;
    const gone = this.#unneeded();
    this.#remove(gone);
    return [...gone];
  }

  /** Takes out a library, and those that others have opened meanwhile and that cannot do without it. @returns all of them */
  removeWithUsers(loaded: Loaded): Loaded[] {
    const gone = new Set([loaded]);
    for (const one of gone) {
      for (const other of this.#loaded) if (other.needed.includes(one) || other.uses.includes(one)) gone.add(other);
    }
    this.#remove(gone);
    return [...gone];
  }

  #remove(gone: ReadonlySet<Loaded>): void {
    if (gone.size === 0) return;
    const left = this.#loaded.filter((one) => !gone.has(one));
    this.#loaded.splice(0, this.#loaded.length, ...left);
    for (const { handle, definer } of gone) {
      this.#byHandle.delete(handle);
      this.#byOwner.delete(ownerKey(definer.owner));
    }
  }

  #unneeded(): ReadonlySet<Loaded> {
    const held = new Set(
      this.#loaded.filter(({ isProgram, isKept, openCount }) => isProgram || isKept || openCount > 0),
    );
    for (const one of held) for (const other of [...one.needed, ...one.uses]) held.add(other);
    return new Set(this.#loaded.filter((one) => !held.has(one)));
  }

  /** What the output has to answer from. */
  lookup(slotOf: (found: FoundFunction) => number | undefined): LookupLibrary[] {
    const wanted = new Set(this.#loaded.flatMap(({ needed, uses }) => [...needed, ...uses]));
    const positions = new Map(this.#loaded.map((one, i) => [one, i]));
    return this.#loaded.map((one) => {
      const { handle, names, definer, openCount, globalSince, isProgram, isKept } = one;
      const functions = [...definer.functions.values()].flatMap((func): [string, number][] => {
        const slot = slotOf({ definer, func });
        return slot === undefined ? [] : [[func.name, slot]];
      });
      const symbols = new Map([...functions, ...definer.data]);
      const scope = breadthFirst(one).map((other) => positions.get(other) as number);
      const isHeld = isKept || wanted.has(one);
      return { handle, names: [...names], symbols, scope, openCount, globalSince, isProgram, isHeld };
    });
  }
}

/** A library and what it needs. */
export function breadthFirst(loaded: Loaded): Loaded[] {
  const reached = new Set([loaded]);
  for (const one of reached) for (const needed of one.needed) reached.add(needed);
  return [...reached];
}

function ownerKey(owner: Owner): string {
  return "instance" in owner ? `instance ${owner.instance}` : `library ${owner.library}`;
}
