import type { Import } from "./imports.js";
import type { CompositeType, FieldType, StorageType, SubType } from "./types.js";
import { isRefType, type RefType, type ValueType } from "./value-types.js";

/** Is given each type index within a type; returns what takes its place. */
export type TypeIndexMap = (index: number) => number;

export function mapSubType(type: SubType, map: TypeIndexMap): SubType {
  return { ...type, supertypes: type.supertypes.map(map), composite: mapComposite(type.composite, map) };
}

function mapComposite(type: CompositeType, map: TypeIndexMap): CompositeType {
  const value = (one: ValueType) => mapValueType(one, map);
  switch (type.kind) {
    case "func":
      return { kind: "func", params: type.params.map(value), results: type.results.map(value) };
    case "struct":
      return { kind: "struct", fields: type.fields.map((field) => mapField(field, map)) };
    case "array":
      return { kind: "array", element: mapField(type.element, map) };
    case "cont":
      return { kind: "cont", func: map(type.func) };
  }
}

function mapField({ storage, mutable }: FieldType, map: TypeIndexMap): FieldType {
  return { storage: mapStorage(storage, map), mutable };
}

function mapStorage(type: StorageType, map: TypeIndexMap): StorageType {
  return type === "i8" || type === "i16" ? type : mapValueType(type, map);
}

export function mapValueType(type: ValueType, map: TypeIndexMap): ValueType {
  return isRefType(type) ? mapRefType(type, map) : type;
}

export function mapRefType(type: RefType, map: TypeIndexMap): RefType {
  return type.heap.kind === "type" ? { ...type, heap: { ...type.heap, index: map(type.heap.index) } } : type;
}

export function mapImport(item: Import, map: TypeIndexMap): Import {
  switch (item.kind) {
    case "func":
      return { ...item, type: map(item.type) };
    case "table":
      return { ...item, type: { ...item.type, element: mapRefType(item.type.element, map) } };
    case "global":
      return { ...item, type: { ...item.type, value: mapValueType(item.type.value, map) } };
    case "tag":
      return { ...item, type: { type: map(item.type.type) } };
    case "memory":
      return item;
  }
}
