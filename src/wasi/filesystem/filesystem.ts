import { posix } from "node:path";
import type { HostContext } from "../context.js";
import type { IoError } from "../io-error.js";
import type { LoadedArchive } from "./archive/load.js";
import { commitChanges } from "./commit/commit.js";
import { Descriptor } from "./descriptor.js";
import { DirectoryEntryStream } from "./directory-entry-stream.js";
import { bestEnclosure } from "./enclosure.js";
import { type ErrorCode, isErrorCode } from "./error-code.js";
import { createFilesystem03 } from "./filesystem03.js";
import { type TreeOptions, TreeState } from "./mount.js";
import { type Mounted, mountAll } from "./mount-table.js";
import type { DirectoryNode, FileNode } from "./node.js";
import { OpenNode } from "./open-node.js";
import type { DirectoryPreopen } from "./preopens.js";
import type { FileRead } from "./read-log.js";
import { find } from "./resolve.js";

export interface FilesystemOptions extends TreeOptions {
  readonly preopens: readonly (DirectoryPreopen | LoadedArchive)[];
}

/** A file that the guest could read. */
export interface GuestFile {
  /** It can be more than there is memory: holes take none. */
  readonly size: number;
  /** The same by whichever path it was found. */
  readonly identity: string;
  read(): Uint8Array;
}

/** What outlives the guest. */
export interface GuestFiles {
  /** Files of the mounts that the guest has read, by path. To be asked before the changes are committed. */
  filesRead(): FileRead[];
  /**
   * Gives the `rw` mounts' directories the guest's changes, all or none of them, once. The guest must not run any more.
   *
   * @returns files that remain on the host and should not
   * @throws ComponentInitError `io`
   */
  commit(): Promise<string[]>;
}

const GET_DIRECTORIES = "wasi:filesystem/preopens#get-directories";

/** @param time - The time of every file, in nanoseconds since 1970. */
export function createFilesystem(context: HostContext, { preopens, ...options }: FilesystemOptions, time: bigint) {
  const state = new TreeState(context.timeline, time, options);
  const within = bestEnclosure();
  const mounts = mountAll(preopens, state, within);
  const preopened = () =>
    mounts.map(({ guest, root }): [OpenNode, string] => [new OpenNode(root, { read: true }), guest]);
  const imports = {
    "wasi:filesystem/types": {
      Descriptor,
      DirectoryEntryStream,
      filesystemErrorCode: (error: IoError): ErrorCode | undefined => error.code,
    },
    "wasi:filesystem/preopens": {
      getDirectories: (): [Descriptor, string][] =>
        preopened().map(([open, guest]) => [new Descriptor(context, open, GET_DIRECTORIES), guest]),
    },
  };
  const fileAt = fileFinder(mounts);
  const findFile = (path: string): GuestFile | undefined => {
    const found = fileAt(path);
    return found && { size: found.size, identity: found.identity, read: () => found.read(0n, found.size) };
  };
  let committed: Promise<string[]> | undefined;
  const files: GuestFiles = {
    filesRead: () => state.reads.list(),
    commit: () => (committed ??= commitChanges(mounts, within)),
  };
  const hasReadFiles = () => !state.reads.isEmpty;
  const isFull = () => state.space.wasExceeded;
  return { imports, imports03: createFilesystem03(context, preopened), files, hasReadFiles, isFull, findFile };
}

/** Finds the file at an absolute path of the guest's, in the mount that is nearest to it; links are followed inside of that. */
function fileFinder(mounts: readonly Mounted[]): (path: string) => FileNode | undefined {
  const roots = new Map(mounts.toReversed().map(({ guest, root }) => [posix.join("/", guest, "/"), root]));
  return (path) => {
    for (let at = path.lastIndexOf("/"); at >= 0; at = at > 0 ? path.lastIndexOf("/", at - 1) : -1) {
      const root = roots.get(path.slice(0, at + 1));
      if (root !== undefined) return fileIn(root, path.slice(at + 1));
    }
    return undefined;
  };
}

function fileIn(root: DirectoryNode, path: string): FileNode | undefined {
  try {
    const node = find(root, path, true);
    return node.type === "regular-file" ? node : undefined;
  } catch (error) {
    if (isErrorCode(error)) return undefined;
    throw error;
  }
}
