import type { Prng } from "../prng.js";

/** A resource that one of the components defines. */
export interface Resource {
  readonly name: string;
  readonly definer: number;
}

export type ScalarKind = "bool" | "u8" | "s8" | "u16" | "s16" | "u32" | "s32" | "u64" | "s64" | "f32" | "f64" | "char";

/** Types as the generator has them, with layouts of its own: it must not believe what it tests. */
export type Type =
  | { readonly kind: ScalarKind | "string" }
  | { readonly kind: "list"; readonly element: Type }
  | { readonly kind: "fixed"; readonly element: Type; readonly length: number }
  | { readonly kind: "map"; readonly key: Type; readonly value: Type }
  | { readonly kind: "tuple"; readonly items: readonly Type[] }
  | { readonly kind: "record"; readonly name: string; readonly items: readonly Type[] }
  | { readonly kind: "variant"; readonly name: string; readonly cases: readonly (Type | undefined)[] }
  | { readonly kind: "option"; readonly payload: Type }
  | { readonly kind: "result"; readonly ok: Type | undefined; readonly err: Type | undefined }
  | { readonly kind: "enum"; readonly name: string; readonly count: number }
  | { readonly kind: "flags"; readonly name: string; readonly count: number }
  | { readonly kind: "own" | "borrow"; readonly resource: Resource }
  /** Only as the result of a function. */
  | { readonly kind: "stream"; readonly element: Type };

/** Types that a component may not export in a function without exporting them, too. */
export type NamedType = Extract<Type, { readonly name: string }>;
export type RecordLike = Extract<Type, { readonly kind: "tuple" | "record" | "fixed" }>;
export type VariantLike = Extract<Type, { readonly kind: "variant" | "option" | "result" | "enum" }>;

export type Pointer = "i32" | "i64";
export type Core = "i32" | "i64" | "f32" | "f64";

export interface Layout {
  readonly size: number;
  readonly align: number;
  readonly flat: readonly Core[];
}

export function fieldsOf(type: RecordLike): readonly Type[] {
  return type.kind === "fixed" ? Array.from({ length: type.length }, () => type.element) : type.items;
}

export function casesOf(type: VariantLike): readonly (Type | undefined)[] {
  if (type.kind === "variant") return type.cases;
  if (type.kind === "option") return [undefined, type.payload];
  if (type.kind === "result") return [type.ok, type.err];
  return Array.from({ length: type.count }, () => undefined);
}

export function isRecordLike(type: Type): type is RecordLike {
  return type.kind === "tuple" || type.kind === "record" || type.kind === "fixed";
}

export function isVariantLike(type: Type): type is VariantLike {
  return type.kind === "variant" || type.kind === "option" || type.kind === "result" || type.kind === "enum";
}

/** A map is laid out as a list of pairs. */
export function elementOf(type: Extract<Type, { readonly kind: "list" | "map" }>): Type {
  return type.kind === "list" ? type.element : { kind: "tuple", items: [type.key, type.value] };
}

export function align(offset: number, to: number): number {
  return Math.ceil(offset / to) * to;
}

const SCALARS: Readonly<Record<ScalarKind, readonly [size: number, flat: Core]>> = {
  bool: [1, "i32"],
  u8: [1, "i32"],
  s8: [1, "i32"],
  u16: [2, "i32"],
  s16: [2, "i32"],
  u32: [4, "i32"],
  s32: [4, "i32"],
  u64: [8, "i64"],
  s64: [8, "i64"],
  f32: [4, "f32"],
  f64: [8, "f64"],
  char: [4, "i32"],
};

export function layout(type: Type, pointer: Pointer): Layout {
  if (isRecordLike(type)) return recordLayout(fieldsOf(type), pointer);
  if (isVariantLike(type)) return variantLayout(casesOf(type), pointer);
  switch (type.kind) {
    case "string":
    case "list":
    case "map": {
      const size = pointer === "i32" ? 4 : 8;
      return { size: 2 * size, align: size, flat: [pointer, pointer] };
    }
    case "flags": {
      const size = type.count <= 8 ? 1 : type.count <= 16 ? 2 : 4;
      return { size, align: size, flat: ["i32"] };
    }
    case "own":
    case "borrow":
    case "stream":
      return { size: 4, align: 4, flat: ["i32"] };
    default: {
      const [size, flat] = SCALARS[type.kind];
      return { size, align: size, flat: [flat] };
    }
  }
}

export function recordLayout(fields: readonly Type[], pointer: Pointer): Layout {
  const parts = fields.map((field) => layout(field, pointer));
  const largest = parts.reduce((max, part) => Math.max(max, part.align), 1);
  const end = parts.reduce((offset, part) => align(offset, part.align) + part.size, 0);
  return { size: align(end, largest), align: largest, flat: parts.flatMap(({ flat }) => flat) };
}

export function offsetsOf(fields: readonly Type[], pointer: Pointer): number[] {
  let end = 0;
  return fields.map((field) => {
    const { size, align: alignment } = layout(field, pointer);
    const offset = align(end, alignment);
    end = offset + size;
    return offset;
  });
}

export function discriminantSize(count: number): 1 | 2 | 4 {
  return count <= 256 ? 1 : count <= 65536 ? 2 : 4;
}

export function payloadOffset(cases: readonly (Type | undefined)[], pointer: Pointer): number {
  return align(discriminantSize(cases.length), payloadAlign(cases, pointer));
}

function payloadAlign(cases: readonly (Type | undefined)[], pointer: Pointer): number {
  return cases.reduce((max, one) => (one === undefined ? max : Math.max(max, layout(one, pointer).align)), 1);
}

function variantLayout(cases: readonly (Type | undefined)[], pointer: Pointer): Layout {
  const alignment = Math.max(discriminantSize(cases.length), payloadAlign(cases, pointer));
  const payload = cases.reduce((max, one) => (one === undefined ? max : Math.max(max, layout(one, pointer).size)), 0);
  const joined: Core[] = [];
  for (const one of cases) {
    const flat = one === undefined ? [] : layout(one, pointer).flat;
    for (const [i, core] of flat.entries()) joined[i] = joined[i] === undefined ? core : join(joined[i], core);
  }
  const size = align(payloadOffset(cases, pointer) + payload, alignment);
  return { size, align: alignment, flat: ["i32", ...joined] };
}

function join(a: Core, b: Core): Core {
  if (a === b) return a;
  return (a === "i32" && b === "f32") || (a === "f32" && b === "i32") ? "i32" : "i64";
}

/** All types within a type, itself included, inner ones first. */
export function partsOf(type: Type): Type[] {
  const inner = (parts: readonly (Type | undefined)[]) =>
    parts.flatMap((part) => (part === undefined ? [] : partsOf(part)));
  if (type.kind === "fixed") return [...partsOf(type.element), type];
  if (isRecordLike(type)) return [...inner(fieldsOf(type)), type];
  if (type.kind === "enum") return [type];
  if (isVariantLike(type)) return [...inner(casesOf(type)), type];
  if (type.kind === "list" || type.kind === "stream") return [...partsOf(type.element), type];
  if (type.kind === "map") return [...partsOf(type.key), ...partsOf(type.value), type];
  return [type];
}

export function isNamed(type: Type): type is NamedType {
  return "name" in type;
}

export function resourcesIn(type: Type): Resource[] {
  return partsOf(type).flatMap((part) => (part.kind === "own" || part.kind === "borrow" ? [part.resource] : []));
}

/** What names stand for in a component. */
export interface Names {
  named(type: NamedType): string;
  resource(resource: Resource): string;
}

/** Whether lists of a fixed length are written as such: as tuples they are laid out in the same way. */
export interface Spelling {
  readonly fixedLists: boolean;
}

/** A type where it is used. */
export function typeText(type: Type, names: Names, spelling: Spelling): string {
  const of = (inner: Type) => typeText(inner, names, spelling);
  switch (type.kind) {
    case "list":
      return `(list ${of(type.element)})`;
    case "fixed":
      return spelling.fixedLists
        ? `(list ${of(type.element)} ${type.length})`
        : `(tuple ${fieldsOf(type).map(of).join(" ")})`;
    case "stream":
      return `(stream ${of(type.element)})`;
    case "map":
      return `(map ${of(type.key)} ${of(type.value)})`;
    case "tuple":
      return `(tuple ${type.items.map(of).join(" ")})`;
    case "option":
      return `(option ${of(type.payload)})`;
    case "result":
      return `(result${type.ok ? ` ${of(type.ok)}` : ""}${type.err ? ` (error ${of(type.err)})` : ""})`;
    case "own":
    case "borrow":
      return `(${type.kind} ${names.resource(type.resource)})`;
    default:
      return isNamed(type) ? names.named(type) : type.kind;
  }
}

/** What a named type is. */
export function definitionText(type: NamedType, names: Names, spelling: Spelling): string {
  const of = (inner: Type) => typeText(inner, names, spelling);
  switch (type.kind) {
    case "record":
      return `(record ${type.items.map((item, i) => `(field "f${i}" ${of(item)})`).join(" ")})`;
    case "variant":
      return `(variant ${type.cases.map((one, i) => `(case "c${i}"${one ? ` ${of(one)}` : ""})`).join(" ")})`;
    default: {
      const labels = Array.from({ length: type.count }, (_, i) => `"l${i}"`);
      return `(${type.kind} ${labels.join(" ")})`;
    }
  }
}

const SCALAR_KINDS = Object.keys(SCALARS) as ScalarKind[];
const MAP_KEYS = ["u8", "s16", "u32", "char", "string", "bool", "s64"] as const;

/** Makes types. Those with names are used again now and then, so that components share them. */
export class TypeSource {
  private readonly named: NamedType[] = [];
  private count = 0;

  constructor(private readonly random: Prng) {}

  /** @param resources - those that there may be handles of; of `borrow` only in parameters */
  make(depth: number, resources: readonly Resource[], borrow: boolean): Type {
    const { random } = this;
    if (resources.length > 0 && random.chance(0.2)) {
      return { kind: borrow && random.chance(0.5) ? "borrow" : "own", resource: random.pick(resources) };
    }
    const old = this.named.filter(
      (type) =>
        resourcesIn(type).every((one) => resources.includes(one)) &&
        (borrow || !partsOf(type).some(({ kind }) => kind === "borrow")),
    );
    if (depth > 0 && old.length > 0 && random.chance(0.2)) return random.pick(old);
    if (depth === 0 || random.chance(0.2)) {
      return random.chance(0.3) ? { kind: "string" } : { kind: random.pick(SCALAR_KINDS) };
    }
    return this.compound(depth, () => this.make(depth - 1, resources, borrow));
  }

  private compound(depth: number, inner: () => Type): Type {
    const { random } = this;
    const several = (low: number, high: number) => Array.from({ length: random.between(low, high) }, inner);
    const optional = () => (random.chance(0.7) ? inner() : undefined);
    switch (random.below(13)) {
      case 0:
      case 1:
      case 2:
        return { kind: "list", element: inner() };
      case 3:
        return { kind: "fixed", element: inner(), length: random.pick([1, 2, 3, 5]) };
      case 4:
        return { kind: "map", key: { kind: random.pick(MAP_KEYS) }, value: inner() };
      case 5:
        return { kind: "tuple", items: several(1, 4) };
      case 6:
      case 7:
        return this.name({
          kind: "record",
          name: this.next(),
          items: several(1, random.chance(0.1) && depth < 3 ? 18 : 5),
        });
      case 8:
      case 9:
        return this.name({
          kind: "variant",
          name: this.next(),
          cases: Array.from({ length: random.between(1, 5) }, optional),
        });
      case 10:
        return { kind: "option", payload: inner() };
      case 11:
        return { kind: "result", ok: optional(), err: optional() };
      default:
        return random.chance(0.5)
          ? this.name({ kind: "enum", name: this.next(), count: random.chance(0.1) ? 257 : random.between(1, 6) })
          : this.name({ kind: "flags", name: this.next(), count: random.pick([1, 3, 8, 9, 16, 17, 31, 32]) });
    }
  }

  private next(): string {
    return `t${this.count++}`;
  }

  private name<T extends NamedType>(type: T): T {
    this.named.push(type);
    return type;
  }
}
