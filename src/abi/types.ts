import type { PrimitiveKind } from "../component/value-types.js";
import { ComponentInitError } from "../errors.js";
import type { ResourceType } from "./resources.js";

/** CanonicalABI.md's types, resolved: what a reference leads to is in its place, and resources are those of this run. */
export type ValType =
  | { readonly kind: PrimitiveKind | "error-context" }
  | { readonly kind: "list"; readonly element: ValType; readonly length: number | undefined }
  | { readonly kind: "record"; readonly fields: readonly FieldType[] }
  | { readonly kind: "tuple"; readonly items: readonly ValType[] }
  | { readonly kind: "variant"; readonly cases: readonly CaseType[] }
  | { readonly kind: "enum"; readonly labels: readonly string[] }
  | { readonly kind: "flags"; readonly labels: readonly string[] }
  | { readonly kind: "option"; readonly payload: ValType }
  | { readonly kind: "result"; readonly ok: ValType | undefined; readonly err: ValType | undefined }
  | { readonly kind: "map"; readonly key: ValType; readonly value: ValType }
  | { readonly kind: "own" | "borrow"; readonly resource: ResourceType }
  | { readonly kind: "stream"; readonly element: ValType | undefined }
  | { readonly kind: "future"; readonly element: ValType | undefined };

export type OfKind<K extends ValType["kind"]> = Extract<ValType, { kind: K }>;

export interface FieldType {
  readonly label: string;
  readonly type: ValType;
}

export interface CaseType {
  readonly label: string;
  readonly type: ValType | undefined;
}

export interface FuncType {
  readonly async: boolean;
  readonly params: readonly FieldType[];
  readonly result: ValType | undefined;
}

/** Wasmtime's limit (`MAX_TYPE_DEPTH`), which keeps recursion off the end of the stack. */
const MAX_TYPE_DEPTH = 100;

/**
 * Equal types are one object, so that types compare by identity and what is made of a type is made once.
 */
export class TypeInterner {
  readonly #types = new Map<string, ValType>();
  readonly #known = new Map<ValType, { readonly id: number; readonly depth: number }>();
  readonly #resources = new Map<ResourceType, number>();

  /** @throws ComponentInitError `unsupported` when it is nested too deep */
  intern(type: ValType): ValType {
    const key = this.#keyOf(type);
    const known = this.#types.get(key);
    if (known !== undefined) return known;
    const depth = 1 + Math.max(0, ...partsOf(type).map((part) => this.#infoOf(part).depth));
    if (depth > MAX_TYPE_DEPTH) {
      throw new ComponentInitError(
        "unsupported",
        `the component has types that are nested more than ${MAX_TYPE_DEPTH} deep`,
      );
    }
    this.#types.set(key, type);
    this.#known.set(type, { id: this.#known.size, depth });
    return type;
  }

  #infoOf(type: ValType): { readonly id: number; readonly depth: number } {
    return this.#known.get(type) as { id: number; depth: number };
  }

  #keyOf(type: ValType): string {
    const id = (part: ValType | undefined) => (part === undefined ? null : this.#infoOf(part).id);
    switch (type.kind) {
      case "list":
        return JSON.stringify([type.kind, id(type.element), type.length ?? null]);
      case "record":
        return JSON.stringify([type.kind, type.fields.map((field) => [field.label, id(field.type)])]);
      case "tuple":
        return JSON.stringify([type.kind, type.items.map(id)]);
      case "variant":
        return JSON.stringify([type.kind, type.cases.map((one) => [one.label, id(one.type)])]);
      case "enum":
      case "flags":
        return JSON.stringify([type.kind, type.labels]);
      case "option":
        return JSON.stringify([type.kind, id(type.payload)]);
      case "result":
        return JSON.stringify([type.kind, id(type.ok), id(type.err)]);
      case "map":
        return JSON.stringify([type.kind, id(type.key), id(type.value)]);
      case "own":
      case "borrow":
        return JSON.stringify([type.kind, this.#resourceId(type.resource)]);
      case "stream":
      case "future":
        return JSON.stringify([type.kind, id(type.element)]);
      default:
        return type.kind;
    }
  }

  #resourceId(resource: ResourceType): number {
    const id = this.#resources.get(resource) ?? this.#resources.size;
    this.#resources.set(resource, id);
    return id;
  }
}

/** The types that a type is made of. */
function partsOf(type: ValType): readonly ValType[] {
  switch (type.kind) {
    case "list":
      return [type.element];
    case "stream":
    case "future":
      return type.element === undefined ? [] : [type.element];
    case "map":
      return [type.key, type.value];
    case "record":
    case "tuple":
      return fieldTypesOf(type);
    case "variant":
    case "option":
    case "result":
      return casesOf(type).flatMap((one) => one.type ?? []);
    default:
      return [];
  }
}

/** CanonicalABI.md, `despecialize`: the fields of what is laid out as a record. */
export function fieldTypesOf(type: OfKind<"record"> | OfKind<"tuple">): readonly ValType[] {
  return type.kind === "tuple" ? type.items : type.fields.map((field) => field.type);
}

export type VariantLike = OfKind<"variant"> | OfKind<"enum"> | OfKind<"option"> | OfKind<"result">;

/** CanonicalABI.md, `despecialize`: the cases of what is laid out as a variant. */
export function casesOf(type: VariantLike): readonly CaseType[] {
  switch (type.kind) {
    case "variant":
      return type.cases;
    case "option":
      return [
        { label: "none", type: undefined },
        { label: "some", type: type.payload },
      ];
    case "result":
      return [
        { label: "ok", type: type.ok },
        { label: "err", type: type.err },
      ];
    default:
      return type.labels.map((label) => ({ label, type: undefined }));
  }
}

/** CanonicalABI.md, `none_or_number_type`: what a stream can carry from an instance to itself. */
export function noneOrNumberType(type: ValType | undefined): boolean {
  return type === undefined || /^([us](8|16|32|64)|f32|f64)$/.test(type.kind);
}
