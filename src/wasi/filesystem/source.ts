/** The cases of `descriptor-type` for things that are neither read nor entered. */
export type SpecialType = "block-device" | "character-device" | "fifo" | "socket" | "unknown";
export type NodeType = "regular-file" | "directory" | "symbolic-link" | SpecialType;

export interface DirectoryEntry {
  readonly type: NodeType;
  readonly name: string;
}

export interface SourceFile {
  readonly type: "regular-file";
  readonly size: number;
  /** How many names it has in its source. */
  readonly links: number;
  /** Up to `max` bytes, none at or past the end. The caller does not change them. */
  read(start: number, max: number): Uint8Array;
}

export interface SourceDirectory {
  readonly type: "directory";
  /** @param name - One component of a path, neither `.` nor `..`. */
  lookup(name: string): Source | undefined;
  /** Without `.` and `..`, in any order. */
  list(): DirectoryEntry[];
}

export interface SourceSymlink {
  readonly type: "symbolic-link";
  readonly target: string;
}

export interface SourceSpecial {
  readonly type: SpecialType;
}

/** What a mount shows as long as the guest has not changed it. Sources are read when the guest looks, never written. */
export type Source = SourceFile | SourceDirectory | SourceSymlink | SourceSpecial;
