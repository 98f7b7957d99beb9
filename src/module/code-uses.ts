import { scanFunctionBody } from "../binary/instructions.js";
import { Opcode } from "../binary/opcodes.js";
import type { FunctionBody } from "./code.js";
import { importedCount } from "./index-spaces.js";
import type { CoreModule } from "./model.js";

const SEGMENT_INSTRUCTIONS = {
  [Opcode.memoryInit]: "memory.init",
  [Opcode.dataDrop]: "data.drop",
  [Opcode.tableInit]: "table.init",
  [Opcode.elemDrop]: "elem.drop",
  [Opcode.arrayNewData]: "array.new_data",
  [Opcode.arrayInitData]: "array.init_data",
  [Opcode.arrayNewElem]: "array.new_elem",
  [Opcode.arrayInitElem]: "array.init_elem",
} as const satisfies Record<number, string>;

export type SegmentInstruction = (typeof SEGMENT_INSTRUCTIONS)[keyof typeof SEGMENT_INSTRUCTIONS];

const segmentInstructions: ReadonlyMap<number, SegmentInstruction> = new Map(
  Object.entries(SEGMENT_INSTRUCTIONS).map(([opcode, name]) => [Number(opcode), name]),
);

/** A place in the code that refers to a segment by number. */
export interface SegmentUse {
  readonly instruction: SegmentInstruction;
  readonly kind: "data" | "element";
  readonly segment: number;
  /** Function index. */
  readonly func: number;
  /** Position of the instruction in the function's body. */
  readonly position: number;
}

/** Finds all instructions that refer to data or element segments. */
export function findSegmentUses(module: CoreModule): SegmentUse[] {
  const hasData = module.hasDataCount;
  const hasElements = module.count("element") > 0;
  if (!hasData && !hasElements) return [];
  const uses: SegmentUse[] = [];
  const imported = importedCount(module, "func");
  forEachSuspect(module, mayUseSegment, (i) => {
    const reader = module.bodyReader(i);
    const bodyStart = reader.position;
    scanFunctionBody(reader, ({ opcode, index, secondIndex, start }) => {
      const instruction = segmentInstructions.get(opcode);
      if (instruction === undefined) return;
      const segment = instruction.startsWith("array.") ? secondIndex : index;
      const kind = instruction.includes("elem") || instruction === "table.init" ? "element" : "data";
      uses.push({ instruction, kind, segment, func: imported + i, position: start - bodyStart });
    });
  });
  return uses;
}

/** Function indices of the functions with an instruction of relaxed SIMD, whose results differ between machines. */
export function findRelaxedSimd(module: CoreModule): number[] {
  const found: number[] = [];
  const imported = importedCount(module, "func");
  forEachSuspect(module, mayBeRelaxedSimd, (i) => {
    let uses = false;
    scanFunctionBody(module.bodyReader(i), ({ opcode }) => {
      uses ||= opcode >= Opcode.firstRelaxedSimd && opcode <= Opcode.lastRelaxedSimd;
    });
    if (uses) found.push(imported + i);
  });
  return found;
}

/**
 * Visits the bodies that may hold a certain instruction. To scan all instructions of a large module takes most of a
 * second; to search it for a prefix byte takes milliseconds, and few bodies remain.
 */
function forEachSuspect(
  module: CoreModule,
  isSuspect: (body: FunctionBody) => boolean,
  visit: (i: number) => void,
): void {
  module.code.forEach((body, i) => {
    if (isSuspect(body)) visit(i);
  });
}

const segmentNumbers: readonly ReadonlySet<number>[] = [0xfb, 0xfc].map((prefix) => {
  const ofPrefix = [...segmentInstructions.keys()].filter((opcode) => opcode >> 16 === prefix);
  return new Set(ofPrefix.map((opcode) => opcode & 0xffff));
});

function mayUseSegment(body: FunctionBody): boolean {
  const [gc, bulk] = segmentNumbers as [ReadonlySet<number>, ReadonlySet<number>];
  // All these numbers fit 7 bits; a longer encoding of them has the same low bits in its first byte.
  return (
    someAfter(body, 0xfc, (at) => bulk.has((body[at] as number) & 0x7f)) ||
    someAfter(body, 0xfb, (at) => gc.has((body[at] as number) & 0x7f))
  );
}

function mayBeRelaxedSimd(body: FunctionBody): boolean {
  // From 0x100 a number has a second byte, of at least 2 or unfinished.
  return someAfter(body, 0xfd, (at) => (body[at] as number) >= 0x80 && (body[at + 1] as number) >= 2);
}

/** Whether `test` holds for some position after a `prefix` byte. */
function someAfter(body: FunctionBody, prefix: number, test: (position: number) => boolean): boolean {
  for (let at = body.indexOf(prefix); at >= 0; at = body.indexOf(prefix, at + 1)) {
    if (test(at + 1)) return true;
  }
  return false;
}
