import type { Convention } from "./convention.js";
import type { PtrType } from "./core-types.js";
import { Lifters } from "./lift.js";
import { Lowerers } from "./lower.js";

interface Codec {
  readonly lifters: Lifters;
  readonly lowerers: Lowerers;
}

const codecs = { i32: new Map<Convention, Codec>(), i64: new Map<Convention, Codec>() };

/** What lifts and lowers values between a guest and a convention. */
export function codecOf(convention: Convention, ptrType: PtrType): Codec {
  let codec = codecs[ptrType].get(convention);
  if (codec === undefined) {
    codec = { lifters: new Lifters(convention, ptrType), lowerers: new Lowerers(convention, ptrType) };
    codecs[ptrType].set(convention, codec);
  }
  return codec;
}
