import { constant, fromI32 } from "./constants.js";
import { callReference, indexType } from "./digest.js";
import {
  type FuncItem,
  type GlobalItem,
  isRef,
  isSubtype,
  type MemoryItem,
  type RefType,
  type TableItem,
} from "./module-model.js";
import type { Prng } from "./prng.js";

/** Data or elements that code may copy from; `flag` is the global that the module's code sets with the drop. */
export interface Segment {
  readonly id: string;
  readonly length: number;
  readonly flag: string | undefined;
  /** Of elements. */
  readonly element: RefType | undefined;
}

/** What the code of a module can work with. */
export interface Surroundings {
  readonly memories: readonly MemoryItem[];
  readonly tables: readonly TableItem[];
  readonly globals: readonly GlobalItem[];
  readonly tags: readonly FuncItem[];
  readonly callable: readonly FuncItem[];
  readonly data: readonly Segment[];
  readonly elements: readonly Segment[];
  readonly useCast: boolean;
  /** Kinds of statements that the case has none of. */
  readonly without: ReadonlySet<number>;
}

/** Kinds of statements; the last is always there. A case leaves some out, so that what they would hide is seen. */
export const STATEMENT_KINDS = 18;
const MAX_PAGES = 4;
const MAX_TABLE = 12;

export interface Statement {
  readonly text: string;
  readonly cost: number;
}

/** Writes statements that change state, or what is in `$x`, and hardly ever trap. */
export class StatementWriter {
  constructor(
    private readonly around: Surroundings,
    private readonly random: Prng,
  ) {}

  /** @param budget - what the statement may cost at most */
  statement(budget: number): Statement {
    for (;;) {
      const kind = this.random.below(STATEMENT_KINDS);
      if (this.around.without.has(kind)) continue;
      const made = this.ofKind(kind, budget);
      if (made !== undefined) return typeof made === "string" ? { text: made, cost: 1 } : made;
    }
  }

  private ofKind(kind: number, budget: number): string | Statement | undefined {
    if (kind === 0) return this.on(this.around.memories, (memory) => this.store(memory));
    if (kind === 1) return this.on(this.around.memories, (memory) => this.load(memory));
    if (kind === 2) return this.on(this.around.memories, (memory) => this.growMemory(memory));
    if (kind === 3) return this.on(this.around.memories, (memory) => this.bulkMemory(memory));
    if (kind === 4) return this.on(this.around.data, (segment) => this.useData(segment));
    if (kind === 5) return this.on(this.around.tables, (table) => this.setEntry(table));
    if (kind === 6) return this.on(this.around.tables, (table) => this.growTable(table));
    if (kind === 7) return this.on(this.around.tables, (table) => this.bulkTable(table));
    if (kind === 8) return this.on(this.around.elements, (segment) => this.useElements(segment));
    if (kind === 9 || kind === 10) return this.on(this.around.tables, (table) => this.callEntry(table));
    if (kind === 11 || kind === 12) return this.on(this.around.globals, (global) => this.setGlobal(global));
    if (kind === 13) return this.on(this.around.globals, (global) => this.callGlobal(global));
    if (kind === 14 || kind === 15) return this.call(budget);
    if (kind === 16) return this.on(this.around.memories, (memory) => this.store(memory));
    return this.random.chance(0.3) ? this.mixIn(this.value()) : undefined;
  }

  private on<T, R>(items: readonly T[], write: (item: T) => R): R | undefined {
    return items.length === 0 ? undefined : write(this.random.pick(items));
  }

  private mixIn(value: string): string {
    return `(local.set $x (i32.add (i32.mul (local.get $x) (i32.const 31)) ${value}))`;
  }

  private value(): string {
    const { random } = this;
    const x = "(local.get $x)";
    if (random.chance(0.3)) return x;
    if (random.chance(0.3)) return constant("i32", random);
    return `(i32.${random.pick(["xor", "add", "mul", "rotl"])} ${x} (i32.const ${random.u32()}))`;
  }

  // Memories

  /** Within the first page, with room for what is done there. */
  private address(memory: { readonly is64: boolean }): string {
    const base = this.random.pick([0, 0, 8, 256, 5000, 40_000, 64_000]);
    const address = `(i32.add (i32.and ${this.value()} (i32.const 511)) (i32.const ${base}))`;
    return memory.is64 ? `(i64.extend_i32_u ${address})` : address;
  }

  private ifPages(memory: MemoryItem, body: string): string {
    if (memory.min > 0) return body;
    const type = indexType(memory);
    return `(if (${type}.ne (memory.size ${memory.id}) (${type}.const 0)) (then ${body}))`;
  }

  private store(memory: MemoryItem): string {
    const type = this.random.pick(["i32", "i32", "i64", "f32", "f64", "v128"] as const);
    const op = type === "i32" && this.random.chance(0.5) ? "i32.store8" : `${type}.store`;
    const value = this.random.chance(0.3) ? constant(type, this.random) : fromI32(type, this.value(), this.random);
    return this.ifPages(memory, `(${op} ${memory.id} ${this.address(memory)} ${value})`);
  }

  private load(memory: MemoryItem): string {
    const op = this.random.pick(["i32.load", "i32.load8_u", "i32.load16_s"]);
    return this.ifPages(memory, this.mixIn(`(${op} ${memory.id} ${this.address(memory)})`));
  }

  private growMemory(memory: MemoryItem): string {
    const type = indexType(memory);
    const grown = `(memory.grow ${memory.id} (${type}.const ${this.random.below(3)}))`;
    const value = memory.is64 ? `(i32.wrap_i64 ${grown})` : grown;
    const small = `(${type}.lt_u (memory.size ${memory.id}) (${type}.const ${MAX_PAGES}))`;
    return `(if ${small} (then ${this.mixIn(value)}))`;
  }

  private bulkMemory(memory: MemoryItem): string {
    const length = this.random.pick([0, 1, 7, 64, 300]);
    if (this.random.chance(0.5)) {
      const byte = this.random.chance(0.4) ? "(i32.const 0)" : this.value();
      return this.ifPages(
        memory,
        `(memory.fill ${memory.id} ${this.address(memory)} ${byte} (${indexType(memory)}.const ${length}))`,
      );
    }
    const source = this.random.pick(this.around.memories);
    const type = memory.is64 && source.is64 ? "i64" : "i32";
    const copy = `(memory.copy ${memory.id} ${source.id} ${this.address(memory)} ${this.address(source)} (${type}.const ${length}))`;
    return this.ifPages(memory, this.ifPages(source, copy));
  }

  private useData(segment: Segment): string {
    const { random } = this;
    if (segment.flag !== undefined && random.chance(0.4)) return dropSegment(segment);
    const [from, length] = this.part(segment);
    if (this.around.memories.length === 0) return this.mixIn("(i32.const 1)");
    const memory = random.pick(this.around.memories);
    const init = `(memory.init ${memory.id} ${segment.id} ${this.address(memory)} (i32.const ${from}) (i32.const ${length}))`;
    return this.ifPages(memory, unlessDropped(segment, init));
  }

  /** Nothing of an active segment, which is dropped already. */
  private part({ flag, length }: Segment): [number, number] {
    if (flag === undefined) return [0, 0];
    const from = this.random.below(length + 1);
    return [from, this.random.below(length - from + 1)];
  }

  // Tables

  private ifEntries(table: TableItem, body: string): string {
    if (table.min > 0) return body;
    const type = indexType(table);
    return `(if (${type}.ne (table.size ${table.id}) (${type}.const 0)) (then ${body}))`;
  }

  /** Below the size, which is not zero. */
  private slot(table: TableItem): string {
    const size = `(table.size ${table.id})`;
    return table.is64
      ? `(i64.rem_u (i64.extend_i32_u ${this.value()}) ${size})`
      : `(i32.rem_u ${this.value()} ${size})`;
  }

  /** An expression of the type. */
  reference(type: RefType): string {
    const { random, around } = this;
    const tables = around.tables.filter(({ element, min }) => min > 0 && isSubtype(element, type));
    const globals = around.globals.filter(({ value }) => isRef(value) && isSubtype(value, type));
    const kind = random.below(5);
    if (kind === 0 && tables.length > 0) {
      const table = random.pick(tables);
      return `(table.get ${table.id} ${this.slot(table)})`;
    }
    if (kind === 1 && globals.length > 0) return `(global.get ${random.pick(globals).id})`;
    if (kind === 2 && type !== "(ref $tag)") return type === "funcref" ? "(ref.null func)" : "(ref.null $tag)";
    return `(ref.func ${random.pick(around.tags).id})`;
  }

  private setEntry(table: TableItem): string {
    return this.ifEntries(table, `(table.set ${table.id} ${this.slot(table)} ${this.reference(table.element)})`);
  }

  private growTable(table: TableItem): string {
    const type = indexType(table);
    const grown = `(table.grow ${table.id} ${this.reference(table.element)} (${type}.const ${this.random.below(4)}))`;
    const small = `(${type}.lt_u (table.size ${table.id}) (${type}.const ${MAX_TABLE}))`;
    return `(if ${small} (then ${this.mixIn(table.is64 ? `(i32.wrap_i64 ${grown})` : grown)}))`;
  }

  /** One entry, so that it is in bounds, or all from the start. */
  private bulkTable(table: TableItem): string {
    const type = indexType(table);
    if (this.random.chance(0.4)) {
      const fill = this.random.chance(0.5)
        ? `(table.fill ${table.id} ${this.slot(table)} ${this.reference(table.element)} (${type}.const 1))`
        : `(table.fill ${table.id} (${type}.const 0) ${this.reference(table.element)} (table.size ${table.id}))`;
      return this.ifEntries(table, fill);
    }
    const source = this.random.pick(this.around.tables.filter(({ element }) => isSubtype(element, table.element)));
    const length = `(${table.is64 && source.is64 ? "i64" : "i32"}.const 1)`;
    const copy = `(table.copy ${table.id} ${source.id} ${this.slot(table)} ${this.slot(source)} ${length})`;
    return this.ifEntries(table, this.ifEntries(source, copy));
  }

  private useElements(segment: Segment): string {
    const { random } = this;
    if (segment.flag !== undefined && random.chance(0.4)) return dropSegment(segment);
    const tables = this.around.tables.filter(({ element }) => isSubtype(segment.element ?? "funcref", element));
    if (tables.length === 0) return this.mixIn("(i32.const 2)");
    const table = random.pick(tables);
    const from = segment.flag === undefined ? 0 : random.below(segment.length);
    const length = segment.flag === undefined ? 0 : 1;
    const init = `(table.init ${table.id} ${segment.id} ${this.slot(table)} (i32.const ${from}) (i32.const ${length}))`;
    return this.ifEntries(table, unlessDropped(segment, init));
  }

  private callEntry(table: TableItem): string {
    const local = table.is64 ? "$j" : "$i";
    const called = `(call_indirect ${table.id} (type $tag) (local.get ${local}))`;
    const body = `(local.set ${local} ${this.slot(table)})
      (if (i32.eqz (ref.is_null (table.get ${table.id} (local.get ${local})))) (then ${this.mixIn(called)}))`;
    return this.ifEntries(table, body);
  }

  // Globals and functions

  private setGlobal({ id, value, mutable }: GlobalItem): string | undefined {
    if (!mutable) return undefined;
    const { random } = this;
    if (isRef(value)) return `(global.set ${id} ${this.reference(value)})`;
    const number = random.chance(0.4) ? constant(value, random) : fromI32(value, this.value(), random);
    return `(global.set ${id} ${number})`;
  }

  private callGlobal({ id, value }: GlobalItem): string | undefined {
    if (!isRef(value)) return value === "i32" ? this.mixIn(`(global.get ${id})`) : undefined;
    const called = callReference(`(global.get ${id})`, value, this.around.useCast);
    return `(if (i32.eqz (ref.is_null (global.get ${id}))) (then ${this.mixIn(called)}))`;
  }

  private call(budget: number): Statement | undefined {
    const affordable = this.around.callable.filter(({ cost }) => cost < budget);
    return this.on(affordable, ({ id, type, cost }) => ({
      text: this.mixIn(type === "tag" ? `(call ${id})` : `(call ${id} ${this.value()})`),
      cost: cost + 1,
    }));
  }
}

/** Drops a passive segment, and says so to the code that would use it. */
export function dropSegment({ id, flag, element }: Segment): string {
  return `(global.set ${flag} (i32.const 1)) (${element === undefined ? "data" : "elem"}.drop ${id})`;
}

function unlessDropped({ flag }: Segment, body: string): string {
  return flag === undefined ? body : `(if (i32.eqz (global.get ${flag})) (then ${body}))`;
}
