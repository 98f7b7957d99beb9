import { type HandleOrigin, type HandleTracker, Resource } from "../../handles.js";
import type { NetworkContext } from "../network-context.js";
import type { HeaderList } from "../protocol.js";

export const TYPES = "wasi:http/types";

export interface HttpContext extends NetworkContext {
  /** Fields of the class that is provided: guests construct some themselves. */
  newFields(list: HeaderList, isMutable: boolean, origin: HandleOrigin): Fields;
}

interface HeaderError {
  /** The last one is of 0.3. */
  readonly tag: "invalid-syntax" | "forbidden" | "immutable" | "size-exceeded";
}

/** Those that Wasmtime leaves to the host: they belong to the connection. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  "connection",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** RFC 9110, `token`. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** RFC 9110, `field-value`, as Latin-1. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** A peer's headers as a guest may see them. */
export function withoutForbidden(list: HeaderList): HeaderList {
  return list.filter(([name]) => !FORBIDDEN.has(name.toLowerCase()));
}

/** The resource `fields`, of any version. Values are kept as Latin-1, which holds any bytes. */
export abstract class FieldsResource extends Resource {
  readonly #isMutable: boolean;
  #list: HeaderList;

  /** @param types - the interface that declares it */
  constructor(handles: HandleTracker, types: string, list: HeaderList, isMutable: boolean, origin: HandleOrigin) {
    super(handles, { type: "fields", interface: types }, origin);
    this.#list = list;
    this.#isMutable = isMutable;
  }

  /** What goes on the wire. */
  get list(): HeaderList {
    return this.#list;
  }

  get(name: string): Uint8Array[] {
    return this.#list.filter((field) => isNamed(field, name)).map(([, value]) => toBytes(value));
  }

  has(name: string): boolean {
    return this.#list.some((field) => isNamed(field, name));
  }

  set(name: string, values: readonly Uint8Array[]): void {
    this.#checkMutable();
    const added = values.map((value) => checkedField(name, value));
    checkName(name);
    this.change([...this.#list.filter((field) => !isNamed(field, name)), ...added]);
  }

  delete(name: string): void {
    this.#checkMutable();
    checkName(name);
    this.#list = this.#list.filter((field) => !isNamed(field, name));
  }

  append(name: string, value: Uint8Array): void {
    this.#checkMutable();
    this.change([...this.#list, checkedField(name, value)]);
  }

  protected change(list: HeaderList): void {
    this.#list = list;
  }

  protected allEntries(): [string, Uint8Array][] {
    return this.#list.map(([name, value]) => [name, toBytes(value)]);
  }

  #checkMutable(): void {
    if (!this.#isMutable) failHeader({ tag: "immutable" });
  }
}

/** The resource of WASI 0.2. */
export class Fields extends FieldsResource {
  readonly #context: HttpContext;

  constructor(context: HttpContext, list: HeaderList, isMutable: boolean, origin: HandleOrigin) {
    super(context.handles, TYPES, list, isMutable, origin);
    this.#context = context;
  }

  entries(): [string, Uint8Array][] {
    return this.allEntries();
  }

  clone(): Fields {
    return this.#context.newFields(this.list, true, { createdBy: `${TYPES}#[method]fields.clone` });
  }
}

export function checkedFields(entries: readonly (readonly [string, Uint8Array])[]): HeaderList {
  return entries.map(([name, value]) => checkedField(name, value));
}

function checkedField(name: string, bytes: Uint8Array): HeaderList[number] {
  checkName(name);
  const value = Buffer.from(bytes).toString("latin1");
  if (!VALUE.test(value)) failHeader({ tag: "invalid-syntax" });
  return [name, value];
}

function checkName(name: string): void {
  if (!isToken(name)) failHeader({ tag: "invalid-syntax" });
  if (FORBIDDEN.has(name.toLowerCase())) failHeader({ tag: "forbidden" });
}

function isNamed([own]: HeaderList[number], name: string): boolean {
  return own.toLowerCase() === name.toLowerCase();
}

function toBytes(value: string): Uint8Array {
  return Uint8Array.from(Buffer.from(value, "latin1"));
}

export function failHeader(error: HeaderError): never {
  throw error;
}
