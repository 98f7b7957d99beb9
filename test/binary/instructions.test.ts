import { describe, expect, it } from "vitest";
import { InstructionScanner, NO_INDEX, scanFunctionBody } from "../../src/binary/instructions.js";
import { formatOpcode, Immediates, Opcode, prefixedOpcodes, singleByteOpcodes } from "../../src/binary/opcodes.js";
import { ByteReader } from "../../src/binary/reader.js";
import { ComponentInitError } from "../../src/errors.js";
import { moduleOf } from "../module/wat.js";

interface Scanned {
  readonly opcode: string;
  readonly indices: readonly number[];
}

function scan(reader: ByteReader): Scanned[] {
  const instructions: Scanned[] = [];
  scanFunctionBody(reader, ({ opcode, index, secondIndex }) => {
    instructions.push({
      opcode: formatOpcode(opcode),
      indices: [index, secondIndex].filter((one) => one !== NO_INDEX),
    });
  });
  return instructions;
}

/** The instructions of the module's last function, as `opcode index index`, without its `end`. */
async function scanText(text: string): Promise<string[]> {
  const module = await moduleOf(`(module ${text})`);
  const scanned = scan(module.bodyReader(module.code.length - 1));
  expect(scanned.at(-1)?.opcode).toBe("0x0b");
  return scanned.slice(0, -1).map(({ opcode, indices }) => [opcode, ...indices].join(" "));
}

function scanBytes(...body: number[]): Scanned[] {
  return scan(new ByteReader(new Uint8Array(body)));
}

function failure(run: () => unknown): ComponentInitError {
  try {
    run();
  } catch (error) {
    if (error instanceof ComponentInitError) return error;
    throw error;
  }
  throw new Error("expected an error");
}

/** Each: what surrounds the function, its instructions, what the scanner must see. */
const groups: Record<string, [context: string, body: string, expected: string]> = {
  control: [
    "(type $t (func (param i32) (result i32)))",
    `nop block end loop (result i32) i32.const 1 end if (type $t) (param i32) (result i32) else end
     br 0 br_if 0 br_table 0 0 0 return unreachable`,
    "0x01; 0x02; 0x0b; 0x03; 0x41; 0x0b; 0x04; 0x05; 0x0b; 0x0c 0; 0x0d 0; 0x0e; 0x0f; 0x00",
  ],
  "block types": [
    "(type $s (struct))",
    "block (result (ref null $s)) end block (result funcref) end block (result v128) end block (result (ref func)) end",
    "0x02; 0x0b; 0x02; 0x0b; 0x02; 0x0b; 0x02; 0x0b",
  ],
  calls: [
    "(type $t (func)) (table 1 funcref) (table 1 funcref) (func $f)",
    "call $f call_indirect 1 (type $t) return_call $f return_call_indirect (type $t) call_ref $t return_call_ref $t",
    "0x10 0; 0x11 0 1; 0x12 0; 0x13 0 0; 0x14 0; 0x15 0",
  ],
  "variables and tables": [
    "(global (mut i32) (i32.const 0)) (global (mut i32) (i32.const 0)) (table 1 funcref)",
    "(local i32 i64 i64) local.get 0 local.set 1 local.tee 2 global.get 1 global.set 0 table.get 0 table.set 0",
    "0x20 0; 0x21 1; 0x22 2; 0x23 1; 0x24 0; 0x25 0; 0x26 0",
  ],
  memory: [
    "(memory 1) (memory i64 1)",
    `i32.load i64.load8_u offset=65536 i32.store 1 offset=0xffffffffffff align=1 i64.store32 memory.size 1 memory.grow`,
    "0x28 0; 0x31 0; 0x36 1; 0x3e 0; 0x3f 1; 0x40 0",
  ],
  constants: [
    "",
    `i32.const -1 i32.const -2147483648 i64.const 9223372036854775807 i64.const -1 f32.const nan:0x1 f64.const inf`,
    "0x41; 0x41; 0x42; 0x42; 0x43; 0x44",
  ],
  numbers: [
    "",
    "i32.eqz i64.mul f32.sqrt f64.copysign i32.wrap_i64 f64.reinterpret_i64",
    "0x45; 0x7e; 0x91; 0xa6; 0xa7; 0xbf",
  ],
  "sign extension": ["", "i32.extend8_s i64.extend32_s", "0xc0; 0xc4"],
  "saturating conversions": ["", "i32.trunc_sat_f32_s i64.trunc_sat_f64_u", "0xfc 0x00; 0xfc 0x07"],
  "bulk memory": [
    '(memory 1) (memory 1) (table 1 funcref) (table 1 funcref) (data "a") (data "b") (elem func) (elem func)',
    `memory.init 1 1 data.drop 1 memory.copy 1 0 memory.fill 1 table.init 1 1 elem.drop 1 table.copy 1 0
     table.grow 1 table.size 1 table.fill 1`,
    "0xfc 0x08 1 1; 0xfc 0x09 1; 0xfc 0x0a 1 0; 0xfc 0x0b 1; 0xfc 0x0c 1 1; 0xfc 0x0d 1; 0xfc 0x0e 1 0; 0xfc 0x0f 1; 0xfc 0x10 1; 0xfc 0x11 1",
  ],
  references: [
    "(type $t (func)) (func $f) (elem declare func $f)",
    `ref.null func ref.null $t ref.is_null ref.func $f ref.eq ref.as_non_null br_on_null 0 br_on_non_null 0
     drop select select (result i32) select (result (ref null $t))`,
    "0xd0; 0xd0; 0xd1; 0xd2 0; 0xd3; 0xd4; 0xd5 0; 0xd6 0; 0x1a; 0x1b; 0x1c; 0x1c",
  ],
  structs: [
    "(type $s (struct (field (mut i8))))",
    "struct.new $s struct.new_default $s struct.get_s $s 0 struct.get_u $s 0 struct.set $s 0",
    "0xfb 0x00 0; 0xfb 0x01 0; 0xfb 0x03 0 0; 0xfb 0x04 0 0; 0xfb 0x05 0 0",
  ],
  arrays: [
    '(type $a (array (mut i8))) (type $e (array (mut funcref))) (data "a") (data "b") (elem func) (elem func)',
    `array.new $a array.new_default $a array.new_fixed $a 3 array.new_data $a 1 array.new_elem $e 1 array.get $e
     array.get_s $a array.get_u $a array.set $a array.len array.fill $a array.copy $a $a array.init_data $a 1
     array.init_elem $e 1`,
    "0xfb 0x06 0; 0xfb 0x07 0; 0xfb 0x08 0 3; 0xfb 0x09 0 1; 0xfb 0x0a 1 1; 0xfb 0x0b 1; 0xfb 0x0c 0; 0xfb 0x0d 0; 0xfb 0x0e 0; 0xfb 0x0f; 0xfb 0x10 0; 0xfb 0x11 0 0; 0xfb 0x12 0 1; 0xfb 0x13 1 1",
  ],
  casts: [
    "(type $s (struct))",
    `ref.test (ref $s) ref.test (ref null eq) ref.cast (ref i31) ref.cast (ref null $s)
     br_on_cast 0 anyref (ref $s) br_on_cast_fail 0 (ref null any) (ref null $s)
     any.convert_extern extern.convert_any ref.i31 i31.get_s i31.get_u ref.test (ref (shared any))`,
    "0xfb 0x14; 0xfb 0x15; 0xfb 0x16; 0xfb 0x17; 0xfb 0x18 0; 0xfb 0x19 0; 0xfb 0x1a; 0xfb 0x1b; 0xfb 0x1c; 0xfb 0x1d; 0xfb 0x1e; 0xfb 0x14",
  ],
  "legacy exceptions": [
    "(tag (param i32)) (tag)",
    "try catch 0 rethrow 0 catch_all end try try throw 1 delegate 0 end",
    "0x06; 0x07 0; 0x09 0; 0x19; 0x0b; 0x06; 0x06; 0x08 1; 0x18 0; 0x0b",
  ],
  exceptions: [
    "(tag (param i32)) (tag)",
    "try_table (result i32) (catch 0 0) (catch_ref 1 0) (catch_all 0) (catch_all_ref 0) throw 1 end throw_ref",
    "0x1f; 0x08 1; 0x0b; 0x0a",
  ],
  vectors: [
    "(memory 1) (memory 1)",
    `v128.load 1 offset=3 v128.load32x2_u v128.load8_splat v128.store v128.const i64x2 -1 1
     i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31 i8x16.swizzle i8x16.extract_lane_s 15 f64x2.replace_lane 1
     i8x16.eq v128.load8_lane 1 offset=1 7 v128.store64_lane 1 v128.load64_zero i8x16.abs f64x2.convert_low_i32x4_u`,
    "0xfd 0x00 1; 0xfd 0x06 0; 0xfd 0x07 0; 0xfd 0x0b 0; 0xfd 0x0c; 0xfd 0x0d; 0xfd 0x0e; 0xfd 0x15; 0xfd 0x22; 0xfd 0x23; 0xfd 0x54 1; 0xfd 0x5b 0; 0xfd 0x5d 0; 0xfd 0x60; 0xfd 0xff",
  ],
  "relaxed vectors": [
    "",
    "i8x16.relaxed_swizzle f32x4.relaxed_madd i32x4.relaxed_dot_i8x16_i7x16_add_s",
    "0xfd 0x100; 0xfd 0x105; 0xfd 0x113",
  ],
  threads: [
    "(memory 1 1 shared) (memory 1 1 shared)",
    `memory.atomic.notify memory.atomic.wait32 1 memory.atomic.wait64 atomic.fence i32.atomic.load8_u offset=4
     i64.atomic.store 1 i32.atomic.rmw.add i64.atomic.rmw32.cmpxchg_u`,
    "0xfe 0x00 0; 0xfe 0x01 1; 0xfe 0x02 0; 0xfe 0x03; 0xfe 0x12 0; 0xfe 0x18 1; 0xfe 0x1e 0; 0xfe 0x4e 0",
  ],
  "shared-everything threads": [
    "(global (shared mut i32) (i32.const 0)) (type $s (shared (struct (field (mut i32))))) (type $a (shared (array (mut i32))))",
    `global.atomic.get seq_cst 0 global.atomic.rmw.add acq_rel 0 struct.atomic.get seq_cst $s 0
     struct.atomic.rmw.cmpxchg acq_rel $s 0 array.atomic.set seq_cst $a ref.i31_shared`,
    "0xfe 0x4f 0; 0xfe 0x51 0; 0xfe 0x5c 0 0; 0xfe 0x66 0 0; 0xfe 0x6a 1; 0xfe 0x72",
  ],
  "stack switching": [
    "(type $f (func)) (type $c (cont $f)) (tag $t) (tag $u)",
    `cont.new $c cont.bind $c $c suspend $u resume $c (on $t 0) (on $u switch) resume_throw $c $u (on $t 0)
     resume_throw_ref $c switch $c $u`,
    "0xe0 1; 0xe1 1 1; 0xe2 1; 0xe3 1; 0xe4 1 1; 0xe5 1; 0xe6 1 1",
  ],
  "wide arithmetic": [
    "",
    "i64.add128 i64.sub128 i64.mul_wide_s i64.mul_wide_u",
    "0xfc 0x13; 0xfc 0x14; 0xfc 0x15; 0xfc 0x16",
  ],
  "memory control": ["(memory 1) (memory 1)", "memory.discard 1", "0xfc 0x12 1"],
};

describe("steps over", () => {
  it.each(Object.entries(groups))("%s", async (_, [context, body, expected]) => {
    expect(await scanText(`${context} (func ${body})`)).toEqual(expected.split("; "));
  });

  it("locals of every type", async () => {
    const locals = "i32 i64 f32 f64 v128 funcref externref (ref null $s) anyref exnref (ref null (shared any)) contref";
    expect(await scanText(`(type $s (struct)) (func (local ${locals}) nop)`)).toEqual(["0x01"]);
  });
});

/** Bytes that are valid immediates of any kind: zeros, with an `end` for what opens a block. */
function withZeros(...opcode: number[]): ByteReader {
  return new ByteReader(new Uint8Array([...opcode, ...new Array<number>(40).fill(0)]));
}

describe("the table of instructions", () => {
  function accepts(...opcode: number[]): boolean {
    const reader = withZeros(...opcode);
    try {
      new InstructionScanner(reader).next();
      return true;
    } catch (error) {
      if (error instanceof ComponentInitError && error.message.startsWith("unknown instruction")) return false;
      // A heap type of zero bytes is type 0, a block type too: nothing else can fail on zeros.
      throw error;
    }
  }

  function holes(prefix: number[], count: number): string[] {
    const unknown: string[] = [];
    for (let i = 0; i < count; i++) {
      const opcode = prefix.length === 0 ? [i] : [...prefix, (i & 0x7f) | 0x80, i >> 7];
      if (!accepts(...opcode)) unknown.push(i.toString(16));
    }
    return unknown;
  }

  // Compared with wasmparser's `visit_operator` and its prefixed forms.
  it("has exactly the known gaps", () => {
    const prefixes = (_: string, i: number) => ![0xfb, 0xfc, 0xfd, 0xfe].includes(i);
    const single = Array.from({ length: 0x100 }, (_, i) => i.toString(16)).filter(prefixes);
    const gaps = single.filter((hex) => singleByteOpcodes[Number.parseInt(hex, 16)] === Immediates.Unknown);
    const e7ToFa = Array.from({ length: 0xfb - 0xe7 }, (_, i) => (0xe7 + i).toString(16));
    const c5ToCf = Array.from({ length: 0xd0 - 0xc5 }, (_, i) => (0xc5 + i).toString(16));
    const d7ToDf = Array.from({ length: 0xe0 - 0xd7 }, (_, i) => (0xd7 + i).toString(16));
    expect(gaps).toEqual(["16", "17", "1d", "1e", "27", ...c5ToCf, ...d7ToDf, ...e7ToFa, "ff"]);
    expect(holes([0xfb], 0x28)).toEqual(["1f", "27"]);
    expect(holes([0xfc], 0x18)).toEqual(["17"]);
    expect(holes([0xfd], 0x115)).toEqual("9a a2 a5 a6 af b0 b2 b3 b4 bb c2 c5 c6 cf d0 d2 d3 d4 e2 ee 114".split(" "));
    const noAtomics = Array.from({ length: 12 }, (_, i) => (i + 4).toString(16));
    expect(holes([0xfe], 0x74)).toEqual([...noAtomics, "73"]);
  });

  it("knows no other prefix", () => {
    expect(prefixedOpcodes(0xfa)).toBeUndefined();
    expect(prefixedOpcodes(0xff)).toBeUndefined();
  });
});

describe("rejects", () => {
  it.each<[string, number[], string]>([
    ["an unknown instruction", [0, 0x27, 0x0b], "unknown instruction 0x27 at offset 0x1"],
    ["an unknown prefixed instruction", [0, 0xfc, 0x20, 0x0b], "unknown instruction 0xfc 0x20 at offset 0x1"],
    ["an absurd number", [0, 0xfd, 0xff, 0xff, 0xff, 0xff, 0x0f], "unknown instruction 0xfd 0xffff at offset 0x1"],
  ])("%s as unsupported", (_, body, message) => {
    const error = failure(() => scanBytes(...body));
    expect(error.code).toBe("unsupported");
    expect(error.message).toBe(message);
  });

  it.each<[string, number[], string]>([
    ["a missing end", [0, 0x01], "unexpected end at offset 0x2"],
    ["an unclosed block", [0, 0x02, 0x40, 0x0b], "unexpected end at offset 0x4"],
    ["instructions after the end", [0, 0x0b, 0x01], "function body has 1 bytes too many at offset 0x2"],
    ["too many locals groups", [0xff, 0xff, 0xff, 0xff, 0x0f], "number of groups of locals (4294967295) exceeds"],
    ["too many labels", [0, 0x0e, 0xff, 0xff, 0xff, 0xff, 0x0f], "number of labels of br_table (4294967295) exceeds"],
    ["too many catches", [0, 0x1f, 0x40, 0xff, 0xff, 0x03], "number of catch clauses (65535) exceeds"],
    ["an unknown catch", [0, 0x1f, 0x40, 0x01, 0x04, 0x00], "unknown catch clause 0x4 at offset 0x4"],
    ["an unknown handler", [0, 0xe3, 0x00, 0x01, 0x02], "unknown handler 0x2 at offset 0x4"],
    ["a long i32", [0, 0x41, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], "integer does not fit 32 bits at offset 0x2"],
    ["a long i64", [0, 0x42, ...new Array<number>(10).fill(0x80), 0x00], "integer does not fit 64 bits at offset 0x2"],
    ["a short f64", [0, 0x44, 0x00, 0x0b], "bytes: 8 bytes wanted, 2 left, at offset 0x2"],
    ["an alignment", [0, 0x28, 0x80, 0x01, 0x00, 0x0b], "alignment of a memory instruction is too large at offset 0x2"],
    ["a block type", [0, 0x02, 0x41, 0x0b], "unknown type 0x41 at offset 0x2"],
    ["a negative long block type", [0, 0x02, 0xff, 0x7f, 0x0b], "malformed block type at offset 0x2"],
    ["a heap type", [0, 0xd0, 0x41, 0x0b], "unknown type 0x41 at offset 0x2"],
    ["cast flags", [0, 0xfb, 0x18, 0x04, 0x00], "unknown cast flags at offset 0x3"],
    ["a fence with a byte", [0, 0xfe, 0x03, 0x01], "reserved byte of atomic.fence is not zero at offset 0x3"],
    ["a memory ordering", [0, 0xfe, 0x4f, 0x02, 0x00], "unknown memory ordering at offset 0x3"],
  ])("%s as malformed", (_, body, message) => {
    const error = failure(() => scanBytes(...body));
    expect(error.code).toBe("malformed");
    expect(error.message).toContain(message);
  });
});

it("accepts instruction numbers that are longer than they need to be", () => {
  expect(scanBytes(0x00, 0xfc, 0x89, 0x80, 0x00, 0x05, 0x0b)).toEqual([
    { opcode: formatOpcode(Opcode.dataDrop), indices: [5] },
    { opcode: "0x0b", indices: [] },
  ]);
});

it("does not recurse: 100,000 nested blocks", () => {
  const depth = 100_000;
  const body = new Uint8Array(1 + depth * 3 + 1);
  for (let i = 0; i < depth; i++) body.set([0x02, 0x40], 1 + i * 2);
  body.fill(0x0b, 1 + depth * 2);
  expect(scan(new ByteReader(body)).length).toBe(2 * depth + 1);
});
