import type { HostContext } from "../context.js";
import type { HandleOrigin } from "../handles.js";
import { type ByteSink, type ByteSource, InputStream, OutputStream } from "../streams.js";
import type { FileNode } from "./node.js";

/** Reads a file from an offset on. */
export function fileSource(file: FileNode, offset: bigint): ByteSource {
  let position = offset;
  return (max) => {
    const bytes = file.read(position, max);
    position += BigInt(bytes.length);
    return bytes;
  };
}

/** @param offset - Where to write; without one, each write goes to the end as it is then. */
export function fileSink(file: FileNode, offset: bigint | undefined): ByteSink {
  let position = offset;
  return (bytes) => {
    file.write(position ?? BigInt(file.size), bytes);
    if (position !== undefined) position += BigInt(bytes.length);
  };
}

/** A stream that reads a file from an offset on. It holds the file as a descriptor does, and may outlive that. */
export class FileInputStream extends InputStream {
  readonly #file: FileNode;

  constructor(context: HostContext, file: FileNode, offset: bigint, origin: HandleOrigin) {
    super(context, fileSource(file, offset), origin);
    this.#file = file;
    file.hold();
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#file.letGo();
  }
}

/** A stream that writes to a file. */
export class FileOutputStream extends OutputStream {
  readonly #file: FileNode;

  /** @param offset - as of `fileSink` */
  constructor(context: HostContext, file: FileNode, offset: bigint | undefined, origin: HandleOrigin) {
    super(context, fileSink(file, offset), origin);
    this.#file = file;
    file.hold();
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#file.letGo();
  }
}
