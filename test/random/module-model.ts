/** What the generator knows about a core module that it wrote: enough to import from it and to call it. */

export type NumberType = "i32" | "i64" | "f32" | "f64" | "v128";
export type RefType = "funcref" | "(ref null $tag)" | "(ref $tag)";

export interface MemoryItem {
  readonly kind: "memory";
  readonly id: string;
  readonly is64: boolean;
  readonly min: number;
  readonly max: number | undefined;
  readonly imported: boolean;
}

export interface TableItem {
  readonly kind: "table";
  readonly id: string;
  readonly is64: boolean;
  readonly min: number;
  readonly max: number | undefined;
  readonly element: RefType;
  readonly imported: boolean;
}

export interface GlobalItem {
  readonly kind: "global";
  readonly id: string;
  readonly value: NumberType | RefType;
  readonly mutable: boolean;
  readonly imported: boolean;
  /** No instance has a larger value; only for immutable integers, which then serve as offsets of segments. */
  readonly bound: number | undefined;
}

/**
 * `tag`: `() -> i32` without side effects, the only functions that tables and reference globals hold.
 * `op`: `(i32) -> i32`, changes state.
 */
export interface FuncItem {
  readonly kind: "func";
  readonly id: string;
  readonly type: "tag" | "op";
  /** Statements that a call runs through, callees' included: keeps chains of calls from exploding. */
  readonly cost: number;
  readonly imported: boolean;
}

export type Item = MemoryItem | TableItem | GlobalItem | FuncItem;

/** Imports that any instance of one module fulfils, each item possibly from another instance of it. */
export interface Slot {
  readonly name: string;
  readonly module: GeneratedModule;
  readonly items: readonly { readonly export: string; readonly kind: Item["kind"] }[];
}

/** An imported function that whoever instantiates the module chooses. */
export interface EnvImport {
  readonly name: string;
  readonly type: "tag" | "op";
}

export interface GeneratedModule {
  readonly id: string;
  readonly text: string;
  readonly slots: readonly Slot[];
  readonly env: readonly EnvImport[];
  /** Items by export name. */
  readonly exports: ReadonlyMap<string, Item>;
  readonly ops: readonly FuncItem[];
  /** Exported `() -> i32` functions that trap when a segment is dropped. */
  readonly probes: readonly string[];
  readonly initCost: number;
}

/** An imported function of a kind that is chosen later counts this much; only cheaper ones are chosen. */
export const ENV_COST = 12;
/** What a single call from outside may run through. */
export const MAX_COST = 60;

const RANK: Record<RefType, number> = { "(ref $tag)": 0, "(ref null $tag)": 1, funcref: 2 };

export function isSubtype(sub: RefType, of: RefType): boolean {
  return RANK[sub] <= RANK[of];
}

export function isRef(type: NumberType | RefType): type is RefType {
  return type in RANK;
}
