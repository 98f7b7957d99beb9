import type { CoreFuncType, CoreType, PtrType } from "./core-types.js";
import { type CaseType, casesOf, type FuncType, fieldTypesOf, type ValType, type VariantLike } from "./types.js";

export interface Layout {
  readonly alignment: number;
  /** CanonicalABI.md, `elem_size`. */
  readonly size: number;
  /** CanonicalABI.md, `flatten_type`; `undefined` for more than {@link MAX_FLAT_PARAMS}, which are never passed flat. */
  readonly flat: readonly CoreType[] | undefined;
}

export const MAX_FLAT_PARAMS = 16;
export const MAX_FLAT_ASYNC_PARAMS = 4;
export const MAX_FLAT_RESULTS = 1;

export function ptrSize(ptrType: PtrType): number {
  return ptrType === "i32" ? 4 : 8;
}

export function alignTo(ptr: number, alignment: number): number {
  return Math.ceil(ptr / alignment) * alignment;
}

const layouts = { i32: new WeakMap<ValType, Layout>(), i64: new WeakMap<ValType, Layout>() };

/** CanonicalABI.md, "Alignment", "Element Size" and "Flattening". */
export function layoutOf(type: ValType, ptrType: PtrType): Layout {
  let layout = layouts[ptrType].get(type);
  if (layout === undefined) layouts[ptrType].set(type, (layout = makeLayout(type, ptrType)));
  return layout;
}

function makeLayout(type: ValType, ptrType: PtrType): Layout {
  switch (type.kind) {
    case "bool":
    case "u8":
    case "s8":
      return scalar(1, "i32");
    case "u16":
    case "s16":
      return scalar(2, "i32");
    case "u64":
    case "s64":
      return scalar(8, "i64");
    case "f32":
      return scalar(4, "f32");
    case "f64":
      return scalar(8, "f64");
    case "string":
    case "map":
      return pointerAndLength(ptrType);
    case "list":
      return type.length === undefined
        ? pointerAndLength(ptrType)
        : fixedLengthList(type.element, type.length, ptrType);
    case "record":
    case "tuple":
      return recordLayout(fieldTypesOf(type), ptrType);
    case "flags":
      return scalar(flagsSize(type.labels.length), "i32");
    case "variant":
    case "enum":
    case "option":
    case "result":
      return variantLayout(casesOf(type), ptrType);
    default:
      // Numbers of 32 bits, characters, and all that is a handle.
      return scalar(4, "i32");
  }
}

function scalar(size: number, flat: CoreType): Layout {
  return { alignment: size, size, flat: [flat] };
}

function pointerAndLength(ptrType: PtrType): Layout {
  return { alignment: ptrSize(ptrType), size: 2 * ptrSize(ptrType), flat: [ptrType, ptrType] };
}

function fixedLengthList(element: ValType, length: number, ptrType: PtrType): Layout {
  const { alignment, size, flat } = layoutOf(element, ptrType);
  const isFlat = flat !== undefined && flat.length * length <= MAX_FLAT_PARAMS;
  return { alignment, size: size * length, flat: isFlat ? Array.from({ length }, () => flat).flat() : undefined };
}

function flagsSize(count: number): number {
  return count <= 8 ? 1 : count <= 16 ? 2 : 4;
}

/** Records, and parameters and results that are passed in memory as if they were one. */
export function recordLayout(types: readonly ValType[], ptrType: PtrType): Layout {
  const fields = types.map((type) => layoutOf(type, ptrType));
  const alignment = Math.max(1, ...fields.map((field) => field.alignment));
  const end = fields.reduce((offset, field) => alignTo(offset, field.alignment) + field.size, 0);
  return { alignment, size: alignTo(end, alignment), flat: flattenTypes(types, ptrType) };
}

/** Where each field starts. */
export function fieldOffsets(types: readonly ValType[], ptrType: PtrType): number[] {
  let end = 0;
  return types.map((type) => {
    const { alignment, size } = layoutOf(type, ptrType);
    const offset = alignTo(end, alignment);
    end = offset + size;
    return offset;
  });
}

/** CanonicalABI.md, `flatten_types`; `undefined` where they are too many. */
export function flattenTypes(types: readonly ValType[], ptrType: PtrType): readonly CoreType[] | undefined {
  const flat: CoreType[] = [];
  for (const type of types) {
    const part = layoutOf(type, ptrType).flat;
    if (part === undefined || flat.length + part.length > MAX_FLAT_PARAMS) return undefined;
    flat.push(...part);
  }
  return flat;
}

/** CanonicalABI.md, `discriminant_type`: how many bytes say which case it is. */
export function discriminantSize(caseCount: number): 1 | 2 | 4 {
  return caseCount <= 2 ** 8 ? 1 : caseCount <= 2 ** 16 ? 2 : 4;
}

/** Where the payload of a variant starts. */
export function payloadOffset(type: VariantLike, ptrType: PtrType): number {
  const cases = casesOf(type);
  return alignTo(discriminantSize(cases.length), maxCaseAlignment(cases, ptrType));
}

function maxCaseAlignment(cases: readonly CaseType[], ptrType: PtrType): number {
  return cases.reduce((max, { type }) => (type ? Math.max(max, layoutOf(type, ptrType).alignment) : max), 1);
}

function variantLayout(cases: readonly CaseType[], ptrType: PtrType): Layout {
  const discriminant = discriminantSize(cases.length);
  const payloadAlignment = maxCaseAlignment(cases, ptrType);
  const alignment = Math.max(discriminant, payloadAlignment);
  const largest = cases.reduce((max, { type }) => (type ? Math.max(max, layoutOf(type, ptrType).size) : max), 0);
  const size = alignTo(alignTo(discriminant, payloadAlignment) + largest, alignment);
  return { alignment, size, flat: flattenVariant(cases, ptrType) };
}

function flattenVariant(cases: readonly CaseType[], ptrType: PtrType): readonly CoreType[] | undefined {
  const joined: CoreType[] = [];
  for (const { type } of cases) {
    const flat = type === undefined ? [] : layoutOf(type, ptrType).flat;
    if (flat === undefined) return undefined;
    for (const [i, one] of flat.entries()) joined[i] = joined[i] === undefined ? one : join(joined[i], one);
  }
  return joined.length < MAX_FLAT_PARAMS ? ["i32", ...joined] : undefined;
}

/** CanonicalABI.md, `join`: a core type that both fit into. */
function join(a: CoreType, b: CoreType): CoreType {
  if (a === b) return a;
  return (a === "i32" && b === "f32") || (a === "f32" && b === "i32") ? "i32" : "i64";
}

/** What of canonical options decides about core types. */
export interface FlatteningOptions {
  readonly ptrType: PtrType;
  readonly async: boolean;
  readonly callback: boolean;
}

/** CanonicalABI.md, `flatten_functype`. */
export function flattenFuncType(options: FlatteningOptions, type: FuncType, context: "lift" | "lower"): CoreFuncType {
  const { ptrType, async } = options;
  const isAsyncLower = async && context === "lower";
  const params = flattenTypes(paramTypes(type), ptrType);
  const limit = isAsyncLower ? MAX_FLAT_ASYNC_PARAMS : MAX_FLAT_PARAMS;
  const flatParams: CoreType[] = params === undefined || params.length > limit ? [ptrType] : [...params];
  if (async && context === "lift") return { params: flatParams, results: options.callback ? ["i32"] : [] };
  const results = flattenTypes(resultTypes(type), ptrType);
  if (isAsyncLower) {
    if (results === undefined || results.length > 0) flatParams.push(ptrType);
    return { params: flatParams, results: ["i32"] };
  }
  if (results !== undefined && results.length <= MAX_FLAT_RESULTS) return { params: flatParams, results };
  if (context === "lift") return { params: flatParams, results: [ptrType] };
  return { params: [...flatParams, ptrType], results: [] };
}

export function paramTypes({ params }: FuncType): readonly ValType[] {
  return params.map(({ type }) => type);
}

export function resultTypes({ result }: FuncType): readonly ValType[] {
  return result === undefined ? [] : [result];
}
