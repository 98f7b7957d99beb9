import { createHash } from "node:crypto";
import { byName } from "./names.js";
import type { SourceFile } from "./source.js";

/** A file whose contents initialization has read, wholly or in part. */
export interface FileRead {
  /** Where the guest finds it, links resolved. */
  readonly path: string;
  readonly size: number;
  /** Of the whole file, in hexadecimal. */
  readonly sha256: string;
}

const PIECE = 1024 * 1024;

/** Which files of the mounts the guest has read. What it has written itself is not among them. */
export class ReadLog {
  readonly #files = new Map<string, SourceFile>();

  add(path: string, file: SourceFile): void {
    this.#files.set(path, file);
  }

  get isEmpty(): boolean {
    return this.#files.size === 0;
  }

  list(): FileRead[] {
    const files = [...this.#files].map(([name, file]) => ({ name, file })).sort(byName);
    return files.map(({ name, file }) => ({ path: name, size: file.size, sha256: digest(file) }));
  }
}

function digest(file: SourceFile): string {
  const hash = createHash("sha256");
  for (let at = 0; at < file.size; ) {
    const bytes = file.read(at, PIECE);
    if (bytes.length === 0) break;
    hash.update(bytes);
    at += bytes.length;
  }
  return hash.digest("hex");
}
