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
import { fail } from "./error-code.js";
import { type MetadataHashValue, metadataHash } from "./metadata-hash.js";
import type { DirectoryNode, FileNode, Node } from "./node.js";
import { find, type Resolution, resolve } from "./resolve.js";
import type { DirectoryEntry, NodeType } from "./source.js";
import { type DescriptorStat, statOf } from "./stat.js";
import type { NewTimestamp } from "./times.js";

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

/**
 * An open file or directory: what a descriptor of any version stands for. Whether it can be changed is up to its mount; a
 * file opened for nothing can be read.
 */
export class OpenNode {
  readonly #node: Node;
  readonly #flags: DescriptorFlags;

  constructor(node: Node, flags: DescriptorFlags) {
    this.#node = node;
    this.#flags = flags;
    if (node.type !== "directory") node.hold();
  }

  close(): void {
    if (this.#node.type !== "directory") this.#node.letGo();
  }

  get path(): string {
    return this.#node.path;
  }

  // Files

  readable(): FileNode {
    if (this.#node.type === "directory") fail("is-directory");
    if (this.#flags.write && !this.#flags.read) fail("bad-descriptor");
    return this.#file();
  }

  writable(): FileNode {
    const file = this.#file();
    checkWritable(file.mount);
    return this.#flags.write ? file : fail("bad-descriptor");
  }

  setSize(size: bigint): void {
    this.writable().resize(size);
  }

  advise(): void {
    this.#file();
  }

  // Any node

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

  isSameObject(other: OpenNode): boolean {
    return this.#node === other.#node;
  }

  metadataHash(): MetadataHashValue {
    return metadataHash(this.#node);
  }

  // Directories

  entries(): DirectoryEntry[] {
    return this.#directory().list();
  }

  openAt(pathFlags: PathFlags, path: string, openFlags: OpenFlags, flags: DescriptorFlags): OpenNode {
    const { create, directory, exclusive, truncate } = openFlags;
    if (directory && (create || exclusive || truncate)) fail("invalid");
    // POSIX: with O_CREAT and O_EXCL, a link at the end is not followed, wherever it leads.
    const found = resolve(this.#directory(), path, follows(pathFlags) && !(create && exclusive));
    const node = openFlags.create ? existingOrNew(found, openFlags) : (found.node ?? fail("no-entry"));
    checkOpenable(node, openFlags, flags);
    if (node.type === "regular-file" && truncate) node.resize(0n);
    return new OpenNode(node, flags);
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

  linkAt(oldPathFlags: PathFlags, oldPath: string, newBase: OpenNode, newPath: string): void {
    // As Wasmtime, which cannot do that either.
    if (follows(oldPathFlags)) fail("invalid");
    createLink(this.#directory(), oldPath, newBase.#directory(), newPath);
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

  renameAt(oldPath: string, newBase: OpenNode, newPath: string): void {
    rename(this.#directory(), oldPath, newBase.#directory(), newPath);
  }

  /** Wasmtime and POSIX's `EBADF`: what is not about reading is not what a directory was opened for. */
  #file(): FileNode {
    return this.#node.type === "regular-file" ? this.#node : fail("bad-descriptor");
  }

  #directory(): DirectoryNode {
    return this.#node.type === "directory" ? this.#node : fail("not-directory");
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
