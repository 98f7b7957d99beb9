import type { Convention, VariantValue } from "./convention.js";
import type { ReadableEndShared } from "./copy.js";
import type { Representation } from "./resources.js";
import type { AbiString } from "./strings.js";

/**
 * What goes from one guest to another: lifted values are lowered at once, so bytes can be views of memory, and nothing needs
 * a name.
 */
export const guestConvention: Convention = {
  toString: (string) => string,
  fromString: (value) => value as AbiString,
  toRecord: () => (fields) => fields,
  fromRecord: () => (value) => value as unknown[],
  toVariant: () => (index, payload) => ({ index, payload }) satisfies VariantValue,
  fromVariant: () => (value) => value as VariantValue,
  toFlags: () => (bits) => bits,
  fromFlags: () => (value) => value as number,
  toNumbers: (_, bytes) => bytes,
  fromNumbers: (_, value) => value as Uint8Array,
  toList: () => (elements) => elements,
  fromList: () => (value) => value as unknown[],
  toHandle: (rep) => rep,
  fromHandle: (value) => value as Representation,
  toReadable: (shared) => shared,
  fromReadable: (value) => value as ReadableEndShared,
};
