import { follow } from "../abi/host-func.js";
import { isError } from "../abi/thrown.js";
import type { ImportedInterface } from "../component/resolve.js";
import { stackOf, withDeepStack } from "../deep-stack.js";
import { ComponentInitError } from "../errors.js";
import { stackFrames } from "../stack-frames.js";
import { toCamelCase } from "../wave/js-names.js";
import { denialOf, grantOf } from "./grants.js";
import type { Refusals } from "./refusals.js";

/** What an import is called in messages: `wasi:http/types@0.2.10#[method]fields.get`. */
function importName(item: ImportedInterface, func: string): string {
  return func === "" ? item.name : `${item.name}#${func}`;
}

/**
 * The key under which an interface is provided: its name without the version. Interfaces of WASI 0.3 have names
 * of 0.2 and other functions, and no two drafts of them are alike.
 */
export function importKey(name: string): string {
  const { base, version } = splitVersion(name);
  if (!base.startsWith("wasi:") || !/^0\.3(\.|$)/.test(version)) return base;
  return /^0\.3(\.\d+)?$/.test(version) ? `${base}@0.3` : name;
}

function splitVersion(name: string): { base: string; version: string } {
  const at = name.lastIndexOf("@");
  return at < 0 ? { base: name, version: "" } : { base: name.slice(0, at), version: name.slice(at + 1) };
}

type HostFunction = (...args: unknown[]) => unknown;
export type ImportObject = Record<string, Record<string, unknown>>;
/** By interface without version, in jco's conventions. */
export type Provided = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface ImportSources {
  /** What the host has. */
  readonly host: Provided;
  /** What the caller gives. An interface of his takes the place of the host's. */
  readonly given: Provided;
}

/**
 * All that a component imports: what is provided, and for every function and resource that is not a stand-in that
 * says so when the guest uses it. Guests import far more than their initialization calls.
 */
export function completeImports(
  interfaces: readonly ImportedInterface[],
  { host, given }: ImportSources,
  refusals: Refusals,
): ImportObject {
  const provided: Provided = { ...host, ...given };
  // Without prototypes, or an import called `to-string` would find the one that every object has.
  const imports: ImportObject = Object.create(null);
  for (const item of interfaces) {
    const key = importKey(item.name);
    const refuse = Object.hasOwn(given, key) ? refuseMissing : refuseUngranted;
    const refusal: Refusal = (func) => refuse(item, func, refusals);
    const members = (imports[key] ??= Object.assign(
      Object.create(null),
      Object.hasOwn(provided, key) ? provided[key] : {},
    ));
    for (const resource of item.resources) addResource(item, resource, members, refusal);
    for (const func of item.functions) if (!func.startsWith("[")) addFunction(func, members, refusal);
  }
  return imports;
}

/** By these keys, whether or not the caller has written versions. */
export function unversioned(provided: Provided): Provided {
  return Object.fromEntries(Object.entries(provided).map(([name, members]) => [importKey(name), members]));
}

/**
 * The caller's functions, which the guest cannot wait for unless their type is async: a promise would be lowered as if it
 * were the value. An `Error` that one throws is none of the guest's, and says so. Classes stay as they are.
 */
export function synchronous(
  provided: Provided,
  interfaces: readonly ImportedInterface[],
  onFailure: (error: Error) => void,
): Provided {
  const awaited = new Set(
    interfaces.flatMap(({ name, asyncFunctions = [] }) =>
      [...asyncFunctions].map((func) => `${importKey(name)}#${memberOf(func).name}`),
    ),
  );
  return mapValues(provided, (members, name) =>
    mapValues(members, (member, func) =>
      typeof member === "function" && !/^[A-Z]/.test(func)
        ? (awaited.has(`${name}#${func}`) ? followed : checked)(member as HostFunction, `${name}#${func}`, onFailure)
        : member,
    ),
  );
}

type OnFailure = (error: Error) => void;

/** One that may return a promise. */
function followed(func: HostFunction, name: string, onFailure: OnFailure): HostFunction {
  return function (this: unknown, ...args) {
    const result = attempt(() => func.apply(this, args), name, onFailure);
    if (!(result instanceof Promise)) return result;
    return follow(
      result,
      (value) => value,
      (cause) => fail(cause, name, onFailure),
    );
  };
}

function checked(func: HostFunction, name: string, onFailure: OnFailure): HostFunction {
  return function (this: unknown, ...args) {
    const result = attempt(() => func.apply(this, args), name, onFailure);
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

function attempt(call: () => unknown, name: string, onFailure: OnFailure): unknown {
  try {
    return call();
  } catch (cause) {
    return fail(cause, name, onFailure);
  }
}

/** What is thrown is the error case of a result, an `Error` only where it carries one as its `payload`. */
function fail(cause: unknown, name: string, onFailure: OnFailure): never {
  if (!isError(cause) || Object.hasOwn(cause, "payload") || cause instanceof ComponentInitError) throw cause;
  const message = `the import ${name} that was provided threw ${cause.name}: ${cause.message}`;
  const details = ownFrames(cause);
  const error = withDeepStack(() => new ComponentInitError("init-trapped", message, { cause, details }));
  onFailure(error);
  throw error;
}

/** The frames of the caller's code: all above the first of this module. */
function ownFrames(error: Error): string[] {
  const frames = stackFrames(stackOf(error));
  const end = frames.findIndex((frame) => frame.includes(import.meta.url) || frame.includes(import.meta.filename));
  return frames.slice(0, end < 0 ? undefined : end).map((frame) => `  ${frame.trim()}`);
}

function mapValues<T, U>(object: Readonly<Record<string, T>>, map: (value: T, name: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value, name)]));
}

type Refusal = (func: string) => HostFunction;

/** Classes are shared by all runs of a process; each has the refusals of its own run. */
const refusalsOf = new WeakMap<object, Refusal>();

function addFunction(func: string, members: Record<string, unknown>, refusal: Refusal): void {
  members[memberOf(func).name] ??= refusal(func);
}

function addResource(
  item: ImportedInterface,
  resource: string,
  members: Record<string, unknown>,
  refusal: Refusal,
): void {
  const className = toPascalCase(resource);
  const known = (members[className] ??= refusedClass(refusal(`[constructor]${resource}`))) as {
    prototype: Record<string, unknown>;
  } & Record<string, unknown>;
  refusalsOf.set(known, refusal);
  const current: Refusal = (func) => () => refusalsOf.get(known)?.(func)();
  for (const func of item.functions) {
    const member = memberOf(func);
    if (member.className !== className) continue;
    const target = member.kind === "method" ? known.prototype : member.kind === "static" ? known : undefined;
    if (target !== undefined && !provides(target, member.name)) define(target, member.name, current(func));
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

/** Where jco's conventions have a function of an interface. */
export type Member =
  | { readonly kind: "function"; readonly name: string; readonly className?: undefined }
  | { readonly kind: "constructor" | "method" | "static"; readonly name: string; readonly className: string };

/** @param func - as WIT names it: `open-all`, `[method]table.get-row`; a function that is an import itself has no name */
export function memberOf(func: string): Member {
  const [, kind, resource = "", name = ""] = /^\[(constructor|method|static)\]([^.]+)(?:\.(.*))?$/.exec(func) ?? [];
  // A function that the world imports by itself is the default export of its name.
  if (kind === undefined) return { kind: "function", name: func === "" ? "default" : toCamelCase(func) };
  return { kind: kind as "constructor", name: toCamelCase(name), className: toPascalCase(resource) };
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

function refuseUngranted(item: ImportedInterface, func: string, refusals: Refusals): HostFunction {
  const name = importName(item, func);
  const grant = grantOf(item);
  const denial = denialOf(item, func);
  if (denial !== undefined) return () => refusals.deny(name, grant, denial);
  return () => refusals.trap(`initialization called the import ${name}, which is not granted: give it with ${grant}`);
}

function refuseMissing(item: ImportedInterface, func: string, refusals: Refusals): HostFunction {
  const message =
    `initialization called the import ${importName(item, func)}, but what is given for ${item.name} has no ` +
    describeMember(memberOf(func));
  return () => refusals.trap(message);
}

function describeMember({ kind, name, className }: Member): string {
  if (kind === "function") return name === "default" ? "default export" : `function ${name}`;
  if (kind === "constructor") return `class ${className}`;
  return `${kind === "static" ? "static function" : "method"} ${name} in its class ${className}`;
}

function toPascalCase(name: string): string {
  const camel = toCamelCase(name);
  return camel.charAt(0).toUpperCase() + camel.slice(1);
}
