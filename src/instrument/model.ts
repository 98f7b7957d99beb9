import type { Component, CoreModuleDefinition } from "../component/model.js";
import type { ImportedInterface } from "../component/resolve.js";
import type { ChunksOf } from "../component/scope.js";
import type { CoreModule } from "../module/model.js";
import type { LibcTraits } from "./libc.js";
import type { AdapterKind } from "./preview1-adapter.js";
import type { WatchedGrowth } from "./refused-growth.js";

/** Where a core instance's item is found from outside: among its exports, or among what it was given. */
export type Access =
  | { readonly kind: "export"; readonly name: string }
  | { readonly kind: "import"; readonly module: string; readonly name: string };

export type NumberType = "i32" | "i64" | "f32" | "f64" | "v128";

export interface VisibleMemory {
  /** In the memory index space of the module; all indices below are such. */
  readonly index: number;
  readonly exportName: string;
  readonly pageSize: number;
  readonly initialPages: number;
  /** Whether its addresses have 64 bits. */
  readonly is64: boolean;
}

export interface VisibleGlobal {
  readonly index: number;
  readonly exportName: string;
  readonly type: NumberType;
  /** From the module's name section. */
  readonly name: string | undefined;
}

/** A global that holds a reference. Immutable ones too: what they refer to may have changed. */
export interface VisibleReference {
  readonly index: number;
  readonly exportName: string;
  readonly name: string | undefined;
  /** A function to ask whether it is null, where JavaScript cannot look at the reference. */
  readonly nullProbe: string | undefined;
}

/** A function that references can be made of. */
export interface VisibleFunction {
  readonly index: number;
  readonly exportName: string;
}

export interface ActiveElements {
  readonly table: number;
  /** The constant expression that gives the index of the first element. */
  readonly offset: Uint8Array;
  /** Function indices; `undefined` for elements that are no plain references to functions. */
  readonly functions: readonly (number | undefined)[];
}

/** The state that a core module defines, and under which names its instrumented form exports it. */
export interface ModuleState {
  readonly memories: readonly VisibleMemory[];
  /** Mutable globals of number types. */
  readonly globals: readonly VisibleGlobal[];
  readonly references: readonly VisibleReference[];
  /** How many functions it imports: the index of the first one that it defines. */
  readonly importedFunctions: number;
  /** Functions that may be found in tables and globals. */
  readonly functions: readonly VisibleFunction[];
  /** All tables, imported ones too, by index. */
  readonly tables: readonly Access[];
  /** Functions to ask whether an entry is null, of own tables that JavaScript cannot look at. */
  readonly tableProbes: readonly { readonly table: number; readonly exportName: string }[];
  readonly importedMemories: readonly Access[];
  /** All globals by index, for constant expressions. */
  readonly allGlobals: readonly Access[];
  readonly activeElements: readonly ActiveElements[];
  /** The start function, which the instrumented module only exports: the host calls it. */
  readonly start: string | undefined;
  /** Globals that become 1 when a segment is dropped. */
  readonly dataDrops: readonly { readonly segment: number; readonly exportName: string }[];
  /** Element segments with objects that can change; they must have been dropped. */
  readonly objectSegments: readonly number[];
  readonly elementDrops: readonly { readonly segment: number; readonly exportName: string }[];
}

export interface InstrumentedModule {
  /** The module with its state exported and without its start section, as ranges in order. */
  readonly chunks: readonly Uint8Array[];
  readonly state: ModuleState;
  /** Whether its code has instructions of relaxed SIMD, whose results differ between machines. */
  readonly usesRelaxedSimd: boolean;
  readonly libc: LibcTraits;
  /** Preview 1's functions that it imports, by their names and types. */
  readonly preview1Imports: ReadonlySet<string>;
  /** What it is to WASI preview 1. */
  readonly preview1Adapter: AdapterKind;
  /** See `openImports`. */
  readonly openImports: readonly string[];
  /** Memories that its code grows, where their size is limited. */
  readonly growth: readonly WatchedGrowth[];
  /** The module as it was, if its functions' bodies are in the instrumented form what they were. */
  readonly unchangedBodies: CoreModule | undefined;
}

/** A core instance of the component. */
export interface InstrumentedInstance {
  /** Index into {@link Instrumented.modules}. */
  readonly module: number;
  /** What the component's name section calls it or its module. */
  readonly name: string | undefined;
  /** Whether it is none of the component's: it came about while that ran. */
  readonly isAdded?: boolean;
}

/** A component made ready for a host that can see its state. */
export interface Instrumented {
  /** The component as it was given. */
  readonly original: Uint8Array;
  /**
   * The component to run. It has no copy of anything: each core module and each nested component that is instantiated is
   * instantiated once.
   */
  readonly component: Component;
  /** The instrumented form of a core module of `component`. */
  readonly chunksOf: ChunksOf;
  /** The core modules that `component` instantiates, nested components' included, in the order of instantiation. */
  readonly definitions: readonly CoreModuleDefinition[];
  /** Their instrumented forms, in the same order. Of copies it is the same one. */
  readonly modules: readonly InstrumentedModule[];
  /** Core instances, nested components' included, in the order in which they are instantiated. */
  readonly instances: readonly InstrumentedInstance[];
  readonly imports: readonly ImportedInterface[];
  /** Whether the component has asynchronous functions in its types. */
  readonly isAsync: boolean;
}
