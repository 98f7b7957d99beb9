import { realpathSync, statSync } from "node:fs";
import { ComponentInitError } from "../../errors.js";
import { reason } from "../../reason.js";
import type { LoadedArchive } from "./archive/load.js";
import { ContentCache } from "./content-cache.js";
import { bestEnclosure, type Enclosure } from "./enclosure.js";
import { isErrorCode } from "./error-code.js";
import { openHostDirectory, WHOLE_FILE_LIMIT } from "./host-layer.js";
import { Mount, type MountMode, type TreeState } from "./mount.js";
import { join } from "./names.js";
import { DirectoryNode } from "./node.js";
import {
  checkPreopens,
  componentsBetween,
  type DirectoryPreopen,
  guestPathOf,
  normalizeGuestPath,
} from "./preopens.js";

export interface Mounted {
  /** As it was given. */
  readonly guest: string;
  readonly mode: MountMode;
  readonly root: DirectoryNode;
  /** The real path of the directory on the host. */
  readonly host?: string;
}

const CACHE_CAPACITY = 4 * WHOLE_FILE_LIMIT;

/** One tree for each preopen. One whose guest path lies inside another's shows up in that other's tree as well. */
export function mountAll(
  preopens: readonly (DirectoryPreopen | LoadedArchive)[],
  state: TreeState,
  within: Enclosure = bestEnclosure(),
): Mounted[] {
  checkPreopens(preopens);
  const layer = { within, cache: new ContentCache(CACHE_CAPACITY) };
  const mounts = preopens.map((preopen): Mounted => {
    const { mode = "ro" } = preopen;
    const guest = guestPathOf(preopen);
    const host = "host" in preopen ? realDirectory(preopen.host) : undefined;
    const source = "source" in preopen ? preopen.source : openHostDirectory(layer, host as string);
    const root = new DirectoryNode({ mount: new Mount(state, mode, guest), path: guest }, { source });
    return { guest, mode, root, ...(host !== undefined && { host }) };
  });
  checkWritableApart(mounts);
  for (const mount of mounts) attach(mount, mounts);
  return mounts;
}

function realDirectory(host: string): string {
  try {
    const real = realpathSync.native(host);
    if (statSync(real).isDirectory()) return real;
  } catch (cause) {
    throw new ComponentInitError("io", `cannot preopen the directory ${host}: ${reason(cause)}`, { cause });
  }
  throw new ComponentInitError("io", `cannot preopen ${host}: it is not a directory`);
}

/** What the guest does to one of them would otherwise be undone by what it does to the other. */
function checkWritableApart(mounts: readonly Mounted[]): void {
  const writable = mounts.flatMap(({ mode, host }) => (mode === "rw" && host !== undefined ? [host] : []));
  writable.forEach((inner, i) => {
    const outer = writable.find((other, j) => i !== j && join(inner, "").startsWith(join(other, "")));
    if (outer === undefined) return;
    const where = inner === outer ? "twice" : `inside of ${outer}`;
    throw new ComponentInitError("invalid-option", `the directory ${inner} is mounted with rw ${where}: mount it once`);
  });
}

/** Into the innermost of the mounts whose guest paths it lies in. */
function attach({ guest, root }: Mounted, mounts: readonly Mounted[]): void {
  const path = normalizeGuestPath(guest);
  const ways = mounts.flatMap((outer) => {
    const components = componentsBetween(normalizeGuestPath(outer.guest), path);
    return components === undefined ? [] : [{ at: outer.root, components }];
  });
  const [nearest] = ways.sort((a, b) => a.components.length - b.components.length);
  if (nearest === undefined) return;
  const name = nearest.components.at(-1) as string;
  nearest.components.slice(0, -1).reduce(enterOrMake, nearest.at).attach(name, root);
}

/** A directory on the way to a mount point. Where there is none, one is shown that nothing can be made in. */
function enterOrMake(directory: DirectoryNode, name: string): DirectoryNode {
  const existing = lookupIfPossible(directory, name);
  if (existing?.type === "directory") return existing;
  const place = {
    mount: new Mount(directory.mount.state, "ro", join(directory.path, name)),
    path: join(directory.path, name),
  };
  const made = new DirectoryNode(place, { source: { type: "directory", lookup: () => undefined, list: () => [] } });
  directory.attach(name, made);
  return made;
}

function lookupIfPossible(directory: DirectoryNode, name: string) {
  try {
    return directory.lookup(name);
  } catch (error) {
    if (isErrorCode(error)) return undefined;
    throw error;
  }
}
