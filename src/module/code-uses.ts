import { scanFunctionBody } from "../binary/instructions.js";
import { Opcode } from "../binary/opcodes.js";
import { ByteWriter } from "../binary/writer.js";
import type { FunctionBody } from "./code.js";
import { importedCount, memorySpace, typeSpace } from "./index-spaces.js";
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
  if (!module.hasDataCount && module.count("element") === 0) return [];
  const uses: SegmentUse[] = [];
  const imported = importedCount(module, "func");
  forEachSuspect(module, usesArrays(module) ? [BULK_SUSPECT, ARRAY_SUSPECT] : [BULK_SUSPECT], (i) => {
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

/** A `memory.grow`. */
export interface MemoryGrowth {
  readonly memory: number;
  /** Position in `code` of the function's body. */
  readonly body: number;
  /** Where the instruction starts and ends in it. */
  readonly start: number;
  readonly end: number;
}

/** Finds all instructions that grow memories, in the order in which they stand in the code. */
export function findMemoryGrowth(module: CoreModule): MemoryGrowth[] {
  const found: MemoryGrowth[] = [];
  const memories = memorySpace(module).length;
  const suspect = {
    prefix: Opcode.memoryGrow,
    test: (bytes: Uint8Array, at: number) => startsIndex(bytes, at, memories),
  };
  forEachSuspect(module, [suspect], (body) => {
    const reader = module.bodyReader(body);
    const bodyStart = reader.position;
    scanFunctionBody(reader, ({ opcode, index, start }) => {
      if (opcode !== Opcode.memoryGrow) return;
      found.push({ memory: index, body, start: start - bodyStart, end: reader.position - bodyStart });
    });
  });
  return found;
}

/** Whether an index below a number may start there: its low bits come first. */
function startsIndex(bytes: Uint8Array, at: number, below: number): boolean {
  return ((bytes[at] as number) & 0x7f) < below;
}

/** Function indices of the functions with an instruction of relaxed SIMD, whose results differ between machines. */
export function findRelaxedSimd(module: CoreModule): number[] {
  const found: number[] = [];
  const imported = importedCount(module, "func");
  forEachSuspect(module, RELAXED_SUSPECT, (i) => {
    let uses = false;
    scanFunctionBody(module.bodyReader(i), ({ opcode }) => {
      uses ||= opcode >= Opcode.firstRelaxedSimd && opcode <= Opcode.lastRelaxedSimd;
    });
    if (uses) found.push(imported + i);
  });
  return found;
}

/**
 * Function indices of the functions with a `call` of a function.
 *
 * @param then - what follows the call, where that is known: short indices occur by chance all over a large module
 */
export function findCallers(module: CoreModule, func: number, then: readonly number[] = []): number[] {
  const found: number[] = [];
  const imported = importedCount(module, "func");
  forEachSuspect(module, callSuspect(func, then), (i) => {
    let calls = false;
    scanFunctionBody(module.bodyReader(i), ({ opcode, index }) => {
      calls ||= opcode === Opcode.call && index === func;
    });
    if (calls) found.push(imported + i);
  });
  return found;
}

/** Whether some `i32.const` has a value. */
export function hasConstant(module: CoreModule, value: number): boolean {
  const prefix = new ByteWriter().u8(Opcode.i32Const).s32(value).toBytes();
  let found = false;
  forEachSuspect(module, [{ prefix, test: () => true }], (i) => {
    const reader = module.bodyReader(i);
    const immediates = module.bodyReader(i);
    scanFunctionBody(reader, ({ opcode, start }) => {
      if (opcode !== Opcode.i32Const) return;
      immediates.position = start + 1;
      found ||= immediates.s32() === value;
    });
  });
  return found;
}

/** Linkers write indices in five bytes, to put in another one easily; optimizers in as few as it takes. */
function callSuspect(func: number, then: readonly number[]): Suspect {
  const shortest = new ByteWriter().u32(func).toBytes();
  const padded = [0, 7, 14, 21].map((shift) => ((func >>> shift) & 0x7f) | 0x80);
  return [shortest, [...padded, func >>> 28]].map((index) => ({
    prefix: Uint8Array.of(Opcode.call, ...index, ...then),
    test: () => true,
  }));
}

/**
 * Visits the bodies that may hold a certain instruction. To scan all instructions of a large module takes most of a
 * second; to search it for a prefix byte takes a millisecond, and few bodies remain.
 */
function forEachSuspect(module: CoreModule, suspect: Suspect, visit: (i: number) => void): void {
  const whole = module.originalCode;
  if (whole === undefined) {
    module.code.forEach((body, i) => {
      if (!positions(body, suspect).next().done) visit(i);
    });
    return;
  }
  const found = new Set<number>();
  for (const position of positions(whole, suspect)) found.add(bodyAt(module.code, whole.byteOffset + position));
  for (const i of [...found].sort((a, b) => a - b)) if (i >= 0) visit(i);
}

/** The last body that starts at or before a byte offset of the buffer that all bodies are views of. */
function bodyAt(bodies: readonly FunctionBody[], byteOffset: number): number {
  let low = 0;
  let high = bodies.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((bodies[middle] as FunctionBody).byteOffset <= byteOffset) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Bytes that an instruction may start with: a prefix, and a test of the position after its first byte. */
type Suspect = readonly {
  readonly prefix: number | Uint8Array;
  readonly test: (bytes: Uint8Array, position: number) => boolean;
}[];

function* positions(bytes: Uint8Array, suspect: Suspect): Generator<number> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const { prefix, test } of suspect) {
    for (let at = buffer.indexOf(prefix); at >= 0; at = buffer.indexOf(prefix, at + 1)) {
      if (test(bytes, at + 1)) yield at;
    }
  }
}

/** The instructions of a prefix that refer to segments. */
function segmentSuspect(prefix: number): Suspect[number] {
  const opcodes = [...segmentInstructions.keys()].filter((opcode) => opcode >> 16 === prefix);
  const numbers = new Set(opcodes.map((opcode) => opcode & 0xffff));
  // All these numbers fit 7 bits; a longer encoding of them has the same low bits in its first byte.
  return { prefix, test: (bytes, at) => numbers.has((bytes[at] as number) & 0x7f) };
}

const BULK_SUSPECT = segmentSuspect(0xfc);
const ARRAY_SUSPECT = segmentSuspect(0xfb);

/** Without array types there is no instruction on arrays, and half of the search can be left out. */
function usesArrays(module: CoreModule): boolean {
  return typeSpace(module).some(({ composite }) => composite.kind === "array");
}

// The numbers from 0x100 to 0x17f: two bytes, or more in a longer encoding, of which the second has 2 in its low bits.
const RELAXED_SUSPECT: Suspect = [
  { prefix: 0xfd, test: (bytes, at) => (bytes[at] as number) >= 0x80 && ((bytes[at + 1] as number) & 0x7f) === 2 },
];
