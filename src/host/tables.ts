import { type ConstExpr, type ConstValue, evaluateConstExpr } from "../binary/const-expr.js";
import { ComponentInitError } from "../errors.js";
import { lookUp, type RunningInstance } from "../instrument/access.js";
import type { ModuleState } from "../instrument/model.js";

/** A function of a core instance, by its position and the function's index. */
export interface FunctionPlace {
  readonly instance: number;
  readonly index: number;
  /** Whether the instance's module defines it: an import is another instance's, or the host's. */
  readonly isDefined: boolean;
}

/** What is in a table that a core instance defines. */
export interface TableContents {
  /** Position of the instance that defines it. */
  readonly instance: number;
  readonly index: number;
  readonly contents: readonly unknown[];
}

/** Stands for a reference that is not null and that JavaScript cannot look at: an exception or a continuation. */
export const UNREADABLE = Object.freeze({});

type TableReader = (index: number | bigint) => unknown;

interface TableRecord {
  readonly instance: number;
  readonly index: number;
  /** What instantiation alone puts in. */
  readonly contents: unknown[];
  isGrown: boolean;
}

/** What an active element segment put into a table. */
export interface GivenElements {
  readonly instance: number;
  readonly functions: readonly (number | undefined)[];
  readonly elements: readonly unknown[];
}

/**
 * Knows what instantiation alone puts into every table, and so whether the guest changed one. The contents that an
 * element segment gave are taken from the table right after the instance was made, before its start function or
 * anything else of the guest ran.
 */
export class TableWatch {
  private readonly expected = new Map<WebAssembly.Table, TableRecord>();
  private readonly readers = new Map<WebAssembly.Table, TableReader>();
  readonly given: GivenElements[] = [];

  /** To be called when an instance was made and before its start function is called. */
  afterInstantiation(state: ModuleState, running: RunningInstance, instance: number): void {
    const tables = state.tables.map((access) => lookUp(access, running) as WebAssembly.Table);
    for (const { table, exportName } of state.tableProbes) {
      const isNull = running.exports[exportName] as (index: number | bigint) => number;
      this.readers.set(tables[table] as WebAssembly.Table, (index) => (isNull(index) ? null : UNREADABLE));
    }
    tables.forEach((table, index) => {
      if (this.expected.has(table)) return;
      this.expected.set(table, { instance, index, contents: this.contentsOf(table), isGrown: false });
    });
    for (const { table, offset, functions } of state.activeElements) {
      const target = tables[table] as WebAssembly.Table;
      const start = startOf(offset, (index) => globalValue(state, index, running));
      const elementAt = this.reader(target);
      const elements = functions.map((_, i) => elementAt(start + i));
      this.given.push({ instance, functions, elements });
      this.expect(target, start, elements);
    }
  }

  private expect(table: WebAssembly.Table, start: number, elements: readonly unknown[]): void {
    const record = this.expected.get(table) as TableRecord;
    // The segment fits only because someone made the table larger.
    if (start + elements.length > record.contents.length) record.isGrown = true;
    else for (const [i, element] of elements.entries()) record.contents[start + i] = element;
  }

  /** The tables whose contents are no longer those of instantiation. */
  changed(): TableContents[] {
    const changed = [...this.expected].filter(
      ([table, { contents, isGrown }]) => isGrown || this.isChanged(table, contents),
    );
    return changed.map(([table, { instance, index }]) => ({ instance, index, contents: this.contentsOf(table) }));
  }

  all(): TableContents[] {
    const tables = [...this.expected];
    return tables.map(([table, { instance, index }]) => ({ instance, index, contents: this.contentsOf(table) }));
  }

  private isChanged(table: WebAssembly.Table, expected: readonly unknown[]): boolean {
    const length = Number(table.length);
    if (length !== expected.length) return true;
    const elementAt = this.reader(table);
    for (let i = 0; i < length; i++) {
      const element = elementAt(i);
      // A garbage-collected object may have changed without becoming another one.
      if (element !== expected[i] || isObject(element)) return true;
    }
    return false;
  }

  /** The same reference is the same JavaScript value each time, so contents compare by identity. */
  private contentsOf(table: WebAssembly.Table): unknown[] {
    const elementAt = this.reader(table);
    const contents = new Array<unknown>(Number(table.length));
    for (let i = 0; i < contents.length; i++) contents[i] = elementAt(i);
    return contents;
  }

  /** A 64-bit table has BigInt indices and length. */
  private reader(table: WebAssembly.Table): (index: number) => unknown {
    const read = this.readers.get(table) ?? ((index: number | bigint) => table.get(index as number));
    return typeof table.length === "bigint" ? (index) => read(BigInt(index)) : read;
  }
}

/**
 * Says which function a reference is. The JS API gives one object for one function (JS API, "a new Exported Function"),
 * whether it comes out of a table, a global or the exports of an instance.
 */
export class FunctionIndex {
  private places: Map<unknown, FunctionPlace> | undefined;

  constructor(
    private readonly given: readonly GivenElements[],
    private readonly instances: readonly VisibleInstance[],
  ) {}

  /** @returns `undefined` for what is no function of a core instance */
  find(reference: unknown): FunctionPlace | undefined {
    this.places ??= this.index();
    return this.places.get(reference);
  }

  /** Most runs change no table, and a large program has tens of thousands of functions in one. */
  private index(): Map<unknown, FunctionPlace> {
    const places = new Map<unknown, FunctionPlace>();
    const note = (reference: unknown, instance: number, index: number) => {
      const isDefined = index >= (this.instances[instance] as VisibleInstance).module.state.importedFunctions;
      // The instance that defines it says more than one that imports it.
      if (isDefined || !places.has(reference)) places.set(reference, { instance, index, isDefined });
    };
    for (const { instance, functions, elements } of this.given) {
      functions.forEach((index, i) => {
        if (index !== undefined) note(elements[i], instance, index);
      });
    }
    this.instances.forEach(({ module, exports }, instance) => {
      for (const { index, exportName } of module.state.functions) note(exports[exportName], instance, index);
    });
    return places;
  }
}

interface VisibleInstance {
  readonly module: { readonly state: ModuleState };
  readonly exports: WebAssembly.Exports;
}

function startOf(offset: ConstExpr, global: (index: number) => ConstValue | undefined): number {
  const value = evaluateConstExpr(offset, global);
  if (value === undefined) {
    throw new ComponentInitError("unsupported", "an element segment has an offset that is not an integer constant");
  }
  return typeof value === "number" ? value >>> 0 : Number(BigInt.asUintN(64, value));
}

function globalValue(state: ModuleState, index: number, instance: RunningInstance): number | bigint | undefined {
  const access = state.allGlobals[index];
  const global = access && lookUp(access, instance);
  return global instanceof WebAssembly.Global ? (global.value as number | bigint) : undefined;
}

export function isObject(reference: unknown): boolean {
  return typeof reference === "object" && reference !== null;
}
