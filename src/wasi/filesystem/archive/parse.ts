import { Parser, type ReadEntry } from "tar";
import { ArchiveError, isCompressed } from "./decompress.js";

const BLOCK = 512;

export interface ParsedEntry {
  readonly header: ReadEntry;
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
  const feed = new Feed();
  for (let at = 0; at < source.length && !feed.isAtEnd; ) {
    const header = feed.write(source.subarray(at, at + BLOCK));
    at += BLOCK;
    if (header === undefined) continue;
    const { size, startBlockSize } = header;
    if (at + size > source.length) throw new ArchiveError("it ends in the middle of an entry");
    if (startBlockSize > 0) feed.write(source.subarray(at, at + startBlockSize));
    yield { header, content: archive.subarray(at, at + size) };
    at += startBlockSize;
  }
  feed.end();
}

class Feed {
  isAtEnd = false;
  readonly #parser = new Parser({ brotli: false, zstd: false });
  #header: ReadEntry | undefined;
  #problem: string | undefined;
  /** Before that a file that is something else looks like a damaged archive. */
  #hasBegun = false;

  constructor() {
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
      this.#problem ??=
        !this.#hasBegun && /^(Unrecognized archive format|checksum failure)$/.test(message)
          ? `it is not a tar archive, plain or compressed by gzip or zstd (${message})`
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
