import { ByteReader } from "../binary/reader.js";
import { codeSection, type FunctionBody } from "./code.js";
import { type CustomSection, newCustomSection } from "./custom-sections.js";
import {
  dataCountSection,
  functionSection,
  type Global,
  globalSection,
  memorySection,
  startSection,
  type Table,
  tableSection,
  tagSection,
} from "./definitions.js";
import { type Export, exportSection } from "./exports.js";
import type { MemoryType, TagType } from "./extern-types.js";
import { type Import, importSection } from "./imports.js";
import { type SectionName, sectionRank } from "./section.js";
import { type DataSegment, dataSection, type ElementSegment, elementSection } from "./segments.js";
import { type SectionRange, SectionSlot } from "./slot.js";
import { type RecursiveGroup, typeSection } from "./types.js";

/** The sections of a module in order: a custom section itself, every other one by name. */
export type Layout = readonly (SectionName | CustomSection)[];

function slotsOf(ranges: ReadonlyMap<SectionName, SectionRange>) {
  return {
    type: new SectionSlot(typeSection, ranges.get("type")),
    import: new SectionSlot(importSection, ranges.get("import")),
    function: new SectionSlot(functionSection, ranges.get("function")),
    table: new SectionSlot(tableSection, ranges.get("table")),
    memory: new SectionSlot(memorySection, ranges.get("memory")),
    tag: new SectionSlot(tagSection, ranges.get("tag")),
    global: new SectionSlot(globalSection, ranges.get("global")),
    export: new SectionSlot(exportSection, ranges.get("export")),
    start: new SectionSlot(startSection, ranges.get("start")),
    element: new SectionSlot(elementSection, ranges.get("element")),
    "data count": new SectionSlot(dataCountSection, ranges.get("data count")),
    code: new SectionSlot(codeSection, ranges.get("code")),
    data: new SectionSlot(dataSection, ranges.get("data")),
  } satisfies Record<SectionName, unknown>;
}

type Slots = ReturnType<typeof slotsOf>;

/**
 * A core module. Each section is a value that does not change; assigning another value is what edits the module:
 *
 *     module.exports = [...module.exports, { name: "memory", kind: "memory", index: 0 }];
 *
 * So there is no edit that the encoder can miss. A section is decoded when it is first asked for, and one that is never
 * assigned is written as the bytes that it was read from.
 *
 * The lists hold what the module *defines*; `index-spaces.ts` has imported and defined items together.
 */
export class CoreModule {
  private constructor(
    private readonly slots: Slots,
    private items: Layout,
  ) {}

  /** A module with the sections of `ranges`, which `layout` orders. */
  static ofRanges(ranges: ReadonlyMap<SectionName, SectionRange>, layout: Layout): CoreModule {
    return new CoreModule(slotsOf(ranges), layout);
  }

  static empty(): CoreModule {
    return CoreModule.ofRanges(new Map(), []);
  }

  /** A module that can be edited on its own. Costs next to nothing: all values are shared. */
  copy(): CoreModule {
    const { slots } = this;
    const copies: Slots = {
      type: slots.type.copy(),
      import: slots.import.copy(),
      function: slots.function.copy(),
      table: slots.table.copy(),
      memory: slots.memory.copy(),
      tag: slots.tag.copy(),
      global: slots.global.copy(),
      export: slots.export.copy(),
      start: slots.start.copy(),
      element: slots.element.copy(),
      "data count": slots["data count"].copy(),
      code: slots.code.copy(),
      data: slots.data.copy(),
    };
    return new CoreModule(copies, this.items);
  }

  get types(): readonly RecursiveGroup[] {
    return this.slots.type.get();
  }

  set types(groups: readonly RecursiveGroup[]) {
    this.assign("type", this.slots.type, groups);
  }

  get imports(): readonly Import[] {
    return this.slots.import.get();
  }

  set imports(imports: readonly Import[]) {
    this.assign("import", this.slots.import, imports);
  }

  /** Type index of each defined function; `code` has the bodies in the same order. */
  get functions(): readonly number[] {
    return this.slots.function.get();
  }

  set functions(types: readonly number[]) {
    this.assign("function", this.slots.function, types);
  }

  get tables(): readonly Table[] {
    return this.slots.table.get();
  }

  set tables(tables: readonly Table[]) {
    this.assign("table", this.slots.table, tables);
  }

  get memories(): readonly MemoryType[] {
    return this.slots.memory.get();
  }

  set memories(memories: readonly MemoryType[]) {
    this.assign("memory", this.slots.memory, memories);
  }

  get tags(): readonly TagType[] {
    return this.slots.tag.get();
  }

  set tags(tags: readonly TagType[]) {
    this.assign("tag", this.slots.tag, tags);
  }

  get globals(): readonly Global[] {
    return this.slots.global.get();
  }

  set globals(globals: readonly Global[]) {
    this.assign("global", this.slots.global, globals);
  }

  get exports(): readonly Export[] {
    return this.slots.export.get();
  }

  set exports(exports: readonly Export[]) {
    this.assign("export", this.slots.export, exports);
  }

  /** Function index. */
  get start(): number | undefined {
    return this.slots.start.get();
  }

  set start(func: number | undefined) {
    this.assign("start", this.slots.start, func);
  }

  get elements(): readonly ElementSegment[] {
    return this.slots.element.get();
  }

  set elements(segments: readonly ElementSegment[]) {
    this.assign("element", this.slots.element, segments);
  }

  /** Whether there is a data count section, without which no code can refer to a data segment. */
  get hasDataCount(): boolean {
    return this.slots["data count"].isPresent;
  }

  /** Adds or removes the section. Its number follows `data` by itself. */
  set hasDataCount(wanted: boolean) {
    this.assign("data count", this.slots["data count"], wanted ? this.slots.data.count : undefined);
  }

  get code(): readonly FunctionBody[] {
    return this.slots.code.get();
  }

  set code(bodies: readonly FunctionBody[]) {
    this.assign("code", this.slots.code, bodies);
  }

  /** All of the code section as one range of the input; `undefined` when it was edited. */
  get originalCode(): Uint8Array | undefined {
    return this.slots.code.original;
  }

  /** A reader of one function's body. */
  bodyReader(position: number): ByteReader {
    const body = this.code[position];
    if (body === undefined) throw new RangeError(`the module has no function body ${position}`);
    return this.slots.code.readerOf(body);
  }

  get data(): readonly DataSegment[] {
    return this.slots.data.get();
  }

  set data(segments: readonly DataSegment[]) {
    this.assign("data", this.slots.data, segments);
    if (this.hasDataCount) this.hasDataCount = true;
  }

  /** How many functions, bodies, ... the module defines, without decoding the section. */
  count(section: Exclude<SectionName, "start" | "data count">): number {
    return this.slots[section].count;
  }

  /** The number in the data count section. */
  get dataCount(): number | undefined {
    return this.slots["data count"].get();
  }

  get customSections(): readonly CustomSection[] {
    return this.items.filter((item) => typeof item !== "string");
  }

  customSection(name: string): CustomSection | undefined {
    return this.customSections.find((section) => section.name === name);
  }

  /** Keeps the custom sections that `keep` says to keep. */
  filterCustomSections(keep: (section: CustomSection) => boolean): void {
    this.items = this.items.filter((item) => typeof item === "string" || keep(item));
  }

  /** Puts a custom section where another one stands. */
  replaceCustomSection(old: CustomSection, contents: Uint8Array): void {
    this.items = this.items.map((item) => (item === old ? newCustomSection(old.name, contents) : item));
  }

  /** @param place - `first` for `dylink.0`, which must come before all other sections */
  addCustomSection(name: string, contents: Uint8Array, place: "first" | "last" = "last"): void {
    const section = newCustomSection(name, contents);
    this.items = place === "first" ? [section, ...this.items] : [...this.items, section];
  }

  /** The sections to write, in order. */
  get layout(): Layout {
    return this.items.filter((item) => typeof item !== "string" || this.slots[item].isPresent);
  }

  slot(name: SectionName): Pick<SectionSlot<unknown>, "write" | "isPresent" | "original"> {
    return this.slots[name];
  }

  private assign<T>(name: SectionName, slot: SectionSlot<T>, value: T): void {
    slot.set(value);
    if (!this.items.includes(name)) this.items = this.items.toSpliced(placeFor(name, this.items), 0, name);
  }
}

/** Right behind the last section that must come before, and in front of custom sections that follow that one. */
function placeFor(name: SectionName, layout: Layout): number {
  const rank = sectionRank(name);
  const before = layout.findLastIndex((item) => typeof item === "string" && sectionRank(item) < rank);
  if (before >= 0) return before + 1;
  const after = layout.findIndex((item) => typeof item === "string");
  if (after >= 0) return after;
  return layout.findIndex((item) => typeof item !== "string" && item.name === "dylink.0") + 1;
}

/** A reader of a custom section's contents. */
export function customSectionReader({ contents, offset }: CustomSection): ByteReader {
  return new ByteReader(contents, 0, contents.length, offset);
}
