import { createHash } from "node:crypto";
import { ComponentInitError } from "../errors.js";
import {
  GET_STACK_POINTER,
  type Library,
  SET_STACK_POINTER,
  type WantedFunction,
  type WantedGlobal,
} from "../link/library.js";
import { instantiationOrder } from "../link/order.js";
import { type Signature, signatureOf } from "../link/signature.js";
import { Symbols } from "../link/symbols.js";
import { isCommonTag } from "../link/unresolved.js";
import type { Import } from "../module/imports.js";
import { funcTypeAt, importNamed } from "../module/index-spaces.js";
import { DlError, failDl } from "./interface.js";
import type { Binding, Owner, PlannedLibrary, Target } from "./plan.js";
import {
  type Definer,
  type FoundFunction,
  findData,
  findFunction,
  findPointee,
  findTag,
  type Scope,
  scopeOf,
} from "./resolve.js";

/** A library that is to be opened, with its place. */
export interface NewLibrary {
  readonly id: number;
  readonly path: string | undefined;
  readonly bytes: Uint8Array;
  readonly library: Library;
  readonly memory: PlannedLibrary["memory"];
  readonly table: PlannedLibrary["table"];
  /** The first of the entries for the functions that it exports. */
  readonly slotStart: number;
  /** Those that it names as needed. */
  readonly needed: readonly Definer[];
}

/** What is there to bind libraries to. */
export interface Surroundings {
  /** The program and what is global. */
  readonly global: Scope;
  /** The library that is opened, and what it needs, breadth first: new ones among them. */
  readonly local: Scope;
  /** The table index of a function of the program or of a library that is open. */
  readonly slotOf: (found: FoundFunction) => number;
  /** The position of the core instance of the program that imports the same. */
  readonly importerOf: (item: Import, library: Library) => number | undefined;
  /** Tags that nobody defines and that were made for libraries that are open: by name, the library's number. */
  readonly madeTags: ReadonlyMap<string, number>;
}

/** The addresses of a library's symbols, once it has a place. */
export function definerOf({ id, library, memory }: Pick<NewLibrary, "id" | "library" | "memory">): Definer {
  const data = new Map([...library.definedData].map(([name, offset]) => [name, (memory.address + offset) >>> 0]));
  return {
    owner: { library: id },
    name: library.name,
    functions: library.definedFunctions,
    data,
    tags: library.definedTags,
  };
}

/** One entry for each function that a library exports, whichever names it has. */
export function slotsOf(library: Library, start: number): Readonly<Record<string, number>> {
  let known = knownSlots.get(library);
  if (known?.start !== start) knownSlots.set(library, (known = { start, slots: listSlots(library, start) }));
  return known.slots;
}

/** Asked for once for each function that is wanted. */
const knownSlots = new WeakMap<Library, { readonly start: number; readonly slots: Readonly<Record<string, number>> }>();

function listSlots({ definedFunctions }: Library, start: number): Record<string, number> {
  const byIndex = new Map<number, number>();
  const slots: Record<string, number> = Object.create(null);
  for (const { name, index } of definedFunctions.values()) {
    const slot = byIndex.get(index) ?? start + byIndex.size;
    byIndex.set(index, slot);
    slots[name] = slot;
  }
  return slots;
}

/**
 * Decides what the imports of libraries are bound to and in which order they are made.
 *
 * @throws DlError
 */
export function planLibraries(libraries: readonly NewLibrary[], surroundings: Surroundings): PlannedLibrary[] {
  const inOrder = orderOf(libraries);
  const position = new Map(inOrder.map(({ id }, i) => [id, i]));
  const madeTags = new Map(surroundings.madeTags);
  const byId = new Map(libraries.map((one) => [one.id, one]));
  const scope = scopeOf(surroundings.global, surroundings.local);
  const load = { position, byId, scope, around: surroundings, madeTags };
  return inOrder.map((one, i) => new LibraryPlanner(one, i, load).plan());
}

/**
 * What a library names as needed starts before it, whoever calls whom: musl's order. In a circle whoever is met last is first.
 *
 * @returns numbers
 */
export function startOrder(libraries: readonly NewLibrary[]): number[] {
  const byId = new Map(libraries.map((one) => [one.id, one]));
  const order = new Set<number>();
  const met = new Set<NewLibrary>();
  const visit = (one: NewLibrary) => {
    if (met.has(one)) return;
    met.add(one);
    for (const { owner } of one.needed) {
      const needed = "library" in owner ? byId.get(owner.library) : undefined;
      if (needed !== undefined) visit(needed);
    }
    order.add(one.id);
  };
  for (const one of libraries) visit(one);
  return [...order];
}

/** Dependencies first. */
function orderOf(libraries: readonly NewLibrary[]): NewLibrary[] {
  const all = libraries.map(({ library }) => library);
  const byLibrary = new Map(libraries.map((one) => [one.library, one]));
  return orderedOrFailed(all).map((library) => byLibrary.get(library) as NewLibrary);
}

/** wasi-libc's, which the linker puts into every library's `_initialize`. */
const THREAD_SETUP = "__wasi_init_tp";

function orderedOrFailed(libraries: readonly Library[]): Library[] {
  try {
    return instantiationOrder(libraries, new Symbols(libraries));
  } catch (error) {
    // Tags that go round in a circle.
    throw asDlError(error, (libraries[0] as Library).name);
  }
}

const STACK_POINTER_FUNCTIONS: ReadonlyMap<string, { readonly signature: Signature; readonly target: Target }> =
  new Map([
    [GET_STACK_POINTER, { signature: "[] -> [i32]", target: { to: "get stack pointer" } }],
    [SET_STACK_POINTER, { signature: "[i32] -> []", target: { to: "set stack pointer" } }],
  ]);

/** What is opened together. */
interface Load {
  /** Of each library, by its number, when it is made. */
  readonly position: ReadonlyMap<number, number>;
  readonly byId: ReadonlyMap<number, NewLibrary>;
  readonly scope: Scope;
  readonly around: Surroundings;
  readonly madeTags: Map<string, number>;
}

class LibraryPlanner {
  private readonly uses = new Set<number>();
  private readonly bindings: Binding[] = [];
  private readonly missing: string[] = [];

  constructor(
    private readonly own: NewLibrary,
    private readonly at: number,
    private readonly load: Load,
  ) {}

  plan(): PlannedLibrary {
    const { id, path, bytes, library, memory, table, slotStart, needed } = this.own;
    this.bindAll(library);
    const [first] = this.missing;
    if (first !== undefined) {
      const others = this.missing.length > 1 ? ` (and ${this.missing.length - 1} more)` : "";
      failDl(`Error relocating ${library.name}: ${first}: symbol not found${others}`);
    }
    return {
      id,
      name: library.name,
      ...(path !== undefined && { path }),
      sha256: createHash("sha256").update(bytes).digest("hex"),
      memory,
      table,
      slots: slotsOf(library, slotStart),
      bindings: this.bindings,
      needed: needed.flatMap(({ owner }) => ("library" in owner ? [owner.library] : [])),
      uses: [...this.uses],
      relocates: library.relocates,
      ...(library.constructors !== undefined && { constructors: library.constructors }),
    };
  }

  private bindAll(library: Library): void {
    for (const item of library.module.imports) {
      if (item.module !== "env") continue;
      if (item.kind === "memory") this.bind(item, { to: "memory" });
      if (item.kind === "table") this.bind(item, { to: "table" });
    }
    for (const wanted of library.linkerGlobals) this.bindLinkers(wanted);
    for (const wanted of library.dataAddresses) {
      this.bindAddress(wanted, this.addressOf(wanted));
    }
    for (const wanted of library.functionAddresses) {
      const found = findPointee(this.load.scope, wanted.name);
      if (found === undefined && !wanted.isWeak) this.missing.push(wanted.name);
      this.bindAddress(wanted, found === undefined ? 0 : this.slotOf(found));
    }
    for (const wanted of library.functions) this.bind({ module: "env", ...wanted, kind: "func" }, this.callee(wanted));
    for (const tag of library.tags) this.bind({ module: "env", name: tag.name, kind: "tag" }, this.tagFor(tag));
    for (const item of library.outside) this.bind(item, this.outsideTarget(item, library));
  }

  private outsideTarget(item: Import, library: Library): Target {
    const instance = this.load.around.importerOf(item, library);
    if (instance !== undefined) return { to: "import", instance };
    return (
      this.stackPointerFunction(item, library) ??
      failDl(`Error relocating ${library.name}: it imports ${item.name} of ${item.module}, and the program does not`)
    );
  }

  /** Where threads have stacks of their own, libraries know no global for it. */
  private stackPointerFunction(item: Import, { name, module }: Library): Target | undefined {
    const wanted = STACK_POINTER_FUNCTIONS.get(item.name);
    if (item.module !== "env" || item.kind !== "func" || wanted === undefined) return undefined;
    const found = findFunction(this.load.scope, { ...wanted, name: item.name }, name);
    if (found !== undefined) return this.exportOf(found.definer, item.name);
    const type = funcTypeAt(module, item.type);
    return type && signatureOf(type) === wanted.signature ? wanted.target : undefined;
  }

  /** Exceptions that nobody defines are one for all who throw and catch them. */
  private tagFor(tag: WantedFunction): Target {
    const { library, id } = this.own;
    const found = findTag(this.load.scope, tag);
    if (found !== undefined) return this.exportOf(found, tag.name);
    if (!isCommonTag(tag)) this.missing.push(tag.name);
    const item = importNamed(library.module, { kind: "tag", module: "env", name: tag.name }) as Import;
    const instance = this.load.around.importerOf(item, library);
    if (instance !== undefined) return { to: "import", instance };
    const maker = this.load.madeTags.get(tag.name);
    if (maker === undefined) {
      this.load.madeTags.set(tag.name, id);
      return { to: "own tag" };
    }
    this.use({ library: maker });
    return { to: "made tag", owner: { library: maker } };
  }

  private bindLinkers(wanted: WantedGlobal): void {
    const { name } = wanted;
    if (name === "__memory_base") this.bindAddress(wanted, this.own.memory.address);
    else if (name === "__table_base") this.bindAddress(wanted, this.own.table.start);
    else if (name === "__stack_pointer") this.bind({ ...wanted, kind: "global" }, { to: "stack pointer" });
    else this.bindAddress(wanted, this.addressOf(wanted));
  }

  private addressOf({ name, isWeak }: WantedGlobal): number {
    const found = findData(this.load.scope, name);
    if (found !== undefined) this.use(found.definer.owner);
    else if (!isWeak) this.missing.push(name);
    return found?.address ?? 0;
  }

  private callee(wanted: Library["functions"][number]): Target {
    // The start of every library sets the thread up. The program has done that, and has changed it since.
    if (wanted.name === THREAD_SETUP && wanted.signature === "[] -> []") return { to: "nothing" };
    const found = findFunction(this.load.scope, wanted, this.own.library.name);
    if (found !== undefined)
      return this.isThere(found.definer.owner)
        ? this.exportOf(found.definer, wanted.name)
        : { to: "slot", slot: this.slotOf(found) };
    if (wanted.isWeak) return { to: "trap" };
    this.missing.push(wanted.name);
    return { to: "trap" };
  }

  private exportOf(definer: Definer, name: string): Target {
    this.use(definer.owner);
    return { to: "export", owner: definer.owner, name };
  }

  private slotOf(found: FoundFunction): number {
    const { owner } = found.definer;
    this.use(owner);
    const fresh = "library" in owner ? this.load.byId.get(owner.library) : undefined;
    if (fresh === undefined) return this.load.around.slotOf(found);
    return slotsOf(fresh.library, fresh.slotStart)[found.func.name] as number;
  }

  private isThere(owner: Owner): boolean {
    if ("instance" in owner) return true;
    const position = this.load.position.get(owner.library);
    return position === undefined || position < this.at;
  }

  private use(owner: Owner): void {
    if ("library" in owner && owner.library !== this.own.id) this.uses.add(owner.library);
  }

  private bindAddress({ module, name }: WantedGlobal, value: number): void {
    this.bind({ module, name, kind: "global" }, { to: "address", value });
  }

  private bind({ module, name, kind }: Pick<Binding, "module" | "name" | "kind">, target: Target): void {
    this.bindings.push({ module, name, kind, target });
  }
}

/** What no library that is opened may want. @throws DlError */
export function checkOpenable({ name, linkerFunctions, linkerGlobals, isCommand }: Library): void {
  if (isCommand) failDl(`Error loading shared library ${name}: it is a program`);
  if (linkerFunctions.length > 0) failDl(`Error loading shared library ${name}: it has thread-local variables`);
  const own = linkerGlobals.find((one) => /_libraries$|^__asyncify_|^__init_stack_pointer$|_tls_info$/.test(one.name));
  if (own !== undefined) failDl(`Error loading shared library ${name}: it wants ${own.name}, which only linking gives`);
}

/** Says in a sentence what is wrong with a library, where it is that: all else is as it was. */
export function asDlError(error: unknown, name: string): unknown {
  if (!isOfLibrary(error)) return error;
  return new DlError(`Error loading shared library ${name}: ${error.message}`, { cause: error });
}

function isOfLibrary(error: unknown): error is Error {
  if (error instanceof ComponentInitError) return error.code !== "plan-mismatch";
  // V8 throws a RangeError for what is larger than it takes.
  return (
    error instanceof WebAssembly.CompileError ||
    error instanceof WebAssembly.LinkError ||
    (error instanceof RangeError && error.message.startsWith("WebAssembly."))
  );
}
