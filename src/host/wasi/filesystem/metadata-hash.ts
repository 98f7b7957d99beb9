import { hash } from "node:crypto";
import type { Node } from "./node.js";

export interface MetadataHashValue {
  readonly lower: bigint;
  readonly upper: bigint;
}

/**
 * Libraries make inode numbers of this. It tells nodes apart by where the guest finds them, since inode numbers and
 * times of the host would differ between machines. Nothing changes during a run, so nothing else needs to go in.
 */
export function metadataHash({ mount, path }: Node): MetadataHashValue {
  const digest = hash("sha256", `${mount}:${path}`, "buffer");
  return { lower: digest.readBigUInt64LE(0), upper: digest.readBigUInt64LE(8) };
}
