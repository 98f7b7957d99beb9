import { constant } from "./constants.js";
import { observers, SCRATCH } from "./digest.js";
import {
  ENV_COST,
  type EnvImport,
  type FuncItem,
  type GeneratedModule,
  type GlobalItem,
  type Item,
  isRef,
  isSubtype,
  MAX_COST,
  type MemoryItem,
  type NumberType,
  type RefType,
  type Slot,
  type TableItem,
} from "./module-model.js";
import type { Prng } from "./prng.js";
import { dropSegment, type Segment, StatementWriter } from "./statements.js";

const NUMBERS: readonly NumberType[] = ["i32", "i64", "f32", "f64", "v128"];
const REFS: readonly RefType[] = ["funcref", "funcref", "(ref null $tag)", "(ref $tag)"];

/** A part of the text that may be left out, to make a failing case smaller. */
export type Optional = (text: string) => string;

export interface ModuleOptions {
  readonly id: string;
  /** Modules to import from. */
  readonly earlier: readonly GeneratedModule[];
  /** A number that no other module has, so that functions' results tell modules apart. */
  readonly number: number;
  readonly random: Prng;
  readonly optional: Optional;
  readonly mayStart: boolean;
  readonly without: ReadonlySet<number>;
}

/** Writes one random core module. */
export function generateModule(options: ModuleOptions): GeneratedModule {
  return new ModuleWriter(options).write();
}

class ModuleWriter {
  private readonly memories: MemoryItem[] = [];
  private readonly tables: TableItem[] = [];
  private readonly globals: GlobalItem[] = [];
  private readonly tags: FuncItem[] = [];
  private readonly callable: FuncItem[] = [];
  private readonly ops: FuncItem[] = [];
  private readonly data: Segment[] = [];
  private readonly elements: Segment[] = [];
  private readonly exports = new Map<string, Item>();
  private readonly slots: Slot[] = [];
  private readonly env: EnvImport[] = [];
  private readonly imports: string[] = [];
  private readonly definitions: string[] = [];
  private readonly functions: string[] = [];
  private readonly probes: string[] = [];
  private readonly random: Prng;
  private readonly useCast: boolean;
  private initCost = 0;

  constructor(private readonly options: ModuleOptions) {
    this.random = options.random;
    this.useCast = this.random.chance(0.3);
  }

  write(): GeneratedModule {
    const { id } = this.options;
    this.importItems();
    this.importEnv();
    this.declareTags();
    this.defineMemories();
    this.defineTables();
    this.defineGlobals();
    this.writeTags();
    this.defineData();
    this.defineElements();
    this.exportItems();
    this.writeOps();
    this.writeProbes();
    this.writeEntryPoints();
    return {
      id,
      text: this.text(),
      slots: this.slots,
      env: this.env,
      exports: this.exports,
      ops: this.ops,
      probes: this.probes,
      initCost: this.initCost,
    };
  }

  private text(): string {
    const parts = [
      "(type $tag (func (result i32)))",
      "(type $op (func (param i32) (result i32)))",
      ...this.imports,
      "(global $cell (mut i32) (i32.const 0))",
      ...this.definitions,
      ...(this.useCast ? [] : [`(table ${SCRATCH} 1 1 funcref)`]),
      `(elem declare func ${this.tags.map((tag) => tag.id).join(" ")})`,
      ...this.functions,
      '(func (export "id") (param i32) (global.set $cell (local.get 0)))',
      observers(this.memories, this.tables, this.globals, this.useCast),
    ];
    return `(core module ${this.options.id}\n  ${parts.filter((part) => part !== "").join("\n  ")})`;
  }

  // Imports

  private importItems(): void {
    const { random } = this;
    if (this.options.earlier.length === 0) return;
    for (let i = random.pick([0, 1, 1, 2]); i > 0; i--) {
      const module = random.pick(this.options.earlier);
      // Constants are what segments' offsets are made of.
      const chosen = [...module.exports].filter(([, item]) => random.chance(isConstant(item) ? 0.9 : 0.5));
      const name = `s${this.slots.length}`;
      for (const [field, item] of chosen) this.importItem(name, field, item);
      const items = chosen.map(([field, { kind }]) => ({ export: field, kind }));
      if (items.length > 0) this.slots.push({ name, module, items });
    }
  }

  private importItem(slot: string, field: string, item: Item): void {
    const id = `$${slot}_${field}`;
    const add = (type: string) => this.imports.push(`(import "${slot}" "${field}" ${type})`);
    if (item.kind === "func") {
      add(`(func ${id} (type $${item.type}))`);
      const imported: FuncItem = { ...item, id, imported: true };
      this.callable.push(imported);
      if (item.type === "tag") this.tags.push(imported);
      return;
    }
    if (item.kind === "global") {
      add(`(global ${id} ${item.mutable ? `(mut ${item.value})` : item.value})`);
      this.globals.push({ ...item, id, imported: true });
      return;
    }
    const limits = this.importedLimits(item);
    if (item.kind === "memory") {
      const memory: MemoryItem = { ...item, ...limits, id, imported: true };
      add(`(memory ${id} ${formatLimits(memory)})`);
      this.memories.push(memory);
    } else {
      const table: TableItem = { ...item, ...limits, id, imported: true };
      add(`(table ${id} ${formatLimits(table)} ${table.element})`);
      this.tables.push(table);
    }
  }

  /** An import may ask for less than it gets. */
  private importedLimits({ min, max }: MemoryItem | TableItem): { min: number; max: number | undefined } {
    const { random } = this;
    const asked = random.chance(0.6) ? min : random.between(0, min);
    return { min: asked, max: max === undefined || random.chance(0.3) ? undefined : max + random.pick([0, 0, 1, 5]) };
  }

  private importEnv(): void {
    const { random } = this;
    for (let i = random.pick([0, 0, 1, 2, 3]); i > 0; i--) {
      const type = random.chance(0.8) ? "op" : "tag";
      const name = `f${this.env.length}`;
      const item: FuncItem = { kind: "func", id: `$env_${name}`, type, cost: ENV_COST, imported: true };
      this.imports.push(`(import "env" "${name}" (func ${item.id} (type $${type})))`);
      this.env.push({ name, type });
      this.callable.push(item);
      if (type === "tag") this.tags.push(item);
    }
  }

  // Definitions

  private defineMemories(): void {
    const { random } = this;
    for (let i = random.pick([0, 1, 1, 2, 3]); i > 0; i--) {
      const min = random.pick([0, 1, 1, 1, 2]);
      const memory: MemoryItem = {
        kind: "memory",
        id: `$m${this.memories.length}`,
        is64: random.chance(0.2),
        min,
        max: random.chance(0.4) ? min + random.below(4) : undefined,
        imported: false,
      };
      this.definitions.push(`(memory ${memory.id} ${formatLimits(memory)})`);
      this.memories.push(memory);
    }
  }

  private defineTables(): void {
    const { random } = this;
    for (let i = random.pick([0, 1, 1, 2, 3]); i > 0; i--) {
      const min = random.pick([0, 1, 3, 4, 6]);
      const table: TableItem = {
        kind: "table",
        id: `$t${this.tables.length}`,
        is64: random.chance(0.2),
        min,
        max: random.chance(0.4) ? min + random.below(8) : undefined,
        element: random.pick(REFS),
        imported: false,
      };
      const needsInit = table.element === "(ref $tag)" || random.chance(0.1);
      const init = needsInit ? ` ${this.constReference(table.element)}` : "";
      this.definitions.push(`(table ${table.id} ${formatLimits(table)} ${table.element}${init})`);
      this.tables.push(table);
    }
  }

  private defineGlobals(): void {
    const { random } = this;
    for (let i = random.between(1, 5); i > 0; i--) {
      const id = `$g${this.globals.length}`;
      const value = random.chance(0.4) ? random.pick(REFS) : random.pick([...NUMBERS, "i32"] as const);
      const mutable = random.chance(value === "i32" || value === "i64" ? 0.4 : 0.7);
      const { init, bound } = this.globalInit(value, mutable);
      this.definitions.push(`(global ${id} ${mutable ? `(mut ${value})` : value} ${init})`);
      this.globals.push({ kind: "global", id, value, mutable, imported: false, bound });
    }
  }

  private globalInit(value: NumberType | RefType, mutable: boolean): { init: string; bound: number | undefined } {
    const { random } = this;
    if (isRef(value)) return { init: this.constReference(value), bound: undefined };
    const same = this.globals.filter((one) => one.imported && !one.mutable && one.value === value);
    if ((value === "i32" || value === "i64") && !mutable) {
      const bounded = same.filter(({ bound }) => bound !== undefined);
      if (bounded.length === 0 || random.chance(0.5)) {
        const bound = random.below(6);
        return { init: `(${value}.const ${bound})`, bound };
      }
      const base = random.pick(bounded);
      const more = random.below(3);
      return { init: plus(value, base.id, more), bound: (base.bound ?? 0) + more };
    }
    if (same.length > 0 && random.chance(0.4))
      return { init: `(global.get ${random.pick(same).id})`, bound: undefined };
    return { init: constant(value, random), bound: undefined };
  }

  /** A constant expression: what was imported may be in it, and functions. */
  private constReference(type: RefType): string {
    const { random } = this;
    const globals = this.globals.filter(
      ({ imported, mutable, value }) => imported && !mutable && isRef(value) && isSubtype(value, type),
    );
    const kind = random.below(4);
    if (kind === 0 && globals.length > 0) return `(global.get ${random.pick(globals).id})`;
    if (kind === 1 && type !== "(ref $tag)") return type === "funcref" ? "(ref.null func)" : "(ref.null $tag)";
    return `(ref.func ${random.pick(this.tags).id})`;
  }

  // Segments

  private defineData(): void {
    const { random } = this;
    for (let i = random.pick([0, 1, 2, 3]); i > 0; i--) {
      const id = `$d${this.data.length}`;
      const length = random.pick([0, 1, 3, 8, 40]);
      const memory = this.memories.length > 0 && random.chance(0.6) ? random.pick(this.memories) : undefined;
      const isActive = memory !== undefined && (memory.min > 0 || length === 0);
      const offset = isActive ? this.offset(memory, memory.min === 0 ? 0 : 65536 - length) : undefined;
      if (isActive && offset === undefined) continue;
      const mode = isActive ? `(memory ${memory.id}) (offset ${offset}) ` : "";
      this.definitions.push(`(data ${id} ${mode}"${this.bytes(length)}")`);
      this.data.push({ id, length, flag: isActive ? undefined : this.dropFlag(id), element: undefined });
    }
  }

  private bytes(length: number): string {
    const byte = () => (this.random.chance(0.3) ? 0 : this.random.below(256));
    return Array.from({ length }, () => `\\${byte().toString(16).padStart(2, "0")}`).join("");
  }

  private dropFlag(segment: string): string {
    const id = `$dropped_${segment.slice(1)}`;
    this.definitions.push(`(global ${id} (mut i32) (i32.const 0))`);
    return id;
  }

  /** A constant expression of at most `last`. */
  private offset(into: MemoryItem | TableItem, last: number): string | undefined {
    const { random } = this;
    const type = into.is64 ? "i64" : "i32";
    const globals = this.globals.filter(
      ({ imported, value, bound }) => imported && value === type && bound !== undefined && bound <= last,
    );
    if (globals.length > 0 && random.chance(0.6)) {
      const base = random.pick(globals);
      return plus(type, base.id, random.below(Math.min(4, last - (base.bound ?? 0) + 1)));
    }
    return last < 0
      ? undefined
      : `(${type}.const ${random.chance(0.5) ? random.below(Math.min(last + 1, 64)) : random.below(last + 1)})`;
  }

  private defineElements(): void {
    const { random } = this;
    for (let i = random.pick([0, 1, 2, 3]); i > 0; i--) {
      const id = `$e${this.elements.length}`;
      const length = random.between(1, 3);
      const tables = this.tables.filter(({ min }) => min >= length);
      const table = tables.length > 0 && random.chance(0.6) ? random.pick(tables) : undefined;
      const offset = table && this.offset(table, table.min - length);
      const isActive = table !== undefined && offset !== undefined;
      const element = random.pick(REFS.filter((type) => !isActive || isSubtype(type, table.element)));
      const mode = isActive ? `(table ${table.id}) (offset ${offset}) ` : "";
      this.definitions.push(`(elem ${id} ${mode}${this.elementItems(element, length)})`);
      this.elements.push({ id, length, flag: isActive ? undefined : this.dropFlag(id), element });
    }
  }

  private elementItems(type: RefType, length: number): string {
    const { random } = this;
    if (type === "funcref" && random.chance(0.5)) {
      return `func ${Array.from({ length }, () => random.pick(this.tags).id).join(" ")}`;
    }
    return `${type} ${Array.from({ length }, () => `(item ${this.constReference(type)})`).join(" ")}`;
  }

  // Functions

  private declareTags(): void {
    for (let i = this.random.between(1, 3); i > 0; i--) {
      this.tags.push({ kind: "func", id: `$tag${this.tags.length}`, type: "tag", cost: 1, imported: false });
    }
  }

  /** Each returns what tells its module, itself and its instance apart. */
  private writeTags(): void {
    const own = this.tags.filter(({ imported }) => !imported);
    for (const [i, tag] of own.entries()) {
      const number = 100_000 * (this.options.number + 1) + 1000 * (i + 1);
      const state = this.random.pick([
        "(global.get $cell)",
        "(i32.mul (global.get $cell) (i32.const 7))",
        ...this.memories
          .filter(({ min, is64 }) => min > 0 && !is64)
          .map(({ id }) => `(i32.add (global.get $cell) (i32.load16_u ${id} (i32.const 16)))`),
      ]);
      this.functions.push(`(func ${tag.id} (type $tag) (i32.add (i32.const ${number}) ${state}))`);
      this.callable.push(tag);
    }
  }

  private exportItems(): void {
    const items: Item[] = [...this.memories, ...this.tables, ...this.globals, ...this.tags];
    for (const item of items) {
      // An instance may pass on what it imported.
      if (!this.random.chance(item.imported ? 0.3 : 0.8)) continue;
      const name = item.id.slice(1);
      this.exports.set(name, item);
      this.definitions.push(`(export "${name}" (${item.kind} ${item.id}))`);
    }
  }

  private writer(): StatementWriter {
    const { memories, tables, globals, tags, callable, data, elements, useCast } = this;
    const { without } = this.options;
    const around = { memories, tables, globals, tags, callable, data, elements, useCast, without };
    return new StatementWriter(around, this.random);
  }

  private body(most: number, maxCost: number): { text: string; cost: number } {
    const writer = this.writer();
    let cost = 1;
    const lines: string[] = [];
    for (let i = this.random.between(1, most); i > 0 && cost < maxCost; i--) {
      const statement = writer.statement(maxCost - cost);
      cost += statement.cost;
      lines.push(this.options.optional(statement.text));
    }
    return { text: lines.filter((line) => line !== "").join("\n    "), cost };
  }

  private writeOps(): void {
    for (let i = this.random.between(1, 4); i > 0; i--) {
      const id = `$op${this.ops.length}`;
      const { text, cost } = this.body(6, MAX_COST / 3);
      this.functions.push(`(func ${id} (type $op) (local $x i32) (local $i i32) (local $j i64)
    (local.set $x (local.get 0))
    ${text}
    (local.get $x))`);
      const op: FuncItem = { kind: "func", id, type: "op", cost, imported: false };
      this.ops.push(op);
      this.callable.push(op);
      this.exports.set(id.slice(1), op);
      this.definitions.push(`(export "${id.slice(1)}" (func ${id}))`);
    }
  }

  private writeProbes(): void {
    const { random } = this;
    for (const segment of [...this.data, ...this.elements]) {
      if (segment.flag === undefined || segment.length === 0 || !random.chance(0.9)) continue;
      const text = segment.element === undefined ? this.dataProbe(segment) : this.elementProbe(segment);
      if (text === undefined) continue;
      const name = `probe${this.probes.length}`;
      this.functions.push(`(func (export "${name}") (result i32) ${text} (i32.const 1))`);
      this.probes.push(name);
    }
  }

  private dataProbe({ id, length }: Segment): string | undefined {
    const memory = this.memories.find(({ min }) => min > 0);
    if (memory === undefined) return undefined;
    const address = `(${memory.is64 ? "i64" : "i32"}.const 60000)`;
    return `(memory.init ${memory.id} ${id} ${address} (i32.const ${length - 1}) (i32.const 1))`;
  }

  private elementProbe({ id, length, element }: Segment): string | undefined {
    const table = this.tables.find((one) => one.min > 0 && isSubtype(element ?? "funcref", one.element));
    if (table === undefined) return undefined;
    const address = `(${table.is64 ? "i64" : "i32"}.const 0)`;
    return `(table.init ${table.id} ${id} ${address} (i32.const ${length - 1}) (i32.const 1))`;
  }

  /** Drops are what probes look for, and too rare among the statements. */
  private initialDrops(): string {
    const drops = [...this.data, ...this.elements]
      .filter(({ flag }) => flag !== undefined && this.random.chance(0.3))
      .map((segment) => this.options.optional(dropSegment(segment)));
    return drops.join(" ");
  }

  /** `init`, and now and then a start function. */
  private writeEntryPoints(): void {
    const { random } = this;
    const locals = "(local $x i32) (local $i i32) (local $j i64)";
    const { text, cost } = this.body(14, MAX_COST);
    this.initCost = cost;
    const drops = this.initialDrops();
    const trap = random.chance(0.05) ? this.options.optional("(unreachable)") : "";
    this.functions.push(`(func (export "init") ${locals}\n    ${drops} ${text} ${trap})`);
    if (!this.options.mayStart || !random.chance(0.5)) return;
    const start = this.body(3, MAX_COST / 3);
    this.functions.push(`(func $start ${locals}\n    ${start.text})`);
    this.definitions.push("(start $start)");
  }
}

function isConstant(item: Item): boolean {
  return item.kind === "global" && !item.mutable;
}

function formatLimits({ is64, min, max }: MemoryItem | TableItem): string {
  return `${is64 ? "i64 " : ""}${min}${max === undefined ? "" : ` ${max}`}`;
}

function plus(type: NumberType, global: string, more: number): string {
  const get = `(global.get ${global})`;
  return more === 0 ? get : `(${type}.add ${get} (${type}.const ${more}))`;
}
