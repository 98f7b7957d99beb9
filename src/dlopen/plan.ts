import type { ExternKind } from "../module/exports.js";

/** Who has a symbol: a core instance of the component, by its position, or a library that was opened, by its number. */
export type Owner = { readonly instance: number } | { readonly library: number };

/** What an import of a library is bound to. */
export type Target =
  | { readonly to: "memory" | "table" | "stack pointer" }
  /** A function or tag that its owner exports. */
  | { readonly to: "export"; readonly owner: Owner; readonly name: string }
  /** A function that gives or sets the program's stack pointer, which is a global. */
  | { readonly to: "get stack pointer" | "set stack pointer" }
  /** A function that is not there yet: by way of its table entry. */
  | { readonly to: "slot"; readonly slot: number }
  /** What a core instance of the program, by its position, imports under the same name. */
  | { readonly to: "import"; readonly instance: number }
  /** A global with an address, or a table index. */
  | { readonly to: "address"; readonly value: number }
  /** A function that traps, one that does nothing, and a tag that nobody else has. */
  | { readonly to: "trap" }
  | { readonly to: "nothing" }
  | { readonly to: "own tag" }
  /** The tag that was made for a library that was opened before: what is thrown in one is caught in the other. */
  | { readonly to: "made tag"; readonly owner: { readonly library: number } };

export interface Binding {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternKind;
  readonly target: Target;
}

/** A library that was opened, and all that was decided about it. */
export interface PlannedLibrary {
  /** Counted from 0 over all that a run opens. */
  readonly id: number;
  /** The file's name, or the one that it is declared by. */
  readonly name: string;
  /** Where the guest has it. */
  readonly path?: string;
  /** Of the file, in hexadecimal. */
  readonly sha256: string;
  /** Where its data is. */
  readonly memory: { readonly address: number; readonly size: number };
  /** Its own table entries. */
  readonly table: { readonly start: number; readonly size: number };
  /** The table index of each function that it exports. */
  readonly slots: Readonly<Record<string, number>>;
  readonly bindings: readonly Binding[];
  /** The libraries that it names as needed, by number. What the program has is not among them. */
  readonly needed: readonly number[];
  /** Those that have something that it is bound to. */
  readonly uses: readonly number[];
  readonly relocates: boolean;
  /** The export that runs its constructors. */
  readonly constructors?: string;
}

/** One call that opened something that was found and not open, with all that it had to open for it. */
export interface PlannedLoad {
  /** As the guest asked for it. */
  readonly opened: string;
  /** In the order in which they get their places. */
  readonly libraries: readonly PlannedLibrary[];
  /** Their numbers in the order in which they are instantiated. */
  readonly order: readonly number[];
  /** Their numbers in the order in which their constructors run. */
  readonly started: readonly number[];
  /** Table entries that functions of others got, because their addresses are wanted. */
  readonly entries: readonly PlannedEntry[];
  /** What it failed in, where it did, and was undone. */
  readonly failed?: "to be bound" | "to start";
}

export interface PlannedEntry {
  readonly slot: number;
  readonly owner: Owner;
  readonly name: string;
}

/** Everything that the loader decided in a run: what it did can be done again without it. */
export interface DlPlan {
  readonly version: 1;
  /** Of the component. */
  readonly sha256: string;
  readonly loads: readonly PlannedLoad[];
}
