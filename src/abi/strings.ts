import { isUtf8 } from "node:buffer";
import type { LiftLowerContext } from "./context.js";
import type { CoreValue } from "./core-types.js";
import { alignTo } from "./layout.js";
import { type CanonicalOptions, toAddress } from "./options.js";
import { trap, trapIf } from "./trap.js";

/** CanonicalABI.md, `MAX_STRING_BYTE_LENGTH`. */
const MAX_STRING_BYTE_LENGTH = 2 ** 28 - 1;

/**
 * CanonicalABI.md, `String`: what is allocated for a string in one memory depends on how it was encoded in another one.
 */
export interface AbiString {
  readonly encoding: "utf8" | "utf16" | "latin1";
  /** Whether the encoding could have been either `latin1` or `utf16`. */
  readonly isEither: boolean;
  readonly codeUnits: number;
  /** As it is in memory: a view, which is good until code of its guest runs; absent for the host's strings. */
  readonly bytes?: Uint8Array;
  text(): string;
}

/** A string of the host, which counts as one of UTF-8. */
export function hostString(value: string): AbiString {
  const text = value.toWellFormed();
  const length = Buffer.byteLength(text, "utf8");
  return { encoding: "utf8", isEither: false, codeUnits: length, text: () => text };
}

/** CanonicalABI.md, `utf16_tag`: the highest bit of the length of a string of `latin1+utf16`, set where it is UTF-16. */
const UTF16_TAG_32 = 2 ** 31;
const UTF16_TAG_64 = 2n ** 63n;

/** CanonicalABI.md, `load_string_from_range`. */
export function loadStringFromRange(
  { options, instance }: LiftLowerContext,
  ptr: number,
  taggedCodeUnits: CoreValue,
): AbiString {
  const { encoding, codeUnits } = untagged(options, taggedCodeUnits);
  const byteLength = encoding === "utf16" ? 2 * codeUnits : codeUnits;
  trapIf(byteLength > MAX_STRING_BYTE_LENGTH, "string content out-of-bounds");
  const alignment = options.encoding === "utf8" ? 1 : 2;
  trapIf(ptr !== alignTo(ptr, alignment), `string pointer not aligned to ${alignment}`);
  trapIf(ptr + byteLength > options.bytes.length, "string content out-of-bounds");
  const bytes = options.bytes.subarray(ptr, ptr + byteLength);
  instance.store.spend(byteLength);
  checkEncoding(encoding, bytes);
  const isEither = options.encoding === "latin1+utf16";
  return { encoding, isEither, codeUnits, bytes, text: () => decode(encoding, bytes) };
}

function untagged(options: CanonicalOptions, tagged: CoreValue): Pick<AbiString, "encoding" | "codeUnits"> {
  if (options.encoding !== "latin1+utf16") return { encoding: options.encoding, codeUnits: toAddress(tagged) };
  const hasTag = typeof tagged === "bigint" ? (tagged & UTF16_TAG_64) !== 0n : tagged >>> 0 >= UTF16_TAG_32;
  if (!hasTag) return { encoding: "latin1", codeUnits: toAddress(tagged) };
  const codeUnits = typeof tagged === "bigint" ? toAddress(tagged ^ UTF16_TAG_64) : (tagged >>> 0) - UTF16_TAG_32;
  return { encoding: "utf16", codeUnits };
}

/** The length of a string of `latin1+utf16` that is in UTF-16. */
function withTag(options: CanonicalOptions, codeUnits: number): CoreValue {
  return options.ptrType === "i32" ? codeUnits + UTF16_TAG_32 : BigInt(codeUnits) | UTF16_TAG_64;
}

function checkEncoding(encoding: AbiString["encoding"], bytes: Uint8Array): void {
  if (encoding === "utf8") trapIf(!isUtf8(bytes), "invalid utf-8 encoding");
  if (encoding === "utf16") trapIf(!decode("utf16", bytes).isWellFormed(), "unpaired surrogate found");
}

const BUFFER_ENCODINGS = { utf8: "utf8", utf16: "utf16le", latin1: "latin1" } as const;

function decode(encoding: AbiString["encoding"], { buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString(BUFFER_ENCODINGS[encoding]);
}

function encode(text: string, encoding: AbiString["encoding"]): Uint8Array {
  return Buffer.from(text, BUFFER_ENCODINGS[encoding]);
}

/** Where a string is, and its length as it is passed. */
export type StringRange = readonly [ptr: number, taggedCodeUnits: CoreValue];

/** CanonicalABI.md, `store_string_into_range`. */
export function storeStringIntoRange(cx: LiftLowerContext, string: AbiString): StringRange {
  const { encoding, isEither } = string;
  switch (cx.options.encoding) {
    case "utf8":
      if (encoding === "utf8") return storeCopy(cx, string, 1, 1, "utf8");
      return storeToUtf8(cx, string, string.codeUnits * (encoding === "utf16" ? 3 : 2));
    case "utf16":
      return encoding === "utf8" ? storeUtf8ToUtf16(cx, string) : storeCopy(cx, string, 2, 2, "utf16");
    default:
      if (!isEither) return storeToLatin1OrUtf16(cx, string);
      return encoding === "latin1" ? storeCopy(cx, string, 1, 2, "latin1") : storeProbablyUtf16(cx, string);
  }
}

/** CanonicalABI.md, `store_string_copy`. */
function storeCopy(
  { options, instance }: LiftLowerContext,
  string: AbiString,
  codeUnitSize: number,
  alignment: number,
  encoding: AbiString["encoding"],
): StringRange {
  const length = codeUnitSize * string.codeUnits;
  const ptr = options.allocate(instance, alignment, length);
  if (string.encoding === encoding && string.bytes !== undefined) options.bytes.set(string.bytes, ptr);
  else if (encoding === "utf8") encoder.encodeInto(string.text(), options.bytes.subarray(ptr, ptr + length));
  else options.bytes.set(encode(string.text(), encoding), ptr);
  return [ptr, options.toCore(string.codeUnits)];
}

const encoder = new TextEncoder();

/** CanonicalABI.md, `store_string_to_utf8`. */
function storeToUtf8({ options, instance }: LiftLowerContext, string: AbiString, worstCaseSize: number): StringRange {
  const encoded = encode(string.text(), "utf8");
  let ptr = options.allocate(instance, 1, string.codeUnits);
  // All of it is ASCII.
  if (encoded.length === string.codeUnits) {
    options.bytes.set(encoded, ptr);
    return [ptr, options.toCore(string.codeUnits)];
  }
  const ascii = encoded.findIndex((byte) => byte >= 0x80);
  options.bytes.set(encoded.subarray(0, ascii), ptr);
  ptr = options.reallocate(instance, ptr, string.codeUnits, 1, worstCaseSize);
  options.bytes.set(encoded.subarray(ascii), ptr + ascii);
  if (worstCaseSize > encoded.length) ptr = options.reallocate(instance, ptr, worstCaseSize, 1, encoded.length);
  return [ptr, options.toCore(encoded.length)];
}

/** CanonicalABI.md, `store_utf8_to_utf16`. */
function storeUtf8ToUtf16({ options, instance }: LiftLowerContext, string: AbiString): StringRange {
  const worstCaseSize = 2 * string.codeUnits;
  const encoded = encode(string.text(), "utf16");
  let ptr = options.allocate(instance, 2, worstCaseSize);
  options.bytes.set(encoded, ptr);
  if (encoded.length < worstCaseSize) ptr = options.reallocate(instance, ptr, worstCaseSize, 2, encoded.length);
  return [ptr, options.toCore(encoded.length / 2)];
}

/** CanonicalABI.md, `store_string_to_latin1_or_utf16`. */
function storeToLatin1OrUtf16({ options, instance }: LiftLowerContext, string: AbiString): StringRange {
  const text = string.text();
  const latin1 = leadingLatin1(text);
  let ptr = options.allocate(instance, 2, string.codeUnits);
  options.bytes.set(encode(text.slice(0, latin1), "latin1"), ptr);
  if (latin1 === text.length) {
    if (latin1 < string.codeUnits) ptr = options.reallocate(instance, ptr, string.codeUnits, 2, latin1);
    return [ptr, options.toCore(latin1)];
  }
  const worstCaseSize = 2 * string.codeUnits;
  ptr = options.reallocate(instance, ptr, string.codeUnits, 2, worstCaseSize);
  // In place, from what the guest's realloc has made of it.
  for (let i = latin1 - 1; i >= 0; i--) {
    options.bytes[ptr + 2 * i] = options.bytes[ptr + i] as number;
    options.bytes[ptr + 2 * i + 1] = 0;
  }
  const encoded = encode(text, "utf16");
  options.bytes.set(encoded.subarray(2 * latin1), ptr + 2 * latin1);
  if (worstCaseSize > encoded.length) ptr = options.reallocate(instance, ptr, worstCaseSize, 2, encoded.length);
  return [ptr, withTag(options, encoded.length / 2)];
}

function leadingLatin1(text: string): number {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return i;
  return text.length;
}

/** CanonicalABI.md, `store_probably_utf16_to_latin1_or_utf16`. */
function storeProbablyUtf16({ options, instance }: LiftLowerContext, string: AbiString): StringRange {
  const length = 2 * string.codeUnits;
  let ptr = options.allocate(instance, 2, length);
  const encoded = string.bytes ?? trap("a string has no bytes");
  options.bytes.set(encoded, ptr);
  if (encoded.some((byte, i) => i % 2 === 1 && byte !== 0)) return [ptr, withTag(options, string.codeUnits)];
  for (let i = 0; i < string.codeUnits; i++) options.bytes[ptr + i] = encoded[2 * i] as number;
  ptr = options.reallocate(instance, ptr, length, 1, string.codeUnits);
  return [ptr, options.toCore(string.codeUnits)];
}
