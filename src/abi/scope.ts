import type { AnyEntity } from "../component/environment.js";
import type { Component, DefinedType, Entity, ValType as GraphValType } from "../component/model.js";
import type { ComponentInstance } from "./instance.js";
import { ResourceType } from "./resources.js";
import type { Store } from "./store.js";
import type { FieldType, FuncType, ValType } from "./types.js";

/** A component that can be instantiated, with what its outer aliases mean. */
export interface ComponentItem {
  readonly component: Component;
  readonly scope: Scope;
}

/** A type that is no resource, where it was defined. */
export class TypeItem {
  #valType: ValType | undefined;

  constructor(
    readonly definition: DefinedType,
    private readonly scope: Scope,
  ) {}

  valType(): ValType {
    return (this.#valType ??= this.scope.resolve(this.definition));
  }

  funcType(): FuncType {
    const { definition, scope } = this;
    if (definition.kind !== "func") throw new Error(`a ${definition.kind} is used as the type of a function`);
    const field = ({ name, type }: { readonly name: string; readonly type: GraphValType }): FieldType => ({
      label: name,
      type: scope.valType(type),
    });
    const result = definition.result === undefined ? undefined : scope.valType(definition.result);
    return { async: definition.async, params: definition.params.map(field), result };
  }

  get scopeOfDeclarations(): Scope {
    return this.scope;
  }
}

/** What entities stand for, in one component instance or in an instance type. */
export class Scope {
  readonly #items = new Map<Entity, unknown>();

  constructor(
    readonly store: Store,
    readonly instance: ComponentInstance,
    private readonly parent: Scope | undefined,
  ) {}

  define(entity: Entity, item: unknown): void {
    this.#items.set(entity, item);
  }

  /** An entity of this scope, or of one around it (by an outer alias, or from within a type). */
  find(entity: Entity): unknown {
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.parent) {
      if (scope.#items.has(entity)) return scope.#items.get(entity);
    }
    throw new Error(`a ${entity.sort} (${(entity as AnyEntity).kind}) is used before it is defined`);
  }

  valType(type: GraphValType): ValType {
    if (typeof type === "string") return this.store.types.intern({ kind: type });
    const item = this.find(type);
    if (item instanceof TypeItem) return item.valType();
    throw new Error("a resource is used as the type of a value");
  }

  resource(entity: Entity): ResourceType {
    const item = this.find(entity);
    if (item instanceof ResourceType) return item;
    throw new Error("a type is used as a resource that is none");
  }

  resolve(type: DefinedType): ValType {
    return this.store.types.intern(this.#resolved(type));
  }

  #resolved(type: DefinedType): ValType {
    const of = (inner: GraphValType) => this.valType(inner);
    const optional = (inner: GraphValType | undefined) => (inner === undefined ? undefined : of(inner));
    switch (type.kind) {
      case "primitive":
        return { kind: type.type };
      case "record":
        return { kind: "record", fields: type.fields.map((field) => ({ label: field.name, type: of(field.type) })) };
      case "variant":
        return { kind: "variant", cases: type.cases.map((one) => ({ label: one.name, type: optional(one.type) })) };
      case "list":
        return { kind: "list", element: of(type.element), length: type.length };
      case "tuple":
        return { kind: "tuple", items: type.types.map(of) };
      case "flags":
      case "enum":
        return { kind: type.kind, labels: type.names };
      case "option":
        return { kind: "option", payload: of(type.type) };
      case "result":
        return { kind: "result", ok: optional(type.ok), err: optional(type.err) };
      case "map":
        return { kind: "map", key: of(type.key), value: of(type.value) };
      case "own":
      case "borrow":
        return { kind: type.kind, resource: this.resource(type.resource) };
      case "stream":
      case "future":
        return { kind: type.kind, element: optional(type.element) };
      default:
        throw new Error(`a ${type.kind} is used as the type of a value`);
    }
  }
}
