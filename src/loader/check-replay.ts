import { DlError } from "../dlopen/interface.js";
import type { Binding, Owner, PlannedLibrary, PlannedLoad } from "../dlopen/plan.js";
import { definerOf } from "../dlopen/planner.js";
import type { Definer } from "../dlopen/resolve.js";
import { GET_STACK_POINTER, SET_STACK_POINTER } from "../link/library.js";
import { type Signature, signatureOf } from "../link/signature.js";
import type { Import } from "../module/imports.js";
import { funcTypeAt, importNamed } from "../module/index-spaces.js";
import { findImporter, type Importer } from "./importers.js";
import { failReplay, type PlacedLibrary } from "./replay.js";

/** What is there for libraries to be bound to. */
export interface ReplaySurroundings {
  readonly definerOf: (owner: Owner) => Definer | undefined;
  readonly importers: readonly Importer[];
  /** Libraries that are open and that tags were made for, which nobody defines. */
  readonly tagMakers: (name: string) => readonly number[];
  readonly tableLength: number;
}

/**
 * Looks whether what imports are to be bound to is there, and of their types. Or it would look as if a library were wrong, and be a
 * `dlerror` that the program goes on after.
 *
 * @throws ComponentInitError `plan-mismatch`
 */
export function checkBindings(load: PlannedLoad, placed: readonly PlacedLibrary[], around: ReplaySurroundings): void {
  const made = new Map<number, { readonly planned: PlannedLibrary; readonly definer: Definer }>();
  const signatures = new Map(placed.flatMap((one) => [...slotSignatures(one, load)]));
  for (const id of load.order) {
    const one = placed.find((candidate) => candidate.id === id) as PlacedLibrary;
    const planned = load.libraries.find((candidate) => candidate.id === id) as PlannedLibrary;
    const scene: Scene = {
      one,
      signatures,
      around: {
        ...around,
        definerOf: (owner) => ("library" in owner && made.get(owner.library)?.definer) || around.definerOf(owner),
        tagMakers: (name) => [
          ...around.tagMakers(name),
          ...[...made].flatMap(([maker, { planned }]) => (makesTag(planned, name) ? [maker] : [])),
        ],
      },
    };
    for (const binding of planned.bindings) {
      if (!fits(binding, scene))
        failReplay(`${binding.name} of ${planned.name} is bound to what is not there, or of another type`);
    }
    made.set(id, { planned, definer: definerOf(one) });
  }
}

interface Scene {
  readonly one: PlacedLibrary;
  readonly around: ReplaySurroundings;
  /** Of functions of libraries that are on their way, by table index. */
  readonly signatures: ReadonlyMap<number, Signature>;
}

function slotSignatures({ id, library }: PlacedLibrary, load: PlannedLoad): [number, Signature][] {
  const { slots = {} } = load.libraries.find((candidate) => candidate.id === id) ?? {};
  return [...library.definedFunctions.values()].map(({ name, signature }) => [slots[name] as number, signature]);
}

function fits({ module, name, kind, target }: Binding, { one, around, signatures }: Scene): boolean {
  const item = importNamed(one.library.module, { module, name, kind }) as Import;
  const wanted = importSignature(one, item);
  switch (target.to) {
    case "export": {
      const definer = around.definerOf(target.owner);
      const given = kind === "tag" ? definer?.tags.get(target.name) : definer?.functions.get(target.name)?.signature;
      return given !== undefined && given === wanted;
    }
    case "slot":
      return signatures.get(target.slot) === wanted;
    case "nothing":
      return wanted === "[] -> []";
    case "get stack pointer":
      return name === GET_STACK_POINTER && wanted === "[] -> [i32]";
    case "set stack pointer":
      return name === SET_STACK_POINTER && wanted === "[i32] -> []";
    case "made tag":
      return around.tagMakers(name).includes(target.owner.library);
    case "import":
      return isImported(around.importers, target.instance, item, one);
    case "stack pointer":
      return name === "__stack_pointer";
    case "address":
      return isPlace(item, target.value, one, around);
    default:
      return true;
  }
}

function importSignature({ library: { module } }: PlacedLibrary, item: Import): Signature | undefined {
  if (item.kind !== "func" && item.kind !== "tag") return undefined;
  const type = funcTypeAt(module, item.kind === "tag" ? item.type.type : item.type);
  return type && signatureOf(type);
}

/** Where a library itself is does not depend on what is decided. */
function isPlace(item: Import, value: number, { memory, table }: PlacedLibrary, around: ReplaySurroundings): boolean {
  if (item.name === "__stack_pointer") return false;
  if (item.module === "GOT.func") return value < around.tableLength;
  if (item.module !== "env") return true;
  if (item.name === "__memory_base") return value === memory.address;
  return item.name !== "__table_base" || value === table.start;
}

function isImported(
  importers: readonly Importer[],
  position: number,
  item: Import,
  { library }: PlacedLibrary,
): boolean {
  const importer = importers.filter((one) => one.position === position);
  try {
    return findImporter(importer, item, library) !== undefined;
  } catch (error) {
    if (error instanceof DlError) return false;
    throw error;
  }
}

export function makesTag({ bindings }: PlannedLibrary, wanted: string): boolean {
  return bindings.some(({ name, target }) => target.to === "own tag" && name === wanted);
}
