import { realpathSync, statSync } from "node:fs";
import { ComponentInitError } from "../../../errors.js";
import { toDatetime } from "../clocks.js";
import type { HostContext } from "../context.js";
import type { IoError } from "../io-error.js";
import { ContentCache } from "./content-cache.js";
import { Descriptor, type FilesystemContext } from "./descriptor.js";
import { DirectoryEntryStream } from "./directory-entry-stream.js";
import { bestEnclosure, type Enclosure } from "./enclosure.js";
import type { ErrorCode } from "./error-code.js";
import type { FileRead } from "./file-read.js";
import { mountHostDirectory, WHOLE_FILE_LIMIT } from "./host-layer.js";
import type { DirectoryNode } from "./node.js";

export interface Preopen {
  /** A directory of the host. The guest cannot change it, nor name anything outside of it. */
  readonly host: string;
  /** The path that the guest knows it by. */
  readonly guest: string;
}

interface Mount {
  readonly guest: string;
  readonly root: DirectoryNode;
}

const CACHE_CAPACITY = 4 * WHOLE_FILE_LIMIT;

/**
 * @param time - The time of every file, in nanoseconds since 1970.
 * @param filesRead - What the guest reads is added here.
 */
export function createFilesystem(host: HostContext, preopens: readonly Preopen[], time: bigint, filesRead: FileRead[]) {
  const context: FilesystemContext = { ...host, time: toDatetime(time) };
  const mounts = mountAll(preopens, bestEnclosure(), (file) => filesRead.push(file));
  return {
    "wasi:filesystem/types": {
      Descriptor,
      DirectoryEntryStream,
      filesystemErrorCode: (error: IoError): ErrorCode => error.code,
    },
    "wasi:filesystem/preopens": {
      getDirectories: (): [Descriptor, string][] =>
        mounts.map(({ guest, root }) => {
          return [new Descriptor(context, root, "wasi:filesystem/preopens#get-directories"), guest];
        }),
    },
  };
}

/** Each preopen is a root of its own: one whose guest path lies inside another's does not show up in that other. */
export function mountAll(
  preopens: readonly Preopen[],
  within: Enclosure = bestEnclosure(),
  onRead: (file: FileRead) => void = () => {},
): Mount[] {
  const cache = new ContentCache(CACHE_CAPACITY);
  return preopens.map(({ guest, host }, mount) => {
    const root = mountHostDirectory({ mount, within, cache, onRead }, guest, realDirectory(host));
    return { guest, root };
  });
}

function realDirectory(host: string): string {
  try {
    const real = realpathSync.native(host);
    if (statSync(real).isDirectory()) return real;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ComponentInitError("io", `the directory to preopen cannot be read: ${reason}`, { cause });
  }
  throw new ComponentInitError("io", `the directory to preopen is not a directory: ${host}`);
}
