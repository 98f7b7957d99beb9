/** What a file is that something else was expected of. */
export interface FileKind {
  /** As a noun: "found …". */
  readonly what: string;
  /** How to come to what is wanted. */
  readonly advice?: string;
}

/** @returns what the first bytes of a file tell, `undefined` where they tell nothing */
export function fileKind(bytes: Uint8Array): FileKind | undefined {
  if (bytes.length === 0) return { what: "nothing" };
  const known = SIGNATURES.find(({ at = 0, signature }) => startsWith(bytes, signature, at));
  if (known !== undefined) return known.kind === ELF && isPrecompiled(bytes) ? PRECOMPILED : known.kind;
  return isText(bytes) ? textKind(new TextDecoder().decode(bytes.subarray(0, BEGINNING))) : undefined;
}

/** With the advice. */
export function describeKind({ what, advice }: FileKind): string {
  return advice === undefined ? what : `${what} (${advice})`;
}

interface Signature {
  readonly at?: number;
  readonly signature: string;
  readonly kind: FileKind;
}

const compressed = (how: string): FileKind => ({ what: `${how}-compressed data`, advice: "decompress it first" });

export const TAR: FileKind = { what: "a tar archive" };
const ELF: FileKind = { what: "an ELF file" };
const PRECOMPILED: FileKind = {
  what: "a file that is precompiled for Wasmtime",
  advice: "give the component that it was compiled of",
};

const SIGNATURES: readonly Signature[] = [
  { signature: "\0asm", kind: { what: "WebAssembly" } },
  { signature: "\x1f\x8b", kind: compressed("gzip") },
  { signature: "\x28\xb5\x2f\xfd", kind: compressed("zstd") },
  { signature: "\xfd7zXZ\0", kind: compressed("xz") },
  { signature: "BZh", kind: compressed("bzip2") },
  { signature: "PK\x03\x04", kind: { what: "a zip archive" } },
  { signature: "ustar", at: 257, kind: TAR },
  { signature: "\x7fELF", kind: ELF },
];

/** Wasmtime's own sections are called so, and their names are somewhere in the file. */
function isPrecompiled(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(".wasmtime.");
}

/** How much of a file is looked at. */
const BEGINNING = 4096;

/** Whether a file begins with nothing but characters and white space. */
export function isText(bytes: Uint8Array): boolean {
  return bytes.subarray(0, BEGINNING).every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d));
}

const WIT = /^\s*(package [\w:-]+(\/[\w-]+)?(@[\w.-]+)?;|world [\w%-]+\s*\{|interface [\w%-]+\s*\{)/m;
const JAVASCRIPT =
  /^\s*(export\s+(default\b|const |let |class |function\b|async |\{|\*)|import\s*([\w$]+|\{[^}]*\}|\*\s*as\s+[\w$]+)\s*from\b|import\s*["']|(const|let|var) [\w${[]|(async )?function\b)/m;

function textKind(text: string): FileKind {
  if (text.startsWith("version https://git-lfs.")) {
    return { what: "a pointer of Git LFS", advice: "fetch the file itself: git lfs pull" };
  }
  if (/^\s*<(!doctype|html|\?xml)/i.test(text)) return { what: "HTML or XML" };
  if (WIT.test(text)) return { what: "WIT, which describes components", advice: "give one that is built to it" };
  if (JAVASCRIPT.test(text)) return { what: "JavaScript", advice: "make a component of it with `jco componentize`" };
  return { what: "text" };
}

function startsWith(bytes: Uint8Array, signature: string, at: number): boolean {
  return Buffer.from(signature, "latin1").every((byte, i) => bytes[at + i] === byte);
}
