import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { ComponentInitError } from "../../../errors.js";
import type { ArchivePreopen, DirectoryPreopen, Preopen } from "../preopens.js";
import { readFully } from "../read-fully.js";
import type { SourceDirectory } from "../source.js";
import { ArchiveError, decompress, tooLarge } from "./decompress.js";

/** What all archives of a run may take together, decompressed. */
export const DEFAULT_ARCHIVE_LIMIT = 4 * 1024 ** 3;

/** An archive in memory. */
export interface LoadedArchive extends ArchivePreopen {
  readonly source: SourceDirectory;
}

/**
 * Reads the archives among the preopens into memory.
 *
 * @param limit - How many bytes they may take together, decompressed.
 * @throws ComponentInitError `io`
 */
export async function loadArchives(
  preopens: readonly Preopen[],
  limit: number = DEFAULT_ARCHIVE_LIMIT,
): Promise<(DirectoryPreopen | LoadedArchive)[]> {
  const loaded: (DirectoryPreopen | LoadedArchive)[] = [];
  let rest = limit;
  for (const preopen of preopens) {
    if ("host" in preopen) {
      loaded.push(preopen);
      continue;
    }
    const { source, size } = await load(preopen.archive, rest);
    loaded.push({ ...preopen, source });
    rest -= size;
  }
  return loaded;
}

async function load(path: string, limit: number): Promise<{ source: SourceDirectory; size: number }> {
  // Who mounts no archive need not wait for the parser.
  const [{ parseArchive }, { ArchiveTree }] = await Promise.all([import("./parse.js"), import("./tree.js")]);
  try {
    const archive = decompress(readArchive(path, limit), limit);
    const tree = new ArchiveTree();
    for (const entry of parseArchive(archive)) tree.add(entry);
    return { source: tree.root, size: archive.length };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ComponentInitError("io", `cannot mount the archive ${path}: ${reason}`, { cause });
  }
}

/** A FIFO would make this wait, and a device could have no end. */
function readArchive(path: string, limit: number): Uint8Array {
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new ArchiveError("it is not a file");
    if (stats.size > limit) throw tooLarge(limit);
    return readFully(fd, 0, stats.size);
  } finally {
    closeSync(fd);
  }
}
