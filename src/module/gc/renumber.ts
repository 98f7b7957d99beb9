import type { FunctionBody } from "../code.js";
import type { Global, Table } from "../definitions.js";
import type { Export } from "../exports.js";
import type { TagType } from "../extern-types.js";
import type { Import } from "../imports.js";
import { importsByKind } from "../index-spaces.js";
import { mapImport, mapRefType, mapSubType, mapValueType } from "../map-types.js";
import type { CoreModule } from "../model.js";
import type { DataMode, DataSegment, ElementItems, ElementMode, ElementSegment } from "../segments.js";
import type { RecursiveGroup } from "../types.js";
import { emptyBody, renumberBody, renumberExpression } from "./bodies.js";
import type { KeptElements } from "./elements.js";
import type { Numbering } from "./numbering.js";

/** A copy of a module with nothing but what has a number, under that number. */
export function renumberModule(module: CoreModule, numbering: Numbering, elements: KeptElements): CoreModule {
  const renumberer = new Renumberer(module, numbering);
  const result = module.copy();
  result.types = renumberer.types();
  result.imports = renumberer.imports();
  result.functions = renumberer.functions();
  result.tables = renumberer.tables();
  result.memories = renumberer.kept("memory", module.memories);
  result.tags = renumberer.tags();
  result.globals = renumberer.globals();
  result.exports = renumberer.exports();
  if (module.start !== undefined) result.start = numbering.of("func", module.start);
  result.elements = renumberer.elements(elements);
  result.code = renumberer.code();
  result.data = renumberer.data();
  if (result.data.length === 0) result.hasDataCount = false;
  return result;
}

type DefinedSpace = Import["kind"];

class Renumberer {
  private readonly importCounts: Readonly<Record<DefinedSpace, number>>;
  private readonly typeIndex = (index: number) => this.numbering.of("type", index);

  constructor(
    private readonly module: CoreModule,
    private readonly numbering: Numbering,
  ) {
    const { func, table, memory, global, tag } = importsByKind(module);
    this.importCounts = {
      func: func.length,
      table: table.length,
      memory: memory.length,
      global: global.length,
      tag: tag.length,
    };
  }

  types(): RecursiveGroup[] {
    let next = 0;
    const kept = this.module.types.filter((group) => {
      const first = next;
      next += group.types.length;
      // All of a group stay, or none. One without types is in nobody's way.
      return group.types.length === 0 || this.numbering.find("type", first) !== undefined;
    });
    return kept.map((group) => ({ ...group, types: group.types.map((type) => mapSubType(type, this.typeIndex)) }));
  }

  imports(): Import[] {
    const next: Record<DefinedSpace, number> = { func: 0, table: 0, memory: 0, global: 0, tag: 0 };
    const kept = this.module.imports.filter(({ kind }) => this.numbering.find(kind, next[kind]++) !== undefined);
    return kept.map((item) => mapImport(item, this.typeIndex));
  }

  functions(): number[] {
    return this.kept("func", this.module.functions).map(this.typeIndex);
  }

  tables(): Table[] {
    return this.kept("table", this.module.tables).map(({ type, init }) => ({
      type: { ...type, element: mapRefType(type.element, this.typeIndex) },
      init: init && renumberExpression(init, this.numbering),
    }));
  }

  tags(): TagType[] {
    return this.kept("tag", this.module.tags).map(({ type }) => ({ type: this.typeIndex(type) }));
  }

  globals(): Global[] {
    return this.kept("global", this.module.globals).map(({ type, init }) => ({
      type: { ...type, value: mapValueType(type.value, this.typeIndex) },
      init: renumberExpression(init, this.numbering),
    }));
  }

  exports(): Export[] {
    return this.module.exports.map((item) => ({ ...item, index: this.numbering.of(item.kind, item.index) }));
  }

  elements({ segments, added }: KeptElements): ElementSegment[] {
    return [...segments, added].filter((segment) => segment !== undefined).map((segment) => this.element(segment));
  }

  private element({ mode, items }: ElementSegment): ElementSegment {
    return { mode: this.elementMode(mode), items: this.elementItems(items) };
  }

  private elementMode(mode: ElementMode): ElementMode {
    if (mode.kind !== "active") return mode;
    const offset = renumberExpression(mode.offset, this.numbering);
    return { kind: "active", table: this.numbering.of("table", mode.table), offset };
  }

  private elementItems(items: ElementItems): ElementItems {
    if (items.kind === "functions") {
      return { kind: "functions", indices: items.indices.map((index) => this.numbering.of("func", index)) };
    }
    const exprs = items.exprs.map((expr) => renumberExpression(expr, this.numbering));
    return { kind: "expressions", type: mapRefType(items.type, this.typeIndex), exprs };
  }

  code(): FunctionBody[] {
    const { module, numbering } = this;
    const bodies: FunctionBody[] = [];
    module.code.forEach((body, i) => {
      const index = this.importCounts.func + i;
      if (numbering.find("func", index) === undefined) return;
      const isEmptied = numbering.emptied.has(index);
      bodies.push(isEmptied ? emptyBody : renumberBody(body, module.bodyReader(i), numbering));
    });
    return bodies;
  }

  data(): DataSegment[] {
    const kept = this.module.data.filter((_, i) => this.numbering.find("data", i) !== undefined);
    return kept.map(({ mode, bytes }) => ({ mode: this.dataMode(mode), bytes }));
  }

  private dataMode(mode: DataMode): DataMode {
    if (mode.kind === "passive") return mode;
    const offset = renumberExpression(mode.offset, this.numbering);
    return { kind: "active", memory: this.numbering.of("memory", mode.memory), offset };
  }

  /** The definitions of a space that stay. */
  kept<T>(space: DefinedSpace, definitions: readonly T[]): T[] {
    const first = this.importCounts[space];
    return definitions.filter((_, i) => this.numbering.find(space, first + i) !== undefined);
  }
}
