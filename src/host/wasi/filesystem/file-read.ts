import { createHash } from "node:crypto";

/** A file whose contents the guest has read, if only in part. */
export interface FileRead {
  /** Where the guest finds it, links resolved. */
  readonly path: string;
  /** Of the whole file, in hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
}

const PIECE = 1024 * 1024;

/** @param read - gives fewer bytes than it is asked for only at the end of the file */
export function digestFile(path: string, size: number, read: (start: number, length: number) => Uint8Array): FileRead {
  const hash = createHash("sha256");
  let bytes = 0;
  while (bytes < size) {
    const piece = read(bytes, Math.min(PIECE, size - bytes));
    if (piece.length === 0) break;
    hash.update(piece);
    bytes += piece.length;
  }
  return { path, sha256: hash.digest("hex"), bytes };
}
