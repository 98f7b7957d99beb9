import {
  type AnyEntity,
  definedType,
  type Environment,
  instanceExports,
  type Resolved,
  resolve,
  rootEnvironment,
} from "./environment.js";
import { definitionsOf, definitionsOfKind } from "./graph.js";
import type { Component, DefinedType, Definition, Entity, FuncType, Import, ValType } from "./model.js";
import type { FunctionType, ValueType } from "./value-types.js";

/** Types that a guest nests deeper than this are cut off, before recursion ends the stack. */
const MAX_TYPE_DEPTH = 64;

export interface ExportedFunction {
  /** The name of the interface it is in, as the component exports it. */
  readonly interface: string | undefined;
  readonly name: string;
  readonly type: FunctionType;
}

/** All functions that a component exports, by themselves or in an interface. */
export function exportedFunctions(component: Component): ExportedFunction[] {
  const functions: ExportedFunction[] = [];
  const environment = rootEnvironment(component);
  for (const item of definitionsOfKind(component, "export")) {
    const resolved = { entity: item.item, environment };
    if (item.sort === "func") {
      functions.push({ interface: undefined, name: item.name.name, type: functionType(resolved) });
    } else if (item.sort === "instance") {
      for (const [name, inner] of instanceExports(resolved)) {
        if (inner.entity.sort !== "func") continue;
        functions.push({ interface: item.name.name, name, type: functionType(inner) });
      }
    }
  }
  return functions;
}

export interface ImportedInterface {
  readonly name: string;
  /** Names of the functions and resources in it, with `[method]` and the like. */
  readonly functions: readonly string[];
  readonly resources: readonly string[];
  /** The error types of those functions that return a `result` with one. */
  readonly errors: ReadonlyMap<string, ValueType>;
  /** Those that the guest can wait for, or for what they return; absent where there are none. */
  readonly asyncFunctions?: ReadonlySet<string>;
}

/**
 * The imports of a component: interfaces, and functions (as an interface of one function without a name in it). An instance
 * within an imported one is an interface too, called `outer/inner`.
 */
export function importedInterfaces(component: Component): ImportedInterface[] {
  const environment = rootEnvironment(component);
  return definitionsOfKind(component, "import").flatMap((item) => {
    const resolved = { entity: item, environment };
    if (item.sort === "func") return [importedFunction(item.name.name, functionType(resolved))];
    return item.sort === "instance" ? interfacesOf(item.name.name, resolved) : [];
  });
}

/** The types of the functions in an instance that the root component imports, by name. */
export function functionsOfImport(component: Component, item: Import): Map<string, FunctionType> {
  const exports = instanceExports({ entity: item, environment: rootEnvironment(component) });
  const functions = [...exports].filter(([, { entity }]) => entity.sort === "func");
  return new Map(functions.map(([name, func]) => [name, functionType(func)]));
}

function importedFunction(name: string, type: FunctionType): ImportedInterface {
  const asyncFunctions = new Set(mayReturnPromise(type) ? [""] : []);
  return { name, functions: [""], resources: [], errors: new Map(), ...unlessEmpty(asyncFunctions) };
}

function interfacesOf(name: string, instance: Resolved): ImportedInterface[] {
  const functions: string[] = [];
  const resources: string[] = [];
  const errors = new Map<string, ValueType>();
  const asyncFunctions = new Set<string>();
  const nested: ImportedInterface[] = [];
  for (const [member, inner] of instanceExports(instance)) {
    if (inner.entity.sort === "func") {
      functions.push(member);
      const type = functionType(inner);
      const { result } = type;
      if (result?.kind === "result" && result.err !== undefined) errors.set(member, result.err);
      if (mayReturnPromise(type)) asyncFunctions.add(member);
    } else if (inner.entity.sort === "instance") nested.push(...interfacesOf(`${name}/${member}`, inner));
    else if (isFreshResource(inner.entity)) resources.push(member);
  }
  return [{ name, functions, resources, errors, ...unlessEmpty(asyncFunctions) }, ...nested];
}

/** One stands for the result of an async function, and for a future. */
function mayReturnPromise({ async, result }: FunctionType): boolean {
  return async || result?.kind === "future";
}

function unlessEmpty(asyncFunctions: ReadonlySet<string>): Pick<ImportedInterface, "asyncFunctions"> {
  return asyncFunctions.size === 0 ? {} : { asyncFunctions };
}

function isFreshResource(entity: Entity): boolean {
  const declared = entity as AnyEntity;
  return declared.kind === "export declaration" && declared.type.kind === "sub resource";
}

function functionType(func: Resolved): FunctionType {
  const { entity, environment } = resolve(func);
  const definition = entity as AnyEntity;
  let type: Entity | undefined;
  if (definition.kind === "lift") type = definition.type;
  else if (
    (definition.kind === "import" || definition.kind === "export declaration") &&
    definition.type.kind === "func"
  ) {
    type = definition.type.type;
  }
  const defined = type === undefined ? undefined : definedType({ entity: type, environment });
  if (defined?.type.kind !== "func") return { async: false, params: [] };
  return plainFunctionType(defined.type, defined.environment);
}

function plainFunctionType(type: FuncType, environment: Environment): FunctionType {
  const params = type.params.map((param) => ({ name: param.name, type: valueType(param.type, environment, 0) }));
  if (type.result === undefined) return { async: type.async, params };
  return { async: type.async, params, result: valueType(type.result, environment, 0) };
}

function valueType(type: ValType, environment: Environment, depth: number): ValueType {
  if (type === "error-context") return { kind: "error-context" };
  if (typeof type === "string") return { kind: type };
  const known = environment.types.get(type);
  if (known !== undefined) return known;
  const defined = depth > MAX_TYPE_DEPTH ? undefined : definedType({ entity: type, environment });
  if (defined === undefined) return { kind: "own", resource: "resource" };
  const result = plainValueType(defined.type, (inner) => valueType(inner, defined.environment, depth + 1));
  environment.types.set(type, result);
  return result;
}

function plainValueType(type: DefinedType, plain: (inner: ValType) => ValueType): ValueType {
  const optional = (inner: ValType | undefined) => (inner === undefined ? undefined : plain(inner));
  switch (type.kind) {
    case "primitive":
      return plain(type.type);
    case "record":
      return { kind: "record", fields: type.fields.map((field) => ({ name: field.name, type: plain(field.type) })) };
    case "variant":
      return {
        kind: "variant",
        cases: type.cases.map((one) =>
          one.type === undefined ? { name: one.name } : { name: one.name, type: plain(one.type) },
        ),
      };
    case "list":
      return type.length === undefined
        ? { kind: "list", element: plain(type.element) }
        : { kind: "list", element: plain(type.element), length: type.length };
    case "tuple":
      return { kind: "tuple", items: type.types.map(plain) };
    case "flags":
      return { kind: "flags", labels: type.names };
    case "enum":
      return { kind: "enum", labels: type.names };
    case "option":
      return { kind: "option", payload: plain(type.type) };
    case "result": {
      const ok = optional(type.ok);
      const err = optional(type.err);
      return { kind: "result", ...(ok && { ok }), ...(err && { err }) };
    }
    case "map":
      return { kind: "map", key: plain(type.key), value: plain(type.value) };
    case "own":
    case "borrow":
      return { kind: type.kind, resource: "resource" };
    case "stream":
    case "future":
      return { kind: type.kind };
    default:
      return { kind: "own", resource: type.kind };
  }
}

/** Whether a component or one nested in it declares async types or uses the async canonical ABI. */
export function usesAsync(component: Component): boolean {
  const declares = (definition: Definition) => definition.kind === "type" && declaresAsync(definition.type);
  return someDefinition(component, declares) || keepsAsyncState(component);
}

/** Whether a component lifts or lowers functions asynchronously, or has built-ins of the async canonical ABI. */
function keepsAsyncState(component: Component): boolean {
  return someDefinition(component, (definition) => {
    if (definition.kind === "lift" || definition.kind === "lower") {
      return definition.options.some((option) => option.kind === "async");
    }
    return definition.kind === "builtin" && ASYNC_BUILTIN.test(definition.name);
  });
}

const ASYNC_BUILTIN = /^(task|subtask|stream|future|waitable|context|thread|backpressure|error-context)/;

function someDefinition(component: Component, test: (definition: Definition) => boolean): boolean {
  return definitionsOf(component).some(
    (definition) => test(definition) || (definition.kind === "component" && someDefinition(definition.component, test)),
  );
}

function declaresAsync(type: DefinedType): boolean {
  if (type.kind === "func") return type.async;
  if (type.kind === "stream" || type.kind === "future") return true;
  if (type.kind !== "component" && type.kind !== "instance") return false;
  return type.declarations.some(
    (declaration) => declaration.kind === "type" && declaresAsync(declaration.definition.type),
  );
}
