import { type ConstExpr, referencedFunction } from "../../binary/const-expr.js";
import { Opcode } from "../../binary/opcodes.js";
import { ByteReader } from "../../binary/reader.js";
import type { Import } from "../imports.js";
import { type GroupAt, groupsByType, type ImportsByKind, importsByKind, typeSpace } from "../index-spaces.js";
import { mapImport, mapRefType, mapSubType, mapValueType } from "../map-types.js";
import type { CoreModule } from "../model.js";
import type { ElementItems, ElementMode } from "../segments.js";
import { IndirectCalls } from "./indirect-calls.js";
import { type IndexSpace, indexSpaces } from "./operands.js";
import { ReferenceWalker } from "./references.js";
import { mayTrap } from "./segment-bounds.js";
import { at, failUnknown, segmentsBy, spaceSizes } from "./spaces.js";

export interface Reachable {
  /** Per index 1 for an item that stays, else 0. */
  readonly live: Readonly<Record<IndexSpace, Uint8Array>>;
  /** Live functions that are only entries of tables, and that no call fits: what they do nobody can see. */
  readonly uncalled: ReadonlySet<number>;
  /** Functions that `ref.func` in a live body names. */
  readonly referenced: ReadonlySet<number>;
  /** Functions that live items outside of bodies name: `C.refs` of the core specification, which `ref.func` asks for. */
  readonly declared: ReadonlySet<number>;
}

/** Finds what can be reached from exports, the start function and the effects of instantiation. */
export function findReachable(module: CoreModule): Reachable {
  return new Tracer(module).trace();
}

/** A depth-first search with a list of its own: bodies that call each other may be nested deeper than our stack. */
class Tracer {
  private readonly live: Record<IndexSpace, Uint8Array>;
  private readonly uncalled = new Set<number>();
  private readonly referenced = new Set<number>();
  private readonly declared = new Set<number>();
  private readonly pending: { readonly space: IndexSpace; readonly index: number }[] = [];
  private readonly imports: ImportsByKind;
  private readonly indirectCalls: IndirectCalls;
  /** The recursion group of each type index. */
  private readonly groups: readonly GroupAt[];
  /** Active segments by what they initialize. */
  private readonly segmentsOfTable: ReadonlyMap<number, readonly number[]>;
  private readonly segmentsOfMemory: ReadonlyMap<number, readonly number[]>;
  private readonly markType = (index: number) => {
    this.mark("type", index);
    return index;
  };

  constructor(private readonly module: CoreModule) {
    const sizes = spaceSizes(module);
    this.live = Object.fromEntries(indexSpaces.map((space) => [space, new Uint8Array(sizes[space])])) as Record<
      IndexSpace,
      Uint8Array
    >;
    this.imports = importsByKind(module);
    this.indirectCalls = new IndirectCalls(typeSpace(module));
    this.groups = groupsByType(module.types);
    this.segmentsOfTable = segmentsBy(module.elements, (mode) => (mode.kind === "active" ? mode.table : undefined));
    this.segmentsOfMemory = segmentsBy(module.data, (mode) => (mode.kind === "active" ? mode.memory : undefined));
  }

  trace(): Reachable {
    this.markRoots();
    for (let item = this.pending.pop(); item !== undefined; item = this.pending.pop()) this.visit(item);
    return { live: this.live, uncalled: this.uncalled, referenced: this.referenced, declared: this.declared };
  }

  private markRoots(): void {
    const { module } = this;
    for (const { kind, index } of module.exports) {
      this.mark(kind, index);
      if (kind === "func") this.declared.add(index);
      if (kind === "table") this.markCallable(this.indirectCalls.open(index));
    }
    if (module.start !== undefined) this.mark("func", module.start);
    module.elements.forEach((_, i) => {
      if (this.isElementEffect(i)) this.mark("element", i);
    });
    module.data.forEach((_, i) => {
      if (this.isDataEffect(i)) this.mark("data", i);
    });
  }

  /** Whether others may see that the segment was written, or that instantiation traps because it does not fit. */
  private isElementEffect(i: number): boolean {
    const { mode, items } = at(this.module.elements, i, "element");
    if (mode.kind !== "active") return false;
    const table = this.module.tables[mode.table - this.imports.table.length];
    return table === undefined || mayTrap(mode.offset, itemCount(items), table.type.minimum);
  }

  private isDataEffect(i: number): boolean {
    const { mode, bytes } = at(this.module.data, i, "data");
    if (mode.kind !== "active") return false;
    const memory = this.module.memories[mode.memory - this.imports.memory.length];
    if (memory === undefined) return true;
    return mayTrap(mode.offset, bytes.length, memory.minimum << BigInt(memory.pageSizeLog2 ?? 16));
  }

  private mark(space: IndexSpace, index: number): void {
    const live = this.live[space];
    if (index >= live.length) failUnknown(space, index, live.length);
    if (live[index] === 1 && !(space === "func" && this.uncalled.delete(index))) return;
    live[index] = 1;
    // A type comes with its group, whose other types must not visit it once more.
    if (space === "type") for (const member of this.membersOf(index)) live[member] = 1;
    this.pending.push({ space, index });
  }

  private *membersOf(type: number): Generator<number> {
    const { group, first } = at(this.groups, type, "type");
    for (let i = 0; i < group.types.length; i++) yield first + i;
  }

  private visit({ space, index }: { space: IndexSpace; index: number }): void {
    switch (space) {
      case "type":
        for (const type of at(this.groups, index, "type").group.types) mapSubType(type, this.markType);
        return;
      case "element":
        this.visitElement(index);
        return;
      case "data":
        this.visitData(index);
        return;
      default:
        this.visitExtern(space, index);
    }
  }

  private visitExtern(space: Import["kind"], index: number): void {
    const imported = this.imports[space][index];
    if (imported !== undefined) mapImport(imported, this.markType);
    const position = index - this.imports[space].length;
    if (space === "table") this.markAll("element", this.segmentsOfTable.get(index));
    if (space === "memory") this.markAll("data", this.segmentsOfMemory.get(index));
    if (position < 0) return;
    if (space === "func") this.visitFunction(position);
    else if (space === "table") this.visitTable(position);
    else if (space === "global") this.visitGlobal(position);
    else if (space === "tag") this.mark("type", at(this.module.tags, position, "tag").type);
  }

  private markAll(space: IndexSpace, indices: readonly number[] = []): void {
    for (const index of indices) this.mark(space, index);
  }

  private visitFunction(position: number): void {
    this.mark("type", at(this.module.functions, position, "func"));
    this.walker(this.module.bodyReader(position), this.referenced).body();
  }

  private visitTable(position: number): void {
    const { type, init } = at(this.module.tables, position, "table");
    mapRefType(type.element, this.markType);
    if (init !== undefined) this.visitExpression(init);
  }

  private visitGlobal(position: number): void {
    const { type, init } = at(this.module.globals, position, "global");
    mapValueType(type.value, this.markType);
    this.visitExpression(init);
  }

  private visitElement(index: number): void {
    const { mode, items } = at(this.module.elements, index, "element");
    if (mode.kind === "active") {
      this.mark("table", mode.table);
      this.visitExpression(mode.offset);
    }
    if (items.kind === "functions") {
      for (const func of items.indices) this.markEntry(mode, func);
    } else {
      mapRefType(items.type, this.markType);
      for (const expr of items.exprs) this.visitEntry(mode, expr);
    }
  }

  private visitEntry(mode: ElementMode, expr: ConstExpr): void {
    const func = referencedFunction(expr);
    if (func === undefined) this.visitExpression(expr);
    else this.markEntry(mode, func);
  }

  private markEntry(mode: ElementMode, func: number): void {
    this.declared.add(func);
    const isCallable = mode.kind !== "active" || this.isCallable(mode.table, func);
    if (isCallable) this.mark("func", func);
    else this.markUncalled(func);
  }

  private isCallable(table: number, func: number): boolean {
    const position = func - this.imports.func.length;
    if (position < 0 || table < this.imports.table.length) return true;
    return this.indirectCalls.addEntry(table, func, at(this.module.functions, position, "func"));
  }

  /** The function stays, with its type, for the sake of its place in a table. */
  private markUncalled(func: number): void {
    if (this.live.func[func] === 1) return;
    this.live.func[func] = 1;
    this.uncalled.add(func);
    this.mark("type", at(this.module.functions, func - this.imports.func.length, "func"));
  }

  private markCallable(functions: Iterable<number>): void {
    for (const func of functions) this.mark("func", func);
  }

  private visitData(index: number): void {
    const { mode } = at(this.module.data, index, "data");
    if (mode.kind !== "active") return;
    this.mark("memory", mode.memory);
    this.visitExpression(mode.offset);
  }

  private visitExpression(expr: ConstExpr): void {
    this.walker(new ByteReader(expr), this.declared).expression();
  }

  /** @param functions - where to add the functions that `ref.func` names */
  private walker(reader: ByteReader, functions: Set<number>): ReferenceWalker {
    let type = 0;
    const walker = new ReferenceWalker(reader, {
      index: (space, index) => {
        this.mark(space, index);
        if (space === "type") type = index;
        if (space === "table") this.visitTableUse(walker.opcode, index, type);
        if (walker.opcode === Opcode.refFunc) functions.add(index);
      },
      typeIndex: (index) => this.mark("type", index),
      memoryArgument: (_, memory) => this.mark("memory", memory),
    });
    return walker;
  }

  /** @param type - the type index in front of that of the table, where the instruction has one */
  private visitTableUse(opcode: number, table: number, type: number): void {
    const isCall = opcode === Opcode.callIndirect || opcode === Opcode.returnCallIndirect;
    this.markCallable(isCall ? this.indirectCalls.addCall(table, type) : this.indirectCalls.open(table));
  }
}

function itemCount(items: ElementItems): number {
  return items.kind === "functions" ? items.indices.length : items.exprs.length;
}
