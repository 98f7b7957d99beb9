import { closeSync, constants, existsSync, openSync, readlinkSync, realpathSync } from "node:fs";
import { fail } from "./error-code.js";

/**
 * Gives access to the entries of one host directory, and to no others: `use` gets a path to put in front of their
 * names. Fails when `directory`, a path without links, no longer leads to itself, because someone has put a link in the
 * place of one of its components since.
 */
export type Enclosure = <T>(directory: string, use: (place: string) => T) => T;

const OPEN_DIRECTORY = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0);

/**
 * Linux: an open directory cannot be swapped, and `/proc/self/fd/N/name` is looked up in it whatever its path has become
 * (what `openat` would do, which Node does not have). Where it was when it was opened, the link `/proc/self/fd/N` says.
 */
export const throughDescriptor: Enclosure = (directory, use) => {
  const fd = openSync(directory, OPEN_DIRECTORY);
  try {
    const place = `/proc/self/fd/${fd}`;
    if (readlinkSync(place) !== directory) fail("no-entry");
    return use(place);
  } finally {
    closeSync(fd);
  }
};

/** Elsewhere: a swap is noticed before and after the call, but one that comes and goes in between is not. */
export const betweenChecks: Enclosure = (directory, use) => {
  checkUnmoved(directory);
  const result = use(directory);
  checkUnmoved(directory);
  return result;
};

function checkUnmoved(directory: string): void {
  if (realpathSync.native(directory) !== directory) fail("no-entry");
}

export function bestEnclosure(): Enclosure {
  return process.platform === "linux" && existsSync("/proc/self/fd") ? throughDescriptor : betweenChecks;
}
