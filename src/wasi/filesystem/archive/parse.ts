import { isUtf8 } from "node:buffer";
import { Parser, type ReadEntry } from "tar";
import { describeKind, type FileKind, fileKind, TAR } from "../../../file-kind.js";
import { ArchiveError, isCompressed } from "./decompress.js";
import { entryNames, type NameBytes } from "./name-bytes.js";

const BLOCK = 512;

export interface ParsedEntry {
  readonly path: string;
  /** Of a link: what it refers to. */
  readonly linkpath: string;
  readonly type: string;
  readonly content: Uint8Array;
}

/**
 * The entries of an archive in order, each with the range that holds its contents. The parser does not say where it is;
 * it gets the archive in such pieces that it is known: block by block, and contents as a whole.
 */
export function* parseArchive(archive: Uint8Array): Generator<ParsedEntry> {
  // The parser would decompress it once more.
  if (isCompressed(archive)) throw new ArchiveError("it is compressed twice");
  const source = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  const feed = new Feed(fileKind(archive));
  let start = 0;
  for (let at = 0; at < source.length && !feed.isAtEnd; ) {
    const header = feed.write(source.subarray(at, at + BLOCK));
    at += BLOCK;
    if (header === undefined) continue;
    const { size, startBlockSize } = header;
    if (at + size > source.length) throw new ArchiveError("it ends in the middle of an entry");
    if (startBlockSize > 0) feed.write(source.subarray(at, at + startBlockSize));
    const names = namesOf(header, source.subarray(start, at));
    yield { ...names, type: header.type, content: archive.subarray(at, at + size) };
    at += startBlockSize;
    start = at;
  }
  feed.end();
}

/**
 * The names of an entry. WASI's strings are Unicode: the parser puts a character in the place of what is none, so that different
 * names become one, and where it cannot read one in an extended header it takes what the old one has room for.
 *
 * @param raw - the headers that the names are from
 */
function namesOf({ path, linkpath = "" }: ReadEntry, raw: Buffer): Pick<ParsedEntry, "path" | "linkpath"> {
  const names = entryNames(raw);
  return { path: nameOf(path, names.path), linkpath: nameOf(linkpath, names.linkpath) };
}

function nameOf(parsed: string, { parts, isExtended }: NameBytes): string {
  const name = isExtended ? Buffer.concat(parts).toString("utf8") : parsed;
  if (parts.every((part) => isUtf8(part))) return name;
  throw new ArchiveError(`it has the name ${name}, which is not UTF-8`);
}

/** What the parser says of the first block of anything else. */
const NO_TAR = /^(Unrecognized archive format|checksum failure)$/;

class Feed {
  isAtEnd = false;
  readonly #parser = new Parser({ brotli: false, zstd: false });
  #header: ReadEntry | undefined;
  #problem: string | undefined;
  /** Before that a file that is something else looks like a damaged archive. */
  #hasBegun = false;

  /** @param kind - what the file is, if it is something else */
  constructor(kind: FileKind | undefined) {
    this.#parser.on("entry", (entry: ReadEntry) => {
      this.#header = entry;
      this.#hasBegun = true;
      entry.resume();
    });
    // A type that it does not know, or metadata beyond its limit.
    this.#parser.on("ignoredEntry", ({ path, type }: ReadEntry) => {
      this.#problem ??= `the entry ${path} is of a kind that is not supported (${type})`;
    });
    this.#parser.on("warn", (_code: string, message: string) => {
      const isOther = !this.#hasBegun && kind !== TAR && NO_TAR.test(message);
      const found = kind === undefined ? ` (${message})` : `, but ${describeKind(kind)}`;
      this.#problem ??= isOther
        ? `it is not a tar archive, plain or compressed by gzip or zstd${found}`
        : `it is not a sound tar archive: ${message}`;
    });
    this.#parser.on("eof", () => {
      this.isAtEnd = true;
    });
  }

  /** @returns the entry that begins with what was written, if one does */
  write(bytes: Buffer): ReadEntry | undefined {
    this.#header = undefined;
    this.#parser.write(bytes);
    this.#check();
    return this.#header;
  }

  end(): void {
    // The parser takes an archive without entries for none at all.
    if (this.isAtEnd) return;
    this.#parser.end();
    this.#check();
  }

  #check(): void {
    if (this.#problem !== undefined) throw new ArchiveError(this.#problem);
  }
}
