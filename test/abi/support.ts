import { Store, type StoreOptions } from "../../src/abi/store.js";
import type { TypeInterner, ValType } from "../../src/abi/types.js";
import type { ValueType } from "../../src/component/value-types.js";

/** The store of a component that nobody watches. */
export function testStore(options: Partial<StoreOptions> = {}): Store {
  return new Store({
    onTrap: () => undefined,
    onCreation: () => undefined,
    integration: undefined,
    waitOutside: async () => false,
    ...options,
  });
}

/** A plain type as the canonical ABI has it; without resources. */
export function abiType(type: ValueType, interner: TypeInterner): ValType {
  return interner.intern(shape(type, (inner) => abiType(inner, interner)));
}

function shape(type: ValueType, of: (inner: ValueType) => ValType): ValType {
  const optional = (inner: ValueType | undefined) => (inner === undefined ? undefined : of(inner));
  switch (type.kind) {
    case "record":
      return { kind: "record", fields: type.fields.map(({ name, type: field }) => ({ label: name, type: of(field) })) };
    case "variant":
      return { kind: "variant", cases: type.cases.map((one) => ({ label: one.name, type: optional(one.type) })) };
    case "list":
      return { kind: "list", element: of(type.element), length: type.length };
    case "tuple":
      return { kind: "tuple", items: type.items.map(of) };
    case "option":
      return { kind: "option", payload: of(type.payload) };
    case "result":
      return { kind: "result", ok: optional(type.ok), err: optional(type.err) };
    case "map":
      return { kind: "map", key: of(type.key), value: of(type.value) };
    case "enum":
    case "flags":
      return { kind: type.kind, labels: type.labels };
    case "own":
    case "borrow":
    case "stream":
    case "future":
    case "error-context":
      throw new Error(`${type.kind} is not made here`);
    default:
      return { kind: type.kind };
  }
}
