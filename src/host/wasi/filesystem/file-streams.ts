import type { HostContext } from "../context.js";
import type { HandleOrigin } from "../handles.js";
import { InputStream, OutputStream } from "../streams.js";
import type { FileNode } from "./node.js";

/** A stream that reads a file from an offset on. It holds the file as a descriptor does, and may outlive that. */
export class FileInputStream extends InputStream {
  readonly #file: FileNode;

  constructor(context: HostContext, file: FileNode, offset: bigint, origin: HandleOrigin) {
    let position = offset;
    const source = (max: number) => {
      const bytes = file.read(position, max);
      position += BigInt(bytes.length);
      return bytes;
    };
    super(context, source, origin);
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

  /** @param offset - Where to write; without one, each write goes to the end as it is then. */
  constructor(context: HostContext, file: FileNode, offset: bigint | undefined, origin: HandleOrigin) {
    let position = offset;
    const sink = (bytes: Uint8Array) => {
      file.write(position ?? BigInt(file.size), bytes);
      if (position !== undefined) position += BigInt(bytes.length);
    };
    super(context, sink, origin);
    this.#file = file;
    file.hold();
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#file.letGo();
  }
}
