import type { Datetime } from "../clocks.js";
import type { Node } from "./node.js";
import type { NodeType } from "./source.js";

export interface DescriptorStat {
  readonly type: NodeType;
  readonly linkCount: bigint;
  readonly size: bigint;
  readonly dataAccessTimestamp: Datetime;
  readonly dataModificationTimestamp: Datetime;
  readonly statusChangeTimestamp: Datetime;
}

/** Times and link counts, and the sizes of directories, are the host's own and would differ between machines. */
export function statOf(node: Node): DescriptorStat {
  return {
    type: node.type,
    linkCount: BigInt(node.type === "directory" ? 1 : node.links),
    size: BigInt(sizeOf(node)),
    dataAccessTimestamp: node.times.access,
    dataModificationTimestamp: node.times.modification,
    statusChangeTimestamp: node.times.change,
  };
}

function sizeOf(node: Node): number {
  if (node.type === "regular-file") return node.size;
  // WIT: "For symbolic links, the length in bytes of the pathname contained in the symbolic link."
  if (node.type === "symbolic-link") return Buffer.byteLength(node.target);
  return 0;
}
