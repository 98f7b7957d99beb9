import { i32ConstExpr } from "../binary/const-expr.js";
import { Opcode } from "../binary/opcodes.js";
import { ByteWriter } from "../binary/writer.js";
import type { FunctionBody } from "./code.js";
import { findSegmentUses, type SegmentUse } from "./code-uses.js";
import type { Global } from "./definitions.js";
import type { Export } from "./exports.js";
import { importedCount } from "./index-spaces.js";
import type { CoreModule } from "./model.js";

export interface DropFlag {
  readonly kind: SegmentUse["kind"];
  readonly segment: number;
  /** An exported i32 global: 1 once the segment has been dropped by an instruction, else 0. */
  readonly exportName: string;
}

export interface InstrumentedDrops {
  readonly module: CoreModule;
  readonly flags: readonly DropFlag[];
}

const FLAG_TYPE = { value: "i32", mutable: true, shared: false } as const;

/**
 * Makes it visible which segments the code drops: no interface of a host tells. Each segment that some `data.drop` or
 * `elem.drop` names gets a flag, which is set before the instruction (it cannot trap).
 *
 * @returns a copy of the module, or the module itself when its code drops nothing
 */
export function instrumentDrops(module: CoreModule, prefix = "component-init:dropped"): InstrumentedDrops {
  if (!hasPassiveSegment(module)) return { module, flags: [] };
  const drops = findSegmentUses(module).filter(({ instruction }) => instruction.endsWith(".drop"));
  if (drops.length === 0) return { module, flags: [] };
  const flags = flagsOf(drops, exportNamer(module.exports, prefix));
  const firstGlobal = importedCount(module, "global") + module.globals.length;
  const globals = new Map(flags.map((flag, i) => [segmentKey(flag), firstGlobal + i]));

  const result = module.copy();
  result.globals = [...module.globals, ...flags.map((): Global => ({ type: FLAG_TYPE, init: i32ConstExpr(0) }))];
  result.exports = [...module.exports, ...flags.map((flag, i) => flagExport(flag, firstGlobal + i))];
  result.code = flagDrops(module, drops, (drop) => globals.get(segmentKey(drop)) as number);
  return { module: result, flags };
}

/** Active and declared segments count as dropped from instantiation on, so no instruction changes them. */
function hasPassiveSegment(module: CoreModule): boolean {
  const isPassive = ({ mode }: { mode: { kind: string } }) => mode.kind === "passive";
  return (module.hasDataCount && module.data.some(isPassive)) || module.elements.some(isPassive);
}

function flagExport({ exportName }: DropFlag, index: number): Export {
  return { name: exportName, kind: "global", index };
}

function segmentKey({ kind, segment }: Pick<DropFlag, "kind" | "segment">): string {
  return `${kind}:${segment}`;
}

/** One flag per segment, in an order that does not depend on where the drops are. */
function flagsOf(drops: readonly SegmentUse[], exportName: (key: string) => string): DropFlag[] {
  const segments = new Map(drops.map(({ kind, segment }) => [segmentKey({ kind, segment }), { kind, segment }]));
  const sorted = [...segments.values()].sort((a, b) => a.kind.localeCompare(b.kind, "en") || a.segment - b.segment);
  return sorted.map((segment) => ({ ...segment, exportName: exportName(segmentKey(segment)) }));
}

function exportNamer(exports: readonly Export[], prefix: string): (key: string) => string {
  const taken = new Set(exports.map(({ name }) => name));
  return (key) => {
    let name = `${prefix}:${key}`;
    while (taken.has(name)) name += "'";
    taken.add(name);
    return name;
  };
}

function flagDrops(
  module: CoreModule,
  drops: readonly SegmentUse[],
  flagOf: (drop: SegmentUse) => number,
): FunctionBody[] {
  const bodies = [...module.code];
  const imported = importedCount(module, "func");
  for (const [func, ofFunction] of Map.groupBy(drops, (drop) => drop.func)) {
    const body = bodies[func - imported] as FunctionBody;
    bodies[func - imported] = flagDropsOf(body, ofFunction, flagOf);
  }
  return bodies;
}

/** @param drops - in the order in which they stand in the body */
function flagDropsOf(
  body: FunctionBody,
  drops: readonly SegmentUse[],
  flagOf: (drop: SegmentUse) => number,
): FunctionBody {
  const writer = new ByteWriter();
  let copied = 0;
  for (const drop of drops) {
    writer.bytes(body.subarray(copied, drop.position));
    writer.u8(Opcode.i32Const).s32(1).u8(Opcode.globalSet).u32(flagOf(drop));
    copied = drop.position;
  }
  return writer.bytes(body.subarray(copied)).toBytes();
}
