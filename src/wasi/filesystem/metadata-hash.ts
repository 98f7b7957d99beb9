import { hash } from "node:crypto";
import type { Node } from "./node.js";

export interface MetadataHashValue {
  readonly lower: bigint;
  readonly upper: bigint;
}

/**
 * Libraries make inode numbers of this. It tells nodes apart by where the guest has found them first, since inode
 * numbers and times of the host would differ between machines. As with Wasmtime, a change of the contents or the name
 * does not change it: the preview 1 adapter gives programs nothing else as `st_ino`.
 */
export function metadataHash({ identity }: Node): MetadataHashValue {
  const digest = hash("sha256", identity, "buffer");
  return { lower: digest.readBigUInt64LE(0), upper: digest.readBigUInt64LE(8) };
}
