import { realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
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
import { checkPreopens, componentsOf, type DirectoryPreopen, guestPathOf, normalizeGuestPath } from "./preopens.js";

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
  attachAll(mounts);
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
  const all = new Set<string>();
  for (const host of writable) {
    if (all.has(host)) failTwice(host, "twice");
    all.add(host);
  }
  for (const inner of writable) {
    for (let outer = inner; outer !== dirname(outer); ) {
      outer = dirname(outer);
      if (all.has(outer)) failTwice(inner, `inside of ${outer}`);
    }
  }
}

function failTwice(host: string, where: string): never {
  throw new ComponentInitError("invalid-option", `the directory ${host} is mounted with rw ${where}: mount it once`);
}

/** A guest path that some mount is at, or lies on the way to one. */
interface Place {
  mount?: Mounted;
  readonly inside: Map<string, Place>;
}

/** Each into the innermost of the mounts whose guest paths it lies in. */
function attachAll(mounts: readonly Mounted[]): void {
  const start: Place = { inside: new Map() };
  const paths = mounts.map((mount) => ({ mount, components: componentsOf(normalizeGuestPath(mount.guest)) }));
  for (const { mount, components } of paths) components.reduce(placeInside, start).mount = mount;
  for (const { mount, components } of paths) attach(mount, components, start);
}

function placeInside({ inside }: Place, component: string): Place {
  let place = inside.get(component);
  if (place === undefined) inside.set(component, (place = { inside: new Map() }));
  return place;
}

function attach({ root }: Mounted, components: readonly string[], start: Place): void {
  let outer: { readonly mount: Mounted; readonly depth: number } | undefined;
  let place = start;
  for (const [i, component] of components.slice(0, -1).entries()) {
    place = placeInside(place, component);
    if (place.mount !== undefined) outer = { mount: place.mount, depth: i + 1 };
  }
  if (outer === undefined) return;
  const way = components.slice(outer.depth, -1);
  way.reduce(enterOrMake, outer.mount.root).attach(components.at(-1) as string, root);
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
