import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  type Stats,
} from "node:fs";
import type { ContentCache } from "./content-cache.js";
import type { Enclosure } from "./enclosure.js";
import { fail, hostCall } from "./error-code.js";
import { isPlainName, join } from "./names.js";
import { readFully } from "./read-fully.js";
import type { DirectoryEntry, NodeType, Source, SourceDirectory, SourceFile, SourceSymlink } from "./source.js";

/** Larger files are read piece by piece, smaller ones at once and kept for a while. */
export const WHOLE_FILE_LIMIT = 32 * 1024 * 1024;

/** What the sources of one host share. */
export interface HostLayer {
  readonly within: Enclosure;
  readonly cache: ContentCache;
}

/**
 * A directory of the host, read when the guest looks.
 *
 * @param host - Its real path, without links.
 */
export function openHostDirectory(layer: HostLayer, host: string): SourceDirectory {
  return new HostDirectory(layer, host);
}

class HostDirectory implements SourceDirectory {
  readonly type = "directory";
  readonly #layer: HostLayer;
  readonly #host: string;

  constructor(layer: HostLayer, host: string) {
    this.#layer = layer;
    this.#host = host;
  }

  lookup(name: string): Source | undefined {
    if (!isPlainName(name)) return undefined;
    return hostCall(() => this.#layer.within(this.#host, (place) => this.#materialize(place, name)));
  }

  list(): DirectoryEntry[] {
    const read = (place: string) => readdirSync(place, { encoding: "buffer", withFileTypes: true });
    return hostCall(() => this.#layer.within(this.#host, read)).map(toEntry);
  }

  #materialize(place: string, name: string): Source | undefined {
    const stats = lstatSync(`${place}/${name}`, { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    const type = typeOf(stats);
    if (type === "directory") return new HostDirectory(this.#layer, join(this.#host, name));
    if (type === "regular-file") return new HostFile(this.#layer, this.#host, name, stats.size);
    if (type === "symbolic-link") return readSymlink(`${place}/${name}`);
    return { type };
  }
}

class HostFile implements SourceFile {
  readonly type = "regular-file";
  /** Link counts are the host's own: the other names may be anywhere. */
  readonly links = 1;
  readonly #layer: HostLayer;
  readonly #directory: string;
  readonly #name: string;
  #size: number;

  constructor(layer: HostLayer, directory: string, name: string, size: number) {
    this.#layer = layer;
    this.#directory = directory;
    this.#name = name;
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  read(start: number, max: number): Uint8Array {
    if (start >= this.#size) return new Uint8Array();
    if (this.#size > WHOLE_FILE_LIMIT) return this.#readRange(start, Math.min(max, this.#size - start));
    return this.#content().subarray(start, start + max);
  }

  #content(): Uint8Array {
    const { cache } = this.#layer;
    const known = cache.get(this);
    if (known !== undefined) return known;
    // The size is what the guest was told; it also keeps endless files, such as those of /proc, from being read.
    const content = this.#readRange(0, this.#size);
    this.#size = content.length;
    cache.set(this, content);
    return content;
  }

  #readRange(start: number, length: number): Uint8Array {
    return hostCall(() =>
      this.#layer.within(this.#directory, (place) => readRegularFile(`${place}/${this.#name}`, start, length)),
    );
  }
}

/** Neither follows a link nor waits for the other end of a FIFO, in case one is there by now. */
const OPEN_FILE = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

function readRegularFile(path: string, start: number, length: number): Uint8Array {
  const fd = openSync(path, OPEN_FILE);
  try {
    if (!fstatSync(fd).isFile()) fail("no-entry");
    return readFully(fd, start, length);
  } finally {
    closeSync(fd);
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** WASI's strings are Unicode; a name or target that is not cannot be told, and a replacement would name nothing. */
function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return fail("illegal-byte-sequence");
  }
}

function readSymlink(hostPath: string): SourceSymlink {
  return { type: "symbolic-link", target: decode(readlinkSync(hostPath, { encoding: "buffer" })) };
}

function toEntry(entry: Dirent<Buffer>): DirectoryEntry {
  return { type: typeOf(entry), name: decode(entry.name) };
}

function typeOf(entry: Stats | Dirent<Buffer>): NodeType {
  if (entry.isFile()) return "regular-file";
  if (entry.isDirectory()) return "directory";
  if (entry.isSymbolicLink()) return "symbolic-link";
  if (entry.isFIFO()) return "fifo";
  if (entry.isSocket()) return "socket";
  if (entry.isCharacterDevice()) return "character-device";
  if (entry.isBlockDevice()) return "block-device";
  return "unknown";
}
