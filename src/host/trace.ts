import { follow } from "../abi/host-func.js";
import type { ImportedInterface } from "../component/resolve.js";
import { shortened } from "../shortened.js";
import { GuestExit, type HandleDescription } from "../wasi/index.js";
import { type ImportObject, importKey, memberOf } from "./imports.js";
import { shortenText, shortenValue, type TracedValue } from "./trace-values.js";

export type { TracedValue } from "./trace-values.js";

/** A call of an import, as plain values that are cut to a length that can be read. */
export interface HostCall {
  /** Without version: `wasi:filesystem/types#[method]descriptor.open-at`. */
  readonly import: string;
  /** A method's first one is the resource. */
  readonly args: readonly TracedValue[];
  /** `null` where the function has none. */
  readonly result?: TracedValue;
  /** In the place of a result: the error case of a WIT `result`, or what ended the guest. */
  readonly error?: TracedValue;
  /** How long it took, in microseconds. */
  readonly us: number;
}

type HostFunction = (...args: unknown[]) => unknown;
type HostClass = { readonly prototype: object } & (new (...args: unknown[]) => object);

/**
 * Makes every call of an import known. Only the guest gets to see the wrappers: functions and classes stay as they are,
 * since other runs use them too, and resources get methods of their own when the guest gets them.
 *
 * @param describe - what a resource of the host stands for
 */
export function traceImports(
  imports: ImportObject,
  interfaces: readonly ImportedInterface[],
  describe: (resource: object) => HandleDescription | undefined,
  onCall: (call: HostCall) => void,
): ImportObject {
  const tracer = new Tracer(describe, onCall);
  const traced: ImportObject = Object.create(null);
  for (const item of interfaces) {
    const key = importKey(item.name);
    // Of several versions of an interface only one gets here, see `importKey`.
    const members = (traced[key] ??= Object.assign(Object.create(null), imports[key]));
    const original = imports[key] as Record<string, unknown>;
    for (const resource of item.resources) {
      const { className } = memberOf(`[constructor]${resource}`);
      members[className as string] = tracer.class(original[className as string] as HostClass, resource, key);
    }
    for (const func of item.functions) {
      const { kind, name } = memberOf(func);
      const traceName = shortened(func === "" ? key : `${key}#${func}`);
      if (kind === "function") members[name] = tracer.function(traceName, original[name] as HostFunction);
      else tracer.addMember(func, traceName, original);
    }
  }
  return traced;
}

interface TracedClass {
  readonly resource: string;
  /** Names in the trace, by the names of methods and static functions. */
  readonly methods: Map<string, string>;
  readonly statics: Map<string, string>;
}

class Tracer {
  /** By prototype, because that is where an object leads to. */
  readonly #classes = new Map<object, TracedClass>();
  readonly #ids = new WeakMap<object, number>();
  readonly #adopted = new WeakSet<object>();
  #lastId = 0;

  constructor(
    private readonly describe: (resource: object) => HandleDescription | undefined,
    private readonly onCall: (call: HostCall) => void,
  ) {}

  function(name: string, func: HostFunction): HostFunction {
    return (...args) => this.#call(name, args, () => func(...args));
  }

  /** A class to construct, to ask for static functions and to compare objects with. */
  class(original: HostClass, resource: string, key: string): HostClass {
    const traced = this.#classes.get(original.prototype) ?? {
      resource: shortenText(resource),
      methods: new Map(),
      statics: new Map(),
    };
    this.#classes.set(original.prototype, traced);
    const name = shortened(`${key}#[constructor]${resource}`);
    return new Proxy(original, {
      construct: (target, args) => this.#call(name, args, () => new target(...args)) as object,
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property);
        const traceName = traced.statics.get(property as string);
        return traceName === undefined ? value : this.function(traceName, (value as HostFunction).bind(target));
      },
    });
  }

  addMember(func: string, traceName: string, members: Readonly<Record<string, unknown>>): void {
    const { kind, name, className = "" } = memberOf(func);
    const traced = this.#classes.get((members[className] as HostClass | undefined)?.prototype ?? this);
    if (kind === "method") traced?.methods.set(name, traceName);
    if (kind === "static") traced?.statics.set(name, traceName);
  }

  #call(name: string, args: readonly unknown[], call: () => unknown): unknown {
    // Before the call, which may use a resource up.
    const shown = args.map(this.#shorten);
    const start = performance.now();
    const elapsed = () => Math.round((performance.now() - start) * 1000);
    const returned = <T>(result: T): T => {
      const us = elapsed();
      this.#adopt(result);
      this.onCall({ import: name, args: shown, result: this.#shorten(result), us });
      return result;
    };
    const failed = (error: unknown): never => {
      const us = elapsed();
      this.#adopt(error instanceof Error ? payloadOf(error) : error);
      this.onCall({ import: name, args: shown, error: this.#shortenError(error), us });
      throw error;
    };
    let result: unknown;
    try {
      result = call();
    } catch (error) {
      return failed(error);
    }
    // The guest may wait for async functions, and goes on meanwhile.
    return result instanceof Promise ? follow(result, returned, failed) : returned(result);
  }

  readonly #shorten = (value: unknown): TracedValue => shortenValue(value, this.#describe);

  #shortenError(error: unknown): TracedValue {
    if (error instanceof GuestExit) return { exit: error.code };
    // The guest gets what an error carries, or anything that is no error, for the error case of a result.
    if (error instanceof Error && !("payload" in error)) return shortenText(error.message);
    return this.#shorten(error instanceof Error ? payloadOf(error) : error);
  }

  readonly #describe = (object: object): TracedValue | undefined => {
    const known = this.#classOf(object);
    if (known === undefined) return undefined;
    const handle = { handle: known.resource, id: this.#idOf(object) };
    const { createdBy = "", detail } = this.describe(object) ?? {};
    if (detail === undefined) return handle;
    return createdBy.startsWith("wasi:filesystem/") ? { ...handle, path: detail } : { ...handle, name: detail };
  };

  #idOf(object: object): number {
    const id = this.#ids.get(object) ?? ++this.#lastId;
    this.#ids.set(object, id);
    return id;
  }

  #classOf(object: object): TracedClass | undefined {
    for (let at: object | null = Object.getPrototypeOf(object); at !== null; at = Object.getPrototypeOf(at)) {
      const known = this.#classes.get(at);
      if (known !== undefined) return known;
    }
    return undefined;
  }

  /** Gives the resources in a result the methods that make their calls known. */
  #adopt(value: unknown, seen = new Set<object>()): void {
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || seen.has(value)) return;
    // Component values are trees, but what a caller's functions return may hold more than its type has.
    seen.add(value);
    const known = this.#classOf(value);
    if (known !== undefined) this.#addMethods(value as Record<string, HostFunction>, known);
    else for (const part of Object.values(value)) this.#adopt(part, seen);
  }

  #addMethods(resource: Record<string, HostFunction>, { methods }: TracedClass): void {
    if (this.#adopted.has(resource)) return;
    this.#adopted.add(resource);
    for (const [name, traceName] of methods) {
      const method = resource[name] as HostFunction;
      const value = (...args: unknown[]) =>
        this.#call(traceName, [resource, ...args], () => Reflect.apply(method, resource, args));
      Object.defineProperty(resource, name, { value, configurable: true, writable: true });
    }
  }
}

function payloadOf(error: object): unknown {
  return "payload" in error ? error.payload : undefined;
}
