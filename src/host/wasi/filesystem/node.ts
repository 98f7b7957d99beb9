/** The cases of `descriptor-type` for things that are neither read nor entered. */
export type SpecialType = "block-device" | "character-device" | "fifo" | "socket" | "unknown";
export type NodeType = "regular-file" | "directory" | "symbolic-link" | SpecialType;

interface NodeBase {
  /** Where the guest finds it, links resolved; with the mount it makes up the node's identity. */
  readonly path: string;
  /** Which preopen it belongs to. */
  readonly mount: number;
}

export interface FileNode extends NodeBase {
  readonly type: "regular-file";
  readonly size: number;
  /** Up to `max` bytes, none at or past the end. The caller does not change them. */
  read(offset: bigint, max: number): Uint8Array;
}

export interface DirectoryNode extends NodeBase {
  readonly type: "directory";
  /** @param name - One component of a path, neither `.` nor `..`. */
  lookup(name: string): Node | undefined;
  /** Without `.` and `..`, ordered by name. */
  list(): DirectoryEntry[];
}

export interface SymlinkNode extends NodeBase {
  readonly type: "symbolic-link";
  readonly target: string;
}

export interface SpecialNode extends NodeBase {
  readonly type: SpecialType;
}

/** A node of the guest's file system tree. Where its contents come from is the layer's business, see `host-layer.ts`. */
export type Node = FileNode | DirectoryNode | SymlinkNode | SpecialNode;

export interface DirectoryEntry {
  readonly type: NodeType;
  readonly name: string;
}
