import type { Datetime } from "../clocks.js";
import type { HostContext } from "../context.js";
import { type HandleOrigin, Resource } from "../handles.js";
import { clampLength, InputStream } from "../streams.js";
import { DirectoryEntryStream } from "./directory-entry-stream.js";
import { fail } from "./error-code.js";
import { type MetadataHashValue, metadataHash } from "./metadata-hash.js";
import type { DirectoryNode, FileNode, Node, NodeType } from "./node.js";
import { find, resolve } from "./resolve.js";
import { type DescriptorStat, statOf } from "./stat.js";

const INTERFACE = "wasi:filesystem/types";

/** `path-flags` */
export interface PathFlags {
  readonly symlinkFollow?: boolean;
}

/** `open-flags` */
export interface OpenFlags {
  readonly create?: boolean;
  readonly directory?: boolean;
  readonly exclusive?: boolean;
  readonly truncate?: boolean;
}

/** `descriptor-flags` */
export interface DescriptorFlags {
  readonly read?: boolean;
  readonly write?: boolean;
  readonly fileIntegritySync?: boolean;
  readonly dataIntegritySync?: boolean;
  readonly requestedWriteSync?: boolean;
  readonly mutateDirectory?: boolean;
}

/** What the descriptors of one host share. */
export interface FilesystemContext extends HostContext {
  /** The time of every access and change to every node. */
  readonly time: Datetime;
}

/**
 * All mounts are read-only. A call that would change something fails as on a read-only file system of POSIX: with
 * `read-only`, but only where nothing else is wrong, so that for instance creating a directory that exists is `exist`.
 */
export class Descriptor extends Resource {
  readonly #context: FilesystemContext;
  readonly #node: Node;

  constructor(context: FilesystemContext, node: Node, createdBy: string) {
    super(context.handles, { type: "descriptor", interface: INTERFACE }, { createdBy, detail: node.path });
    this.#context = context;
    this.#node = node;
  }

  // Files

  readViaStream(offset: bigint): InputStream {
    const file = this.#file();
    let position = offset;
    const source = (max: number) => {
      const bytes = file.read(position, max);
      position += BigInt(bytes.length);
      return bytes;
    };
    return new InputStream(this.#context, source, this.#origin("read-via-stream"));
  }

  read(length: bigint, offset: bigint): [Uint8Array, boolean] {
    const file = this.#file();
    const bytes = file.read(offset, clampLength(length));
    return [bytes, offset + BigInt(bytes.length) >= BigInt(file.size)];
  }

  writeViaStream(_offset: bigint): never {
    return this.#refuseWrite();
  }

  appendViaStream(): never {
    return this.#refuseWrite();
  }

  write(_buffer: Uint8Array, _offset: bigint): never {
    return this.#refuseWrite();
  }

  setSize(_size: bigint): never {
    return this.#refuseWrite();
  }

  advise(_offset: bigint, _length: bigint, _advice: string): void {
    this.#file();
  }

  // Any node

  // WIT: sync and sync-data succeed "with no effect if the file descriptor is not opened for writing".
  sync(): void {}

  syncData(): void {}

  getFlags(): DescriptorFlags {
    return { read: true };
  }

  getType(): NodeType {
    return this.#node.type;
  }

  stat(): DescriptorStat {
    return statOf(this.#node, this.#context.time);
  }

  setTimes(_access: unknown, _modification: unknown): never {
    return fail("read-only");
  }

  isSameObject(other: Descriptor): boolean {
    return this.#node === other.#node;
  }

  metadataHash(): MetadataHashValue {
    return metadataHash(this.#node);
  }

  // Directories

  readDirectory(): DirectoryEntryStream {
    return new DirectoryEntryStream(this.#context, this.#directory().list(), this.#origin("read-directory"));
  }

  openAt(pathFlags: PathFlags, path: string, openFlags: OpenFlags, flags: DescriptorFlags): Descriptor {
    const base = this.#directory();
    // WIT: "If `flags` contains `write` or `mutate-directory`, or `open-flags` contains `truncate` or `create`, and the
    // base descriptor doesn't have `descriptor-flags::mutate-directory` set, `open-at` fails with [...] `read-only`."
    if (flags.write || flags.mutateDirectory || openFlags.truncate || openFlags.create) fail("read-only");
    const node = find(base, path, follows(pathFlags));
    checkOpenable(node, openFlags.directory === true);
    return new Descriptor(this.#context, node, `${INTERFACE}#[method]descriptor.open-at`);
  }

  statAt(pathFlags: PathFlags, path: string): DescriptorStat {
    return statOf(find(this.#directory(), path, follows(pathFlags)), this.#context.time);
  }

  metadataHashAt(pathFlags: PathFlags, path: string): MetadataHashValue {
    return metadataHash(find(this.#directory(), path, follows(pathFlags)));
  }

  readlinkAt(path: string): string {
    const node = find(this.#directory(), path, false);
    if (node.type !== "symbolic-link") return fail("invalid");
    // WIT: "If the contents contain an absolute or rooted path in the underlying filesystem, this function fails with
    // `error-code::not-permitted`."
    if (node.target.startsWith("/")) return fail("not-permitted");
    return node.target;
  }

  createDirectoryAt(path: string): never {
    return this.#refuseCreation(path);
  }

  symlinkAt(oldPath: string, newPath: string): never {
    // WIT: "If `old-path` starts with `/`, the function fails with `error-code::not-permitted`."
    if (oldPath.startsWith("/")) fail("not-permitted");
    return this.#refuseCreation(newPath);
  }

  linkAt(oldPathFlags: PathFlags, oldPath: string, newDescriptor: Descriptor, newPath: string): never {
    find(this.#directory(), oldPath, follows(oldPathFlags));
    return newDescriptor.#refuseCreation(newPath);
  }

  setTimesAt(pathFlags: PathFlags, path: string, _access: unknown, _modification: unknown): never {
    find(this.#directory(), path, follows(pathFlags));
    return fail("read-only");
  }

  removeDirectoryAt(path: string): never {
    const node = find(this.#directory(), path, false);
    return fail(node.type === "directory" ? "read-only" : "not-directory");
  }

  unlinkFileAt(path: string): never {
    const node = find(this.#directory(), path, false);
    // WIT: "Return `error-code::is-directory` if the path refers to a directory."
    return fail(node.type === "directory" ? "is-directory" : "read-only");
  }

  renameAt(oldPath: string, newDescriptor: Descriptor, newPath: string): never {
    find(this.#directory(), oldPath, false);
    resolve(newDescriptor.#directory(), newPath, false);
    return fail("read-only");
  }

  #file(): FileNode {
    if (this.#node.type === "regular-file") return this.#node;
    return fail("is-directory");
  }

  #directory(): DirectoryNode {
    return this.#node.type === "directory" ? this.#node : fail("not-directory");
  }

  #refuseWrite(): never {
    this.#file();
    return fail("read-only");
  }

  #refuseCreation(path: string): never {
    const { node } = resolve(this.#directory(), path, false);
    return fail(node === undefined ? "read-only" : "exist");
  }

  #origin(method: string): HandleOrigin {
    return { createdBy: `${INTERFACE}#[method]descriptor.${method}`, detail: this.#node.path };
  }
}

function follows(flags: PathFlags): boolean {
  return flags.symlinkFollow === true;
}

/** Descriptors stand for files and directories only: opening a FIFO or a device could block or have effects. */
function checkOpenable({ type }: Node, mustBeDirectory: boolean): void {
  if (type === "directory") return;
  if (mustBeDirectory) fail("not-directory");
  // As `open` with O_NOFOLLOW: there is a link, and it was not to be followed.
  if (type === "symbolic-link") fail("loop");
  if (type !== "regular-file") fail("not-permitted");
}
