import { createHash } from "node:crypto";
import { shortened } from "../../shortened.js";
import { byName } from "./names.js";
import type { SourceFile } from "./source.js";

/** A file whose contents initialization has read, wholly or in part. */
export interface FileRead {
  /** Where the guest found it first, links resolved. */
  readonly path: string;
  readonly size: number;
  /** Of the whole file, in hexadecimal. */
  readonly sha256: string;
}

const PIECE = 1024 * 1024;

/** Paths of the host's are no longer; directories that the guest has moved can be deeper. */
const MAX_PATH = 4096;

/** Which files of the mounts the guest has read. What it has written itself is not among them. */
export class ReadLog {
  /** By file: a guest can give one any number of paths, and one path to any number of files. */
  readonly #paths = new Map<SourceFile, string>();

  add(path: () => string, file: SourceFile): void {
    if (!this.#paths.has(file)) this.#paths.set(file, shortened(path(), MAX_PATH));
  }

  get isEmpty(): boolean {
    return this.#paths.size === 0;
  }

  list(): FileRead[] {
    const files = [...this.#paths].map(([file, name]) => ({ name, file })).sort(byName);
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
