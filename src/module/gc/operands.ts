import type { ExternKind } from "../exports.js";

/** The index spaces of a module that lose items (core specification 2.5.1). */
export type IndexSpace = ExternKind | "type" | "element" | "data";

export const indexSpaces: readonly IndexSpace[] = [
  "type",
  "func",
  "table",
  "memory",
  "tag",
  "global",
  "element",
  "data",
];

/**
 * What an index of an instruction counts. `inner` stands for what lies within a function or a type, and for plain
 * numbers: labels, locals, fields, the length of `array.new_fixed`. No item that goes changes these.
 */
export type Operand = IndexSpace | "inner";

export type Operands = readonly [first: Operand, second: Operand];

type Row = readonly [first: number, last: number, operand: Operand, second?: Operand];

/**
 * The instructions whose layout in `opcodes.ts` is one index or two, with or without something around them. Those of
 * the custom descriptors proposal are left out, like its types.
 */
const ROWS: readonly Row[] = [
  // Legacy catch and throw; then rethrow.
  [0x07, 0x08, "tag"],
  [0x09, 0x09, "inner"],
  // br, br_if.
  [0x0c, 0x0d, "inner"],
  // Calls: direct, indirect, and both as tail calls; call_ref and return_call_ref.
  [0x10, 0x10, "func"],
  [0x11, 0x11, "type", "table"],
  [0x12, 0x12, "func"],
  [0x13, 0x13, "type", "table"],
  [0x14, 0x15, "type"],
  // delegate.
  [0x18, 0x18, "inner"],
  [0x20, 0x22, "inner"],
  [0x23, 0x24, "global"],
  [0x25, 0x26, "table"],
  // memory.size, memory.grow.
  [0x3f, 0x40, "memory"],
  // ref.func; br_on_null, br_on_non_null.
  [0xd2, 0xd2, "func"],
  [0xd5, 0xd6, "inner"],
  // Stack switching: cont.new, cont.bind, suspend, resume, resume_throw, resume_throw_ref, switch.
  [0xe0, 0xe0, "type"],
  [0xe1, 0xe1, "type", "type"],
  [0xe2, 0xe2, "tag"],
  [0xe3, 0xe3, "type"],
  [0xe4, 0xe4, "type", "tag"],
  [0xe5, 0xe5, "type"],
  [0xe6, 0xe6, "type", "tag"],
  // struct.new to struct.set; array.new, _default, _fixed, _data, _elem; array.get to array.set, array.fill.
  [0xfb_0000, 0xfb_0001, "type"],
  [0xfb_0002, 0xfb_0005, "type", "inner"],
  [0xfb_0006, 0xfb_0007, "type"],
  [0xfb_0008, 0xfb_0008, "type", "inner"],
  [0xfb_0009, 0xfb_0009, "type", "data"],
  [0xfb_000a, 0xfb_000a, "type", "element"],
  [0xfb_000b, 0xfb_000e, "type"],
  [0xfb_0010, 0xfb_0010, "type"],
  // array.copy, array.init_data, array.init_elem.
  [0xfb_0011, 0xfb_0011, "type", "type"],
  [0xfb_0012, 0xfb_0012, "type", "data"],
  [0xfb_0013, 0xfb_0013, "type", "element"],
  // memory.init, data.drop, memory.copy, memory.fill.
  [0xfc_0008, 0xfc_0008, "data", "memory"],
  [0xfc_0009, 0xfc_0009, "data"],
  [0xfc_000a, 0xfc_000a, "memory", "memory"],
  [0xfc_000b, 0xfc_000b, "memory"],
  // table.init, elem.drop, table.copy; table.grow, table.size, table.fill.
  [0xfc_000c, 0xfc_000c, "element", "table"],
  [0xfc_000d, 0xfc_000d, "element"],
  [0xfc_000e, 0xfc_000e, "table", "table"],
  [0xfc_000f, 0xfc_0011, "table"],
  // memory.discard.
  [0xfc_0012, 0xfc_0012, "memory"],
  // Shared-everything threads, atomic accesses of globals, tables, structs and arrays.
  [0xfe_004f, 0xfe_0057, "global"],
  [0xfe_0058, 0xfe_005b, "table"],
  [0xfe_005c, 0xfe_0066, "type", "inner"],
  [0xfe_0067, 0xfe_0071, "type"],
];

const singleByte: (Operands | undefined)[] = new Array(0x100).fill(undefined);
const prefixed = new Map<number, Operands>();

for (const [first, last, operand, second = "inner"] of ROWS) {
  for (let opcode = first; opcode <= last; opcode++) {
    if (opcode < 0x100) singleByte[opcode] = [operand, second];
    else prefixed.set(opcode, [operand, second]);
  }
}

/** What the indices of an instruction count; `undefined` when that is not known. */
export function operandsOf(opcode: number): Operands | undefined {
  return opcode < 0x100 ? singleByte[opcode] : prefixed.get(opcode);
}
