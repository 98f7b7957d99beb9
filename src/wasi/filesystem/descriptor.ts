import type { HostContext } from "../context.js";
import { clampLength, type InputStream, type OutputStream } from "../streams.js";
import { DescriptorResource } from "./descriptor-resource.js";
import { DirectoryEntryStream } from "./directory-entry-stream.js";
import { FileInputStream, FileOutputStream } from "./file-streams.js";
import type { MetadataHashValue } from "./metadata-hash.js";
import type { DescriptorFlags, OpenFlags, OpenNode, PathFlags } from "./open-node.js";
import type { NodeType } from "./source.js";
import type { DescriptorStat } from "./stat.js";
import type { NewTimestamp } from "./times.js";

const INTERFACE = "wasi:filesystem/types";

/** The resource of WASI 0.2. */
export class Descriptor extends DescriptorResource {
  constructor(context: HostContext, open: OpenNode, createdBy: string) {
    super(context, open, INTERFACE, createdBy);
  }

  readViaStream(offset: bigint): InputStream {
    return new FileInputStream(this.context, this.open.readable(), offset, this.origin("read-via-stream"));
  }

  read(length: bigint, offset: bigint): [Uint8Array, boolean] {
    const file = this.open.readable();
    const bytes = file.read(offset, clampLength(length));
    return [bytes, offset + BigInt(bytes.length) >= BigInt(file.size)];
  }

  writeViaStream(offset: bigint): OutputStream {
    return new FileOutputStream(this.context, this.open.writable(), offset, this.origin("write-via-stream"));
  }

  appendViaStream(): OutputStream {
    return new FileOutputStream(this.context, this.open.writable(), undefined, this.origin("append-via-stream"));
  }

  write(buffer: Uint8Array, offset: bigint): bigint {
    this.open.writable().write(offset, buffer);
    return BigInt(buffer.length);
  }

  setSize(size: bigint): void {
    this.open.setSize(size);
  }

  advise(_offset: bigint, _length: bigint, _advice: string): void {
    this.open.advise();
  }

  // What is written is in memory, where nothing is to be synchronized with.
  sync(): void {}

  syncData(): void {}

  getFlags(): DescriptorFlags {
    return this.open.getFlags();
  }

  getType(): NodeType {
    return this.open.getType();
  }

  stat(): DescriptorStat {
    return this.open.stat();
  }

  setTimes(access: NewTimestamp, modification: NewTimestamp): void {
    this.open.setTimes(access, modification);
  }

  isSameObject(other: Descriptor): boolean {
    return this.open.isSameObject(other.open);
  }

  metadataHash(): MetadataHashValue {
    return this.open.metadataHash();
  }

  readDirectory(): DirectoryEntryStream {
    return new DirectoryEntryStream(this.context, this.open.entries(), this.origin("read-directory"));
  }

  openAt(pathFlags: PathFlags, path: string, openFlags: OpenFlags, flags: DescriptorFlags): Descriptor {
    const opened = this.open.openAt(pathFlags, path, openFlags, flags);
    return new Descriptor(this.context, opened, this.nameOf("open-at"));
  }

  statAt(pathFlags: PathFlags, path: string): DescriptorStat {
    return this.open.statAt(pathFlags, path);
  }

  metadataHashAt(pathFlags: PathFlags, path: string): MetadataHashValue {
    return this.open.metadataHashAt(pathFlags, path);
  }

  readlinkAt(path: string): string {
    return this.open.readlinkAt(path);
  }

  createDirectoryAt(path: string): void {
    this.open.createDirectoryAt(path);
  }

  symlinkAt(oldPath: string, newPath: string): void {
    this.open.symlinkAt(oldPath, newPath);
  }

  linkAt(oldPathFlags: PathFlags, oldPath: string, newDescriptor: Descriptor, newPath: string): void {
    this.open.linkAt(oldPathFlags, oldPath, newDescriptor.open, newPath);
  }

  setTimesAt(pathFlags: PathFlags, path: string, access: NewTimestamp, modification: NewTimestamp): void {
    this.open.setTimesAt(pathFlags, path, access, modification);
  }

  removeDirectoryAt(path: string): void {
    this.open.removeDirectoryAt(path);
  }

  unlinkFileAt(path: string): void {
    this.open.unlinkFileAt(path);
  }

  renameAt(oldPath: string, newDescriptor: Descriptor, newPath: string): void {
    this.open.renameAt(oldPath, newDescriptor.open, newPath);
  }
}
