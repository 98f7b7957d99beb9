import type { HostContext } from "../context.js";
import { type ByteReader, byteChunks, type Delivery, deliver, receive, toVariant } from "../streams03.js";
import { DescriptorResource } from "./descriptor-resource.js";
import { fileSink, fileSource } from "./file-streams.js";
import type { MetadataHashValue } from "./metadata-hash.js";
import type { DescriptorFlags, OpenFlags, OpenNode, PathFlags } from "./open-node.js";
import type { NodeType } from "./source.js";
import type { DescriptorStat } from "./stat.js";
import type { NewTimestamp } from "./times.js";

const INTERFACE = "wasi:filesystem/types@0.3";

/** `descriptor-type` */
interface DescriptorType {
  readonly tag: Exclude<NodeType, "unknown"> | "other";
}

interface Typed {
  readonly type: NodeType;
}

/**
 * The resource of WASI 0.3: that of 0.2 but for streams, types and errors. Its functions are async in WIT, and here have
 * nothing to wait for.
 */
export class Descriptor03 extends DescriptorResource {
  constructor(context: HostContext, open: OpenNode, createdBy: string) {
    super(context, open, INTERFACE, createdBy);
  }

  readViaStream(offset: bigint): Delivery<Uint8Array> {
    return deliver(this.origin("read-via-stream"), () => {
      const file = this.open.readable();
      file.hold();
      return { pull: byteChunks(fileSource(file, offset)), release: () => file.letGo() };
    });
  }

  writeViaStream(data: ByteReader, offset: bigint): Promise<void> {
    return this.#receive(data, offset);
  }

  appendViaStream(data: ByteReader): Promise<void> {
    return this.#receive(data, undefined);
  }

  readDirectory(): Delivery<{ readonly type: DescriptorType; readonly name: string }> {
    return deliver(this.origin("read-directory"), () => {
      const entries = this.open.entries().map(withType).values();
      return { pull: () => entries.next().value };
    });
  }

  setSize(size: bigint): void {
    attempt(() => this.open.setSize(size));
  }

  advise(): void {
    attempt(() => this.open.advise());
  }

  // What is written is in memory, where nothing is to be synchronized with.
  sync(): void {}

  syncData(): void {}

  getFlags(): DescriptorFlags {
    return this.open.getFlags();
  }

  getType(): DescriptorType {
    return toType(this.open.getType());
  }

  stat(): ReturnType<typeof withType<DescriptorStat>> {
    return withType(this.open.stat());
  }

  setTimes(access: NewTimestamp, modification: NewTimestamp): void {
    attempt(() => this.open.setTimes(access, modification));
  }

  isSameObject(other: Descriptor03): boolean {
    return this.open.isSameObject(other.open);
  }

  metadataHash(): MetadataHashValue {
    return this.open.metadataHash();
  }

  openAt(pathFlags: PathFlags, path: string, openFlags: OpenFlags, flags: DescriptorFlags): Descriptor03 {
    const opened = attempt(() => this.open.openAt(pathFlags, path, openFlags, flags));
    return new Descriptor03(this.context, opened, this.nameOf("open-at"));
  }

  statAt(pathFlags: PathFlags, path: string): ReturnType<typeof withType<DescriptorStat>> {
    return withType(attempt(() => this.open.statAt(pathFlags, path)));
  }

  metadataHashAt(pathFlags: PathFlags, path: string): MetadataHashValue {
    return attempt(() => this.open.metadataHashAt(pathFlags, path));
  }

  readlinkAt(path: string): string {
    return attempt(() => this.open.readlinkAt(path));
  }

  createDirectoryAt(path: string): void {
    attempt(() => this.open.createDirectoryAt(path));
  }

  symlinkAt(oldPath: string, newPath: string): void {
    attempt(() => this.open.symlinkAt(oldPath, newPath));
  }

  linkAt(oldPathFlags: PathFlags, oldPath: string, newDescriptor: Descriptor03, newPath: string): void {
    attempt(() => this.open.linkAt(oldPathFlags, oldPath, newDescriptor.open, newPath));
  }

  setTimesAt(pathFlags: PathFlags, path: string, access: NewTimestamp, modification: NewTimestamp): void {
    attempt(() => this.open.setTimesAt(pathFlags, path, access, modification));
  }

  removeDirectoryAt(path: string): void {
    attempt(() => this.open.removeDirectoryAt(path));
  }

  unlinkFileAt(path: string): void {
    attempt(() => this.open.unlinkFileAt(path));
  }

  renameAt(oldPath: string, newDescriptor: Descriptor03, newPath: string): void {
    attempt(() => this.open.renameAt(oldPath, newDescriptor.open, newPath));
  }

  #receive(data: ByteReader, offset: bigint | undefined): Promise<void> {
    return receive(data, () => {
      const file = this.open.writable();
      file.hold();
      return { sink: fileSink(file, offset), release: () => file.letGo() };
    });
  }
}

function attempt<T>(operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw toVariant(error);
  }
}

function withType<T extends Typed>(typed: T): Omit<T, "type"> & { readonly type: DescriptorType } {
  return { ...typed, type: toType(typed.type) };
}

function toType(type: NodeType): DescriptorType {
  return { tag: type === "unknown" ? "other" : type };
}
