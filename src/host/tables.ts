import { type ConstExpr, type ConstValue, evaluateConstExpr } from "../binary/const-expr.js";
import { ComponentInitError } from "../errors.js";
import type { Access, ModuleState } from "../instrument/model.js";

/** A core instance that runs, with what it was given. */
export interface RunningInstance {
  readonly exports: WebAssembly.Exports;
  readonly imports: WebAssembly.Imports;
}

/** What an access stands for in a running instance. */
export function lookUp(access: Access, { exports, imports }: RunningInstance): WebAssembly.ExportValue {
  const value = access.kind === "export" ? exports[access.name] : imports[access.module]?.[access.name];
  return value as WebAssembly.ExportValue;
}

/**
 * Knows what instantiation alone puts into every table, and so whether the guest changed one. The contents that an
 * element segment gave are taken from the table right after the instance was made, before its start function or
 * anything else of the guest ran.
 */
export class TableWatch {
  private readonly expected = new Map<WebAssembly.Table, { contents: unknown[]; owner: string; isGrown: boolean }>();

  /** To be called when an instance was made and before its start function is called. */
  afterInstantiation(state: ModuleState, instance: RunningInstance, owner: string): void {
    const tables = state.tables.map((access) => lookUp(access, instance) as WebAssembly.Table);
    for (const table of tables) {
      if (!this.expected.has(table))
        this.expected.set(table, { contents: contentsOf(table, 0, Number(table.length)), owner, isGrown: false });
    }
    for (const { table, offset, length } of state.activeElements) {
      const target = tables[table] as WebAssembly.Table;
      const start = startOf(offset, (index) => globalValue(state, index, instance));
      const record = this.expected.get(target) as { contents: unknown[]; isGrown: boolean };
      // The segment fits only because someone made the table larger.
      if (start + length > record.contents.length) record.isGrown = true;
      else for (let i = start; i < start + length; i++) record.contents[i] = elementAt(target, i);
    }
  }

  /** The instances that own a table whose contents are no longer those of instantiation. */
  changed(): { owner: string; index: number }[] {
    const changed: { owner: string; index: number }[] = [];
    for (const [table, { contents, owner, isGrown }] of this.expected) {
      const index = isGrown ? contents.length : firstDifference(table, contents);
      if (index !== undefined) changed.push({ owner, index });
    }
    return changed;
  }
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

/** The same reference is the same JavaScript value each time, so contents compare by identity. */
function contentsOf(table: WebAssembly.Table, start: number, length: number): unknown[] {
  const contents: unknown[] = [];
  for (let i = 0; i < length; i++) contents.push(elementAt(table, start + i));
  return contents;
}

/** A 64-bit table has BigInt indices and length. */
function elementAt(table: WebAssembly.Table, index: number): unknown {
  return table.get((typeof table.length === "bigint" ? BigInt(index) : index) as number);
}

function firstDifference(table: WebAssembly.Table, expected: readonly unknown[]): number | undefined {
  const length = Number(table.length);
  if (length !== expected.length) return Math.min(length, expected.length);
  for (let i = 0; i < length; i++) {
    const element = elementAt(table, i);
    // A garbage-collected object may have changed without becoming another one.
    if (element !== expected[i] || isObject(element)) return i;
  }
  return undefined;
}

export function isObject(reference: unknown): boolean {
  return typeof reference === "object" && reference !== null;
}
