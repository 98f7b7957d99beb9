import { type HandleOrigin, type HandleTracker, Resource } from "../../handles.js";
import { trap } from "../../trap.js";
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

/** Wasmtime's limit for all names and values that a guest puts together. */
export const MAX_FIELDS_SIZE = 128 * 1024;

/** How much space names and values take. */
export function sizeOf(list: HeaderList): number {
  return list.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
}

interface Field {
  readonly field: HeaderList[number];
  /** Where it is among all. */
  readonly at: number;
}

/** The resource `fields`, of any version. Values are kept as Latin-1, which holds any bytes. */
export abstract class FieldsResource extends Resource {
  readonly #isMutable: boolean;
  /** By name in lower case. */
  readonly #fields = new Map<string, Field[]>();
  #size = 0;
  #count = 0;

  /** @param types - the interface that declares it */
  constructor(handles: HandleTracker, types: string, list: HeaderList, isMutable: boolean, origin: HandleOrigin) {
    super(handles, { type: "fields", interface: types }, origin);
    for (const field of list) this.#add(field);
    this.#isMutable = isMutable;
  }

  /** What goes on the wire. */
  get list(): HeaderList {
    const all = [...this.#fields.values()].flat().sort((a, b) => a.at - b.at);
    return all.map(({ field }) => field);
  }

  get(name: string): Uint8Array[] {
    return this.#named(name).map(({ field: [, value] }) => toBytes(value));
  }

  has(name: string): boolean {
    return this.#named(name).length > 0;
  }

  set(name: string, values: readonly Uint8Array[]): void {
    this.#checkMutable();
    checkName(name);
    const added = values.map((value) => checkedField(name, value));
    this.#checkRoom(sizeOf(added) - this.#sizeOf(name));
    this.#remove(name);
    for (const field of added) this.#add(field);
  }

  delete(name: string): void {
    this.#checkMutable();
    checkName(name);
    this.#remove(name);
  }

  append(name: string, value: Uint8Array): void {
    this.#checkMutable();
    const field = checkedField(name, value);
    this.#checkRoom(sizeOf([field]));
    this.#add(field);
  }

  protected allEntries(): [string, Uint8Array][] {
    return this.list.map(([name, value]) => [name, toBytes(value)]);
  }

  /** There would be too much in it. */
  protected abstract failSize(): never;

  #named(name: string): readonly Field[] {
    return this.#fields.get(name.toLowerCase()) ?? [];
  }

  #sizeOf(name: string): number {
    return sizeOf(this.#named(name).map(({ field }) => field));
  }

  #add(field: HeaderList[number]): void {
    const key = field[0].toLowerCase();
    const added = { field, at: this.#count++ };
    const known = this.#fields.get(key);
    if (known === undefined) this.#fields.set(key, [added]);
    else known.push(added);
    this.#size += sizeOf([field]);
  }

  #remove(name: string): void {
    this.#size -= this.#sizeOf(name);
    this.#fields.delete(name.toLowerCase());
  }

  #checkRoom(more: number): void {
    if (this.#size + more > MAX_FIELDS_SIZE) this.failSize();
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

  protected override failSize(): never {
    return failSize02();
  }
}

/** @param onSize - there is too much in them */
export function checkedFields(
  entries: readonly (readonly [string, Uint8Array])[],
  onSize: () => never = failSize02,
): HeaderList {
  const list = entries.map(([name, value]) => checkedField(name, value));
  return sizeOf(list) > MAX_FIELDS_SIZE ? onSize() : list;
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

/** As in Wasmtime: `header-error` of 0.2 has no case for it. */
function failSize02(): never {
  return trap(`${TYPES}#fields has more than ${MAX_FIELDS_SIZE} bytes of names and values`);
}

function toBytes(value: string): Uint8Array {
  return Uint8Array.from(Buffer.from(value, "latin1"));
}

export function failHeader(error: HeaderError): never {
  throw error;
}
