import { createHash } from "node:crypto";
import type { Binding, Owner, PlannedEntry, PlannedLibrary, PlannedLoad, Target } from "../dlopen/plan.js";
import { type NewLibrary, slotsOf } from "../dlopen/planner.js";
import { ComponentInitError } from "../errors.js";
import type { Import } from "../module/imports.js";
import { importNamed } from "../module/index-spaces.js";
import type { CoreModule } from "../module/model.js";

/** A library that got a place, for which the plan must have been made. */
export type PlacedLibrary = Omit<NewLibrary, "needed">;

/** What a plan says as it was read: nobody has looked at it. */
type Unknown<T> = { readonly [K in keyof T]?: unknown } | null | undefined;

/**
 * What was decided before about libraries that are as they were then. Only decisions are taken from the plan: what follows from the
 * libraries themselves is theirs.
 *
 * @throws ComponentInitError `plan-mismatch`
 */
export function replayed(known: Unknown<PlannedLoad>, opened: string, placed: readonly PlacedLibrary[]): PlannedLoad {
  const libraries = listOf<PlannedLibrary>(known?.libraries);
  const surplus = libraries[placed.length];
  if (surplus !== undefined) failReplay(`${opened} does not need ${String(surplus?.name)} any more`);
  const [order, started] = [orderOf(known?.order, placed), orderOf(known?.started, placed)];
  const made = placed.map((one, i) => replayedLibrary(libraries[i], opened, one));
  const given = Array.isArray(known?.entries) ? (known.entries as Unknown<PlannedEntry>[]) : [undefined];
  const entries = given.filter(isEntry);
  if (entries.length !== given.length) failReplay("it does not say whose table entries there are");
  return { opened, libraries: made, order, started, entries };
}

/** Each library's number, once. */
function orderOf(list: unknown, placed: readonly PlacedLibrary[]): number[] {
  const given = new Set(listOf(list) as unknown as number[]);
  const ids = new Set(placed.map(({ id }) => id));
  const order = [...given].filter((id) => ids.has(id));
  return order.length === placed.length ? order : failReplay("libraries are opened in another order");
}

function replayedLibrary(known: Unknown<PlannedLibrary>, opened: string, one: PlacedLibrary): PlannedLibrary {
  const { id, path, library, bytes, memory, table, slotStart } = one;
  const { name, module, relocates, constructors } = library;
  if (known?.name !== name) failReplay(`${opened} needs ${name} where it has ${String(known?.name ?? "nothing")}`);
  if (known.sha256 !== sha256(bytes)) failReplay(`the library ${name} has changed`);
  if (known.id !== id) failReplay("libraries are opened in another order");
  const slots = slotsOf(library, slotStart);
  const isSame = isEqual(known.memory, memory) && isEqual(known.table, table) && isEqual(known.slots, slots);
  if (!isSame) failReplay(`${name} comes to another place`);
  const bound = listOf<Binding>(known.bindings).flatMap((binding) => replayedBinding(binding, module) ?? []);
  const items = new Set(bound.map(({ item }) => item));
  if (items.size !== module.imports.length || bound.length !== items.size)
    failReplay(`it does not say once what each import of ${name} is bound to`);
  const bindings = bound.map(({ binding }) => binding);
  const owners = bindings.flatMap(({ target }) =>
    "owner" in target && "library" in target.owner ? [target.owner] : [],
  );
  return {
    id,
    name,
    ...(path !== undefined && { path }),
    sha256: known.sha256 as string,
    memory,
    table,
    slots,
    bindings,
    needed: listOf(known.needed).filter(isIndex),
    uses: [...new Set([...listOf(known.uses).filter(isIndex), ...owners.map(({ library }) => library)])],
    relocates,
    ...(constructors !== undefined && { constructors }),
  };
}

function replayedBinding(
  known: Unknown<Binding>,
  library: CoreModule,
): { readonly item: Import; readonly binding: Binding } | undefined {
  const item = importNamed(library, { module: known?.module, name: known?.name, kind: known?.kind } as Import);
  if (item === undefined) return undefined;
  const { module, name, kind } = item;
  const target = known?.target as Unknown<AnyTarget>;
  return isTarget(target, kind) ? { item, binding: { module, name, kind, target } } : undefined;
}

/** All members that targets have. */
interface AnyTarget {
  readonly to: Target["to"];
  readonly owner: Owner;
  readonly name: string;
  readonly slot: number;
  readonly instance: number;
  readonly value: number;
}

const TARGETS: Readonly<Record<Binding["kind"], readonly unknown[]>> = {
  func: ["export", "slot", "import", "get stack pointer", "set stack pointer", "trap", "nothing"],
  table: ["table", "import"],
  memory: ["memory", "import"],
  global: ["address", "stack pointer", "import"],
  tag: ["export", "own tag", "made tag", "import"],
} satisfies Record<Binding["kind"], readonly Target["to"][]>;

function isTarget(target: Unknown<AnyTarget>, kind: Binding["kind"]): target is Target {
  if (!TARGETS[kind].includes(target?.to)) return false;
  switch (target?.to) {
    case "export":
      return isOwner(target.owner) && typeof target.name === "string";
    case "made tag":
      return isOwner(target.owner) && "library" in target.owner;
    case "slot":
      return isIndex(target.slot);
    case "import":
      return isIndex(target.instance);
    case "address":
      return isIndex(target.value);
    default:
      return true;
  }
}

function isEntry(entry: Unknown<PlannedEntry>): entry is PlannedEntry {
  return isIndex(entry?.slot) && isOwner(entry?.owner) && typeof entry?.name === "string";
}

function isOwner(owner: unknown): owner is Owner {
  const { instance, library } = (owner ?? {}) as Unknown<{ instance: number; library: number }> & object;
  return isIndex(instance) !== isIndex(library);
}

function isIndex(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32;
}

function listOf<T>(list: unknown): readonly Unknown<T>[] {
  return Array.isArray(list) ? list : [];
}

/** Of objects of numbers, in whatever order. */
function isEqual(known: unknown, wanted: Readonly<Record<string, number>>): boolean {
  const entries = Object.entries(known ?? {});
  return entries.length === Object.keys(wanted).length && entries.every(([key, value]) => wanted[key] === value);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export function failReplay(what: string): never {
  throw new ComponentInitError("plan-mismatch", `the linking plan does not fit: ${what}: let another one be made`);
}
