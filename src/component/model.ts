/**
 * A component as a graph: a definition refers to other definitions themselves, not to their indices, so a pass can
 * insert and remove definitions anywhere and the encoder assigns the indices. Shapes and names follow the component
 * model's Binary.md.
 */

import type { PrimitiveKind } from "./value-types.js";

export type CoreSort =
  | "core func"
  | "core table"
  | "core memory"
  | "core global"
  | "core tag"
  | "core type"
  | "core module"
  | "core instance";

export type ComponentSort = "func" | "value" | "type" | "component" | "instance";

export type Sort = CoreSort | ComponentSort;

/** Something that has a place in an index space. Its identity is what references mean. */
export interface Entity {
  readonly sort: Sort;
}

// ---------------------------------------------------------------------------------------------- sections

export type SectionKind =
  | "custom"
  | "core module"
  | "core instance"
  | "core type"
  | "component"
  | "instance"
  | "alias"
  | "type"
  | "canon"
  | "start"
  | "import"
  | "export"
  | "value";

/** Definitions in the grouping of the input, which is kept so that an unedited component encodes to the same bytes. */
export interface ComponentSection {
  readonly kind: SectionKind;
  readonly definitions: readonly Definition[];
}

export interface Component {
  /** A list that is not changed: who edits the component puts another one in its place. */
  sections: readonly ComponentSection[];
}

export type Definition =
  | CustomSection
  | ComponentNames
  | CoreModuleDefinition
  | CoreInstance
  | CoreTypeDefinition
  | NestedComponent
  | Instance
  | Alias
  | TypeDefinition
  | Canon
  | Start
  | Import
  | Export
  | ValueDefinition;

export interface CustomSection {
  readonly kind: "custom";
  readonly name: string;
  readonly contents: Uint8Array;
}

/** The `component-name` custom section. Names of definitions that a pass removed are left out when it is encoded. */
export interface ComponentNames {
  readonly kind: "component names";
  readonly component: string | undefined;
  readonly sorts: { readonly sort: Sort; readonly names: { readonly entity: Entity; readonly name: string }[] }[];
}

// ---------------------------------------------------------------------------------------- core definitions

export interface CoreModuleDefinition extends Entity {
  readonly kind: "core module";
  readonly sort: "core module";
  /** The module, as the ranges to write one after the other. A decoded one is a single range of the input. */
  chunks: readonly Uint8Array[];
  /** Where the module starts in the input; for error messages. */
  readonly offset: number;
}

export type CoreInstance = CoreInstantiation | CoreInlineExports;

export interface CoreInstantiation extends Entity {
  readonly kind: "core instantiation";
  readonly sort: "core instance";
  module: Entity;
  args: { readonly name: string; readonly instance: Entity }[];
}

export interface CoreInlineExports extends Entity {
  readonly kind: "core inline exports";
  readonly sort: "core instance";
  exports: { readonly name: string; readonly item: Entity }[];
}

/** A core type definition. A recursion group defines several types at once. */
export interface CoreTypeDefinition {
  readonly kind: "core type";
  /** One entity, or one per subtype of an explicit recursion group. */
  readonly types: readonly CoreTypeEntity[];
  readonly shape: "recursion group" | "single";
}

export interface CoreTypeEntity extends Entity {
  readonly kind: "core type entity";
  readonly sort: "core type";
  type: CoreSubtype | CoreModuleType;
}

export interface CoreSubtype {
  readonly kind: "subtype";
  /** How it is written: without `sub`, as `sub final` or as `sub`. */
  readonly form: "plain" | "final" | "open";
  readonly supertypes: readonly Entity[];
  readonly shared: boolean;
  readonly type: CoreCompositeType;
}

export type CoreCompositeType =
  | { readonly kind: "func"; readonly params: readonly CoreValueType[]; readonly results: readonly CoreValueType[] }
  | { readonly kind: "struct"; readonly fields: readonly CoreFieldType[] }
  | { readonly kind: "array"; readonly element: CoreFieldType }
  | { readonly kind: "cont"; readonly type: Entity };

export interface CoreFieldType {
  /** A value type, or a packed one (0x78 for i8, 0x77 for i16). */
  readonly type: CoreValueType;
  readonly mutability: number;
}

/** A one-byte value type is its byte; a reference to a defined type holds the definition. */
export type CoreValueType = number | CoreReferenceType | CoreSharedReferenceType;

export interface CoreReferenceType {
  readonly nullable: boolean;
  readonly shared: boolean;
  /** A defined type, or the negative code of an abstract heap type. */
  readonly heap: Entity | number;
}

/** The short form of a nullable reference to a shared abstract heap type, such as `(ref null (shared any))`. */
export interface CoreSharedReferenceType {
  readonly sharedHeap: number;
}

export interface CoreModuleType {
  readonly kind: "module";
  readonly declarations: readonly CoreModuleDeclaration[];
}

export type CoreModuleDeclaration =
  | { readonly kind: "import"; readonly module: string; readonly name: string; readonly type: CoreExternType }
  | { readonly kind: "type"; readonly definition: CoreTypeDefinition }
  | { readonly kind: "outer alias"; readonly entity: OuterAlias }
  | { readonly kind: "export"; readonly name: string; readonly type: CoreExternType };

/** A function or tag refers to a core type; the others are plain bytes but for the types in them. */
export type CoreExternType =
  | { readonly kind: "func"; readonly type: Entity; readonly exact: boolean }
  | { readonly kind: "table"; readonly element: CoreValueType; readonly limits: Uint8Array }
  | { readonly kind: "memory"; readonly limits: Uint8Array }
  | { readonly kind: "global"; readonly type: CoreValueType; readonly mutability: number }
  | { readonly kind: "tag"; readonly attribute: number; readonly type: Entity };

// ----------------------------------------------------------------------------- components, instances, aliases

export interface NestedComponent extends Entity {
  readonly kind: "component";
  readonly sort: "component";
  readonly component: Component;
}

export type Instance = Instantiation | InlineExports;

export interface Instantiation extends Entity {
  readonly kind: "instantiation";
  readonly sort: "instance";
  component: Entity;
  args: { readonly name: string; readonly item: Entity }[];
}

export interface InlineExports extends Entity {
  readonly kind: "inline exports";
  readonly sort: "instance";
  exports: { readonly name: ExternName; readonly item: Entity }[];
}

export type Alias = ExportAlias | CoreExportAlias | OuterAlias;

export interface ExportAlias extends Entity {
  readonly kind: "export alias";
  readonly instance: Entity;
  readonly name: string;
}

export interface CoreExportAlias extends Entity {
  readonly kind: "core export alias";
  instance: Entity;
  name: string;
}

export interface OuterAlias extends Entity {
  readonly kind: "outer alias";
  target: Entity;
}

// ------------------------------------------------------------------------------------------------- types

export type PrimitiveType = PrimitiveKind | "error-context";

export type ValType = PrimitiveType | Entity;

export interface LabelledType {
  readonly name: string;
  readonly type: ValType;
}

export interface TypeDefinition extends Entity {
  readonly kind: "type";
  readonly sort: "type";
  readonly type: DefinedType;
}

export type DefinedType =
  | { readonly kind: "primitive"; readonly type: PrimitiveType }
  | { readonly kind: "record"; readonly fields: readonly LabelledType[] }
  | {
      readonly kind: "variant";
      readonly cases: readonly { readonly name: string; readonly type: ValType | undefined; readonly tail: number }[];
    }
  | { readonly kind: "list"; readonly element: ValType; readonly length: number | undefined }
  | { readonly kind: "tuple"; readonly types: readonly ValType[] }
  | { readonly kind: "flags"; readonly names: readonly string[] }
  | { readonly kind: "enum"; readonly names: readonly string[] }
  | { readonly kind: "option"; readonly type: ValType }
  | { readonly kind: "result"; readonly ok: ValType | undefined; readonly err: ValType | undefined }
  | { readonly kind: "own"; readonly resource: Entity }
  | { readonly kind: "borrow"; readonly resource: Entity }
  | { readonly kind: "stream"; readonly element: ValType | undefined }
  | { readonly kind: "future"; readonly element: ValType | undefined }
  | { readonly kind: "map"; readonly key: ValType; readonly value: ValType }
  | FuncType
  | { readonly kind: "component"; readonly declarations: readonly Declaration[] }
  | { readonly kind: "instance"; readonly declarations: readonly Declaration[] }
  | {
      readonly kind: "resource";
      /** The bytes of the core value type that represents it. */
      readonly representation: number;
      readonly destructor: Entity | undefined;
    };

export interface FuncType {
  readonly kind: "func";
  readonly async: boolean;
  readonly params: readonly LabelledType[];
  readonly result: ValType | undefined;
}

export type Declaration =
  | { readonly kind: "core type"; readonly definition: CoreTypeDefinition }
  | { readonly kind: "type"; readonly definition: TypeDefinition }
  | { readonly kind: "alias"; readonly definition: Alias }
  | { readonly kind: "import"; readonly definition: Import }
  | { readonly kind: "export"; readonly definition: ExportDeclaration };

/** An export as a component or instance type declares it. */
export interface ExportDeclaration extends Entity {
  readonly kind: "export declaration";
  readonly name: ExternName;
  readonly type: ExternType;
}

export type ExternType =
  | { readonly kind: "core module"; readonly type: Entity }
  | { readonly kind: "func"; readonly type: Entity }
  | { readonly kind: "value"; readonly type: ValType }
  | { readonly kind: "type eq"; readonly type: Entity }
  | { readonly kind: "sub resource" }
  | { readonly kind: "component"; readonly type: Entity }
  | { readonly kind: "instance"; readonly type: Entity };

/** The name of an import or export, with the attributes that Binary.md's `nameattributes` allows. */
export interface ExternName {
  readonly name: string;
  /** The leading byte as found (0x00 and 0x01 mean the same). */
  readonly form: 0 | 1 | 2;
  readonly attributes: readonly { readonly kind: number; readonly text: string }[];
}

// ---------------------------------------------------------------------------------- imports, exports, values

export interface Import extends Entity {
  readonly kind: "import";
  readonly name: ExternName;
  readonly type: ExternType;
}

export interface Export extends Entity {
  readonly kind: "export";
  readonly name: ExternName;
  readonly item: Entity;
  readonly type: ExternType | undefined;
}

export interface Start {
  readonly kind: "start";
  readonly func: Entity;
  readonly args: readonly Entity[];
  readonly results: readonly StartResult[];
}

export interface StartResult extends Entity {
  readonly kind: "start result";
  readonly sort: "value";
}

export interface ValueDefinition extends Entity {
  readonly kind: "value";
  readonly sort: "value";
  readonly type: ValType;
  readonly contents: Uint8Array;
}

// -------------------------------------------------------------------------------------------- canonical ABI

export type Canon = Lift | Lower | CanonBuiltin;

export interface Lift extends Entity {
  readonly kind: "lift";
  readonly sort: "func";
  readonly func: Entity;
  readonly options: readonly CanonOption[];
  readonly type: Entity;
}

export interface Lower extends Entity {
  readonly kind: "lower";
  readonly sort: "core func";
  readonly func: Entity;
  readonly options: readonly CanonOption[];
}

/** A canonical built-in: its opcode and its immediates in order. */
export interface CanonBuiltin extends Entity {
  readonly kind: "builtin";
  readonly sort: "core func";
  readonly opcode: number;
  readonly name: string;
  readonly immediates: readonly CanonImmediate[];
}

export type CanonImmediate =
  | { readonly kind: "entity"; readonly entity: Entity }
  | { readonly kind: "options"; readonly options: readonly CanonOption[] }
  | { readonly kind: "result"; readonly result: ValType | undefined }
  | { readonly kind: "u32"; readonly value: number }
  /** One byte that is kept as it is: `async?`, `cancel?`, `shared?` or a core value type. */
  | { readonly kind: "byte"; readonly value: number };

export type CanonOption =
  | { readonly kind: "utf8" | "utf16" | "latin1+utf16" | "async" | "gc" }
  | { readonly kind: "memory" | "realloc" | "post-return" | "callback" | "core-type"; readonly entity: Entity };
