import { posix } from "node:path";
import { ComponentInitError } from "../../errors.js";
import type { MountMode } from "./mount.js";

/** A directory of the host. The guest can name nothing outside of it. */
export interface DirectoryPreopen {
  readonly host: string;
  /** The path that the guest knows it by. */
  readonly guest: string;
  /**
   * `ro` (the default): it cannot be changed. `rw`: it gets the guest's changes when initialization has succeeded.
   * `overlay`: the guest's changes end with the guest.
   */
  readonly mode?: MountMode;
}

/** The contents of a tar archive, plain or compressed by gzip or zstd. */
export interface ArchivePreopen {
  readonly archive: string;
  /** The path that the guest knows it by (default `/`). */
  readonly guest?: string;
  /** `ro` (the default) or `overlay`. The archive stays as it is. */
  readonly mode?: "ro" | "overlay";
}

export type Preopen = DirectoryPreopen | ArchivePreopen;

export function guestPathOf(preopen: Preopen): string {
  return preopen.guest ?? "/";
}

/** A guest path without what does not matter: `./a//b/` is `a/b`. Absolute and relative paths are worlds of their own. */
export function normalizeGuestPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith("/") ? normal.slice(0, -1) : normal;
}

/**
 * The components of a normalized guest path. The first says where it starts: absolute paths, relative ones, and those that leave
 * where relative ones start, are worlds of their own.
 */
export function componentsOf(path: string): string[] {
  const components = path.split("/").filter((component) => component !== "" && component !== ".");
  if (posix.isAbsolute(path)) return ["/", ...components];
  const inside = components.findIndex((component) => component !== "..");
  const outside = inside < 0 ? components.length : inside;
  return [outside === 0 ? "." : "../".repeat(outside), ...components.slice(outside)];
}

/**
 * Whether preopens can be mounted together: each has a guest path of its own.
 *
 * @throws ComponentInitError `invalid-option`
 */
export function checkPreopens(preopens: readonly Preopen[]): void {
  const seen = new Map<string, Preopen>();
  for (const preopen of preopens) {
    checkMode(preopen);
    const guest = guestPathOf(preopen);
    if (guest === "" || guest.includes("\0"))
      throw invalid(`the guest path of ${hostNameOf(preopen)} is empty or not a path`);
    const path = normalizeGuestPath(guest);
    const other = seen.get(path);
    if (other !== undefined) {
      const names = `${hostNameOf(other)} and ${hostNameOf(preopen)}`;
      throw invalid(`two mounts at the guest path ${path}, ${names}: give each a path of its own (HOST::GUEST)`);
    }
    seen.set(path, preopen);
  }
}

/** Types do not reach every caller. */
function checkMode(preopen: Preopen): void {
  const modes: readonly string[] = "host" in preopen ? ["ro", "rw", "overlay"] : ["ro", "overlay"];
  const { mode = "ro" } = preopen;
  if (!modes.includes(mode))
    throw invalid(`${hostNameOf(preopen)} cannot be mounted with ${mode}: give ${modes.join(" or ")}`);
}

function hostNameOf(preopen: Preopen): string {
  return "host" in preopen ? preopen.host : preopen.archive;
}

function invalid(message: string): ComponentInitError {
  return new ComponentInitError("invalid-option", message);
}
