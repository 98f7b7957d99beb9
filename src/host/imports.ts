import type { ImportedInterface } from "../component/resolve.js";
import { ComponentInitError } from "../errors.js";
import { toCamelCase } from "../wave/js-names.js";

/** What an import is called in messages: `wasi:http/types@0.2.10#[method]fields.get`. */
function importName(item: ImportedInterface, func: string): string {
  return func === "" ? item.name : `${item.name}#${func}`;
}

/** The key under which jco's glue looks for an interface: its name without the version. */
export function importKey(name: string): string {
  const at = name.lastIndexOf("@");
  return at < 0 ? name : name.slice(0, at);
}

type HostFunction = (...args: unknown[]) => unknown;
export type ImportObject = Record<string, Record<string, unknown>>;

/**
 * The imports object for the glue: what the host provides, and for every function and resource that it does not
 * provide a stand-in that says so when the guest uses it. Guests import far more than their initialization calls.
 */
export function completeImports(
  interfaces: readonly ImportedInterface[],
  provided: ProvidedImports,
  onRefusal: RefusalListener,
): ImportObject {
  // Without prototypes, or an import called `to-string` would find the one that every object has.
  const imports: ImportObject = Object.create(null);
  const refusal: Refusal = (item, func) => refuse(item, func, onRefusal);
  for (const item of interfaces) {
    const key = importKey(item.name);
    const members = (imports[key] ??= Object.assign(
      Object.create(null),
      Object.hasOwn(provided, key) ? provided[key] : {},
    ));
    for (const resource of item.resources) addResource(item, resource, members, onRefusal);
    for (const func of item.functions) if (!func.startsWith("[")) addFunction(item, func, members, refusal);
  }
  return imports;
}

type ProvidedImports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/**
 * The caller's functions, which the guest cannot wait for: a promise would be lowered as if it were the value.
 * Classes stay as they are.
 */
export function synchronous(provided: ProvidedImports, onFailure: RefusalListener): ProvidedImports {
  return mapValues(provided, (members, name) =>
    mapValues(members, (member, func) =>
      typeof member === "function" && !/^[A-Z]/.test(func)
        ? checked(member as HostFunction, `${name}#${func}`, onFailure)
        : member,
    ),
  );
}

function checked(func: HostFunction, name: string, onFailure: RefusalListener): HostFunction {
  return function (this: unknown, ...args) {
    const result = func.apply(this, args);
    if (!(result instanceof Promise)) return result;
    result.catch(() => undefined);
    const error = new ComponentInitError(
      "unsupported",
      `the import ${name} that was provided returned a promise, which initialization cannot wait for: provide a function ` +
        "that returns the value itself",
    );
    onFailure(error);
    throw error;
  };
}

function mapValues<T, U>(object: Readonly<Record<string, T>>, map: (value: T, name: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value, name)]));
}

type Refusal = (item: ImportedInterface, func: string) => HostFunction;
type RefusalListener = (error: ComponentInitError) => void;

/** Classes are shared by all runs of a process; each is told of its own run's refusals. */
const listeners = new WeakMap<object, RefusalListener>();

function addFunction(item: ImportedInterface, func: string, members: Record<string, unknown>, refusal: Refusal): void {
  // A function that the world imports by itself is the default export of its name.
  members[func === "" ? "default" : toCamelCase(func)] ??= refusal(item, func);
}

function addResource(
  item: ImportedInterface,
  resource: string,
  members: Record<string, unknown>,
  onRefusal: RefusalListener,
): void {
  const className = toPascalCase(resource);
  const known = (members[className] ??= refusedClass(refuse(item, `[constructor]${resource}`, onRefusal))) as {
    prototype: Record<string, unknown>;
  } & Record<string, unknown>;
  listeners.set(known, onRefusal);
  const refusal: Refusal = (item, func) => refuse(item, func, (error) => listeners.get(known)?.(error));
  for (const func of item.functions) {
    const method = memberName(func, "[method]", resource);
    if (method !== undefined && !provides(known.prototype, method))
      define(known.prototype, method, refusal(item, func));
    const isStatic = memberName(func, "[static]", resource);
    if (isStatic !== undefined && !provides(known, isStatic)) define(known, isStatic, refusal(item, func));
  }
}

/** Whether a class or one that it extends has a member: not what all objects and functions have. */
function provides(target: object, name: string): boolean {
  for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at)) {
    if (at === Object.prototype || at === Function.prototype) return false;
    if (Object.hasOwn(at, name) && !(typeof at === "function" && IMPLICIT_STATICS.has(name))) return true;
  }
  return false;
}

const IMPLICIT_STATICS = new Set(["length", "name", "prototype"]);

function memberName(func: string, prefix: string, resource: string): string | undefined {
  const start = `${prefix}${resource}.`;
  return func.startsWith(start) ? toCamelCase(func.slice(start.length)) : undefined;
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}

function refusedClass(refuseToConstruct: HostFunction): unknown {
  return class {
    constructor() {
      refuseToConstruct();
    }
  };
}

/** @param onRefusal - told as well, because a guest compiled with exceptions can catch what the host throws */
function refuse(item: ImportedInterface, func: string, onRefusal: RefusalListener): HostFunction {
  return () => {
    const error = new ComponentInitError(
      "not-granted",
      `initialization called the import ${importName(item, func)}, which the host does not provide while initializing`,
    );
    onRefusal(error);
    throw error;
  };
}

function toPascalCase(name: string): string {
  const camel = toCamelCase(name);
  return camel.charAt(0).toUpperCase() + camel.slice(1);
}
