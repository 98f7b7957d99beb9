import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
} from "node:fs";
import type { ContentCache } from "./content-cache.js";
import type { Enclosure } from "./enclosure.js";
import { fail, hostCall } from "./error-code.js";
import { digestFile, type FileRead } from "./file-read.js";
import type { DirectoryEntry, DirectoryNode, FileNode, Node, NodeType, SymlinkNode } from "./node.js";

/** Larger files are read piece by piece, smaller ones at once and kept for a while. */
export const WHOLE_FILE_LIMIT = 32 * 1024 * 1024;

/** What the nodes of one mounted host directory share. */
export interface HostLayer {
  readonly mount: number;
  readonly within: Enclosure;
  readonly cache: ContentCache;
  /** Told of each file when the guest reads from it for the first time. */
  readonly onRead: (file: FileRead) => void;
}

/**
 * A directory of the host as a directory of the guest's tree, read when the guest looks.
 *
 * @param host - Its real path, without links.
 */
export function mountHostDirectory(layer: HostLayer, guest: string, host: string): DirectoryNode {
  return new HostDirectory(layer, guest, host);
}

class HostDirectory implements DirectoryNode {
  readonly type = "directory";
  readonly #layer: HostLayer;
  readonly #host: string;
  /** What was found stays: a node's type, size and identity do not change under the guest. */
  readonly #found = new Map<string, Node>();

  constructor(
    layer: HostLayer,
    readonly path: string,
    host: string,
  ) {
    this.#layer = layer;
    this.#host = host;
  }

  get mount(): number {
    return this.#layer.mount;
  }

  lookup(name: string): Node | undefined {
    const known = this.#found.get(name);
    if (known !== undefined) return known;
    if (!isPlainName(name)) return undefined;
    const node = hostCall(() => this.#layer.within(this.#host, (place) => this.#materialize(place, name)));
    if (node !== undefined) this.#found.set(name, node);
    return node;
  }

  list(): DirectoryEntry[] {
    const read = (place: string) => readdirSync(place, { encoding: "buffer", withFileTypes: true });
    const entries = hostCall(() => this.#layer.within(this.#host, read));
    return entries.map(toEntry).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #materialize(place: string, name: string): Node | undefined {
    const stats = lstatSync(`${place}/${name}`, { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    const type = typeOf(stats);
    const path = join(this.path, name);
    const { mount } = this.#layer;
    if (type === "directory") return new HostDirectory(this.#layer, path, join(this.#host, name));
    if (type === "regular-file") return new HostFile(this.#layer, path, this.#host, name, stats.size);
    if (type === "symbolic-link") return readSymlink(`${place}/${name}`, path, mount);
    return { type, path, mount };
  }
}

class HostFile implements FileNode {
  readonly type = "regular-file";
  readonly #layer: HostLayer;
  readonly #directory: string;
  readonly #name: string;
  #size: number;
  #wasRead = false;

  constructor(
    layer: HostLayer,
    readonly path: string,
    directory: string,
    name: string,
    size: number,
  ) {
    this.#layer = layer;
    this.#directory = directory;
    this.#name = name;
    this.#size = size;
  }

  get mount(): number {
    return this.#layer.mount;
  }

  get size(): number {
    return this.#size;
  }

  read(offset: bigint, max: number): Uint8Array {
    if (!this.#wasRead) {
      this.#layer.onRead(digestFile(this.path, this.#size, (start, length) => this.#read(BigInt(start), length)));
      this.#wasRead = true;
    }
    return this.#read(offset, max);
  }

  #read(offset: bigint, max: number): Uint8Array {
    if (offset >= BigInt(this.#size)) return new Uint8Array();
    const start = Number(offset);
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

function readFully(fd: number, start: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(fd, bytes, filled, length - filled, start + filled);
    if (count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
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

function readSymlink(hostPath: string, path: string, mount: number): SymlinkNode {
  return { type: "symbolic-link", path, mount, target: decode(readlinkSync(hostPath, { encoding: "buffer" })) };
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

/** The resolver hands over single components only; what could still mean another place to the host is not an entry. */
function isPlainName(name: string): boolean {
  if (name === "" || name === "." || name === "..") return false;
  return !(process.platform === "win32" ? /[/\\:\0]/ : /[/\0]/).test(name);
}

function join(directory: string, name: string): string {
  return directory.endsWith("/") ? directory + name : `${directory}/${name}`;
}
