import type { NumberType } from "./module-model.js";
import type { Prng } from "./prng.js";

const F32 = ["0", "-0", "1.5", "-inf", "inf", "nan", "-nan", "nan:0x200001", "-nan:0x7fffff", "nan:0x1", "0x1p-149"];
const F64 = ["0", "-0", "1.5", "-inf", "inf", "nan", "-nan", "nan:0x4000000000001", "-nan:0x1", "0x1p-1074"];
const I32 = ["0", "1", "-1", "0x7fffffff", "0x80000000", "65536"];
const I64 = ["0", "1", "-1", "0x7fffffffffffffff", "0x8000000000000000", "0x100000000"];

/** A constant, NaNs with their bits included. */
export function constant(type: NumberType, random: Prng): string {
  switch (type) {
    case "i32":
      return `(i32.const ${random.chance(0.5) ? random.pick(I32) : random.below(100_000)})`;
    case "i64":
      return `(i64.const ${random.chance(0.5) ? random.pick(I64) : random.u32() * 2 ** 16})`;
    case "f32":
      return `(f32.const ${random.pick(F32)})`;
    case "f64":
      return `(f64.const ${random.pick(F64)})`;
    case "v128":
      return `(v128.const i32x4 ${random.u32()} 0 ${random.u32()} ${random.pick(I32)})`;
  }
}

/** What a number becomes of an i32 without arithmetic that could change a NaN's bits. */
export function fromI32(type: NumberType, value: string, random: Prng): string {
  switch (type) {
    case "i32":
      return value;
    case "i64":
      return `(i64.mul (i64.extend_i32_s ${value}) (i64.const ${random.pick(I64)}))`;
    case "f32":
      return `(f32.reinterpret_i32 ${random.chance(0.3) ? `(i32.or ${value} (i32.const 0x7f800001))` : value})`;
    case "f64":
      return `(f64.reinterpret_i64 (i64.or (i64.extend_i32_u ${value}) (i64.const ${random.pick(["0", "0x7ff0000000000000"])})))`;
    case "v128":
      return `(i32x4.replace_lane ${random.below(4)} ${constant("v128", random)} ${value})`;
  }
}

/** A number's bits as an i64 (an i64x2's lanes joined). */
export function bitsOf(type: NumberType, value: string): string {
  switch (type) {
    case "i32":
      return `(i64.extend_i32_u ${value})`;
    case "i64":
      return value;
    case "f32":
      return `(i64.extend_i32_u (i32.reinterpret_f32 ${value}))`;
    case "f64":
      return `(i64.reinterpret_f64 ${value})`;
    case "v128":
      return `(i64.add (i64x2.extract_lane 0 ${value}) (i64.rotl (i64x2.extract_lane 1 ${value}) (i64.const 17)))`;
  }
}
