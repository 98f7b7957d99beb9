import type { HostContext } from "../context.js";
import { type HandleOrigin, Resource } from "../handles.js";
import { clampLength, type InputStream, type OutputStream } from "../streams.js";
import {
  checkWritable,
  createDirectory,
  createFile,
  createLink,
  createSymlink,
  removeDirectory,
  rename,
  unlinkFile,
} from "./changes.js";
import { DirectoryEntryStream } from "./directory-entry-stream.js";
import { fail } from "./error-code.js";
import { FileInputStream, FileOutputStream } from "./file-streams.js";
import { type MetadataHashValue, metadataHash } from "./metadata-hash.js";
import type { DirectoryNode, FileNode, Node } from "./node.js";
import { find, type Resolution, resolve } from "./resolve.js";
import type { NodeType } from "./source.js";
import { type DescriptorStat, statOf } from "./stat.js";
import type { NewTimestamp } from "./times.js";

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

/** An open file or directory. Whether it can be changed is up to its mount; a file opened for nothing can be read. */
export class Descriptor extends Resource {
  readonly #context: HostContext;
  readonly #node: Node;
  readonly #flags: DescriptorFlags;

  constructor(context: HostContext, node: Node, flags: DescriptorFlags, createdBy: string) {
    super(context.handles, { type: "descriptor", interface: INTERFACE }, { createdBy, detail: node.path });
    this.#context = context;
    this.#node = node;
    this.#flags = flags;
    if (node.type !== "directory") node.hold();
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    if (this.#node.type !== "directory") this.#node.letGo();
  }

  // Files

  readViaStream(offset: bigint): InputStream {
    return new FileInputStream(this.#context, this.#readable(), offset, this.#origin("read-via-stream"));
  }

  read(length: bigint, offset: bigint): [Uint8Array, boolean] {
    const file = this.#readable();
    const bytes = file.read(offset, clampLength(length));
    return [bytes, offset + BigInt(bytes.length) >= BigInt(file.size)];
  }

  writeViaStream(offset: bigint): OutputStream {
    return new FileOutputStream(this.#context, this.#writable(), offset, this.#origin("write-via-stream"));
  }

  appendViaStream(): OutputStream {
    return new FileOutputStream(this.#context, this.#writable(), undefined, this.#origin("append-via-stream"));
  }

  write(buffer: Uint8Array, offset: bigint): bigint {
    this.#writable().write(offset, buffer);
    return BigInt(buffer.length);
  }

  setSize(size: bigint): void {
    this.#writable().resize(size);
  }

  advise(_offset: bigint, _length: bigint, _advice: string): void {
    this.#file();
  }

  // Any node

  // What is written is in memory, where nothing is to be synchronized with.
  sync(): void {}

  syncData(): void {}

  getFlags(): DescriptorFlags {
    const { write = false, read = !write, mutateDirectory: _, ...sync } = this.#flags;
    if (this.#node.type !== "directory") return { read, ...(write && { write }), ...sync };
    return { read: true, ...(this.#node.mount.isWritable && { mutateDirectory: true }) };
  }

  getType(): NodeType {
    return this.#node.type;
  }

  stat(): DescriptorStat {
    return statOf(this.#node);
  }

  setTimes(access: NewTimestamp, modification: NewTimestamp): void {
    setTimes(this.#node, access, modification);
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
    const { create, directory, exclusive, truncate } = openFlags;
    if (directory && (create || exclusive || truncate)) fail("invalid");
    // POSIX: with O_CREAT and O_EXCL, a link at the end is not followed, wherever it leads.
    const found = resolve(this.#directory(), path, follows(pathFlags) && !(create && exclusive));
    const node = openFlags.create ? existingOrNew(found, openFlags) : (found.node ?? fail("no-entry"));
    checkOpenable(node, openFlags, flags);
    if (node.type === "regular-file" && truncate) node.resize(0n);
    return new Descriptor(this.#context, node, flags, `${INTERFACE}#[method]descriptor.open-at`);
  }

  statAt(pathFlags: PathFlags, path: string): DescriptorStat {
    return statOf(find(this.#directory(), path, follows(pathFlags)));
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

  createDirectoryAt(path: string): void {
    createDirectory(this.#directory(), path);
  }

  symlinkAt(oldPath: string, newPath: string): void {
    createSymlink(this.#directory(), oldPath, newPath);
  }

  linkAt(oldPathFlags: PathFlags, oldPath: string, newDescriptor: Descriptor, newPath: string): void {
    // As Wasmtime, which cannot do that either.
    if (follows(oldPathFlags)) fail("invalid");
    createLink(this.#directory(), oldPath, newDescriptor.#directory(), newPath);
  }

  setTimesAt(pathFlags: PathFlags, path: string, access: NewTimestamp, modification: NewTimestamp): void {
    setTimes(find(this.#directory(), path, follows(pathFlags)), access, modification);
  }

  removeDirectoryAt(path: string): void {
    removeDirectory(this.#directory(), path);
  }

  unlinkFileAt(path: string): void {
    unlinkFile(this.#directory(), path);
  }

  renameAt(oldPath: string, newDescriptor: Descriptor, newPath: string): void {
    rename(this.#directory(), oldPath, newDescriptor.#directory(), newPath);
  }

  /** Wasmtime and POSIX's `EBADF`: what is not about reading is not what a directory was opened for. */
  #file(): FileNode {
    return this.#node.type === "regular-file" ? this.#node : fail("bad-descriptor");
  }

  #readable(): FileNode {
    if (this.#node.type === "directory") fail("is-directory");
    if (this.#flags.write && !this.#flags.read) fail("bad-descriptor");
    return this.#file();
  }

  #writable(): FileNode {
    const file = this.#file();
    checkWritable(file.mount);
    return this.#flags.write ? file : fail("bad-descriptor");
  }

  #directory(): DirectoryNode {
    return this.#node.type === "directory" ? this.#node : fail("not-directory");
  }

  #origin(method: string): HandleOrigin {
    return { createdBy: `${INTERFACE}#[method]descriptor.${method}`, detail: this.#node.path };
  }
}

function follows(flags: PathFlags): boolean {
  return flags.symlinkFollow === true;
}

function existingOrNew(found: Resolution, { exclusive }: OpenFlags): Node {
  if (found.node === undefined) return createFile(found);
  // WIT wants `read-only` for `create`, also of what exists. It goes by the descriptor's `mutate-directory`, as the
  // other changes do; but the preview 1 adapter never asks for that, so as with Wasmtime the mount decides.
  checkWritable(found.node.mount);
  return exclusive ? fail("exist") : found.node;
}

/** Descriptors stand for files and directories only: opening a FIFO or a device could block or have effects. */
function checkOpenable({ type, mount }: Node, { create, directory, truncate }: OpenFlags, flags: DescriptorFlags) {
  if (type !== "directory") {
    if (directory) fail("not-directory");
    // As `open` with O_NOFOLLOW: there is a link, and it was not to be followed.
    if (type === "symbolic-link") fail("loop");
    if (type !== "regular-file") fail("not-permitted");
  }
  if (flags.write || truncate || flags.mutateDirectory) checkWritable(mount);
  if (type === "directory" && (flags.write || create || truncate)) fail("is-directory");
}

function setTimes(node: Node, access: NewTimestamp, modification: NewTimestamp): void {
  checkWritable(node.mount);
  node.times.set(access, modification, node.mount.state.now());
}
