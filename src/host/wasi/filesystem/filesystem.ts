import type { HostContext } from "../context.js";
import type { IoError } from "../io-error.js";
import type { LoadedArchive } from "./archive/load.js";
import { commitChanges } from "./commit/commit.js";
import { Descriptor } from "./descriptor.js";
import { DirectoryEntryStream } from "./directory-entry-stream.js";
import { bestEnclosure } from "./enclosure.js";
import type { ErrorCode } from "./error-code.js";
import { type TreeOptions, TreeState } from "./mount.js";
import { mountAll } from "./mount-table.js";
import type { DirectoryPreopen } from "./preopens.js";
import type { FileRead } from "./read-log.js";

export interface FilesystemOptions extends TreeOptions {
  readonly preopens: readonly (DirectoryPreopen | LoadedArchive)[];
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

/** @param time - The time of every file, in nanoseconds since 1970. */
export function createFilesystem(context: HostContext, { preopens, ...options }: FilesystemOptions, time: bigint) {
  const state = new TreeState(context.timeline, time, options);
  const within = bestEnclosure();
  const mounts = mountAll(preopens, state, within);
  const imports = {
    "wasi:filesystem/types": {
      Descriptor,
      DirectoryEntryStream,
      filesystemErrorCode: (error: IoError): ErrorCode | undefined => error.code,
    },
    "wasi:filesystem/preopens": {
      getDirectories: (): [Descriptor, string][] =>
        mounts.map(({ guest, root }) => {
          return [new Descriptor(context, root, { read: true }, "wasi:filesystem/preopens#get-directories"), guest];
        }),
    },
  };
  let committed: Promise<string[]> | undefined;
  const files: GuestFiles = {
    filesRead: () => state.reads.list(),
    commit: () => (committed ??= commitChanges(mounts, within)),
  };
  return { imports, files, hasReadFiles: () => !state.reads.isEmpty };
}
