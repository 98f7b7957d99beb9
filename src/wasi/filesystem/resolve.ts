import { type ErrorCode, fail } from "./error-code.js";
import type { DirectoryNode, Node } from "./node.js";

/** As many as Linux follows in one path before it gives up with ELOOP. */
const MAX_LINKS = 40;

/** PATH_MAX of Linux. */
const MAX_PATH = 4096;

/** Where a path leads; no node when only its last component is missing. */
export interface Resolution {
  readonly parent: DirectoryNode;
  readonly node: Node | undefined;
  /** What the parent knows it by; a path that ends in `.` or `..` does not say. */
  readonly name: string | undefined;
}

/**
 * Walks a path through the guest's own tree. No step asks the host to resolve anything, and none leaves `base`: WASI
 * paths are relative to the descriptor they are used with, and neither `..`, nor an absolute path, nor a link leads out
 * of it ("not-permitted").
 *
 * @param follow - Whether a link at the end of the path is followed; links before that always are.
 */
export function resolve(base: DirectoryNode, path: string, follow: boolean): Resolution {
  const trail = new Trail(base);
  const pending = split(path);
  let links = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (trail.step(name)) continue;
    const parent = trail.current;
    const node = parent.lookup(name);
    const isLast = pending.length === 0;
    if (node?.type === "symbolic-link" && (follow || !isLast)) {
      if (++links > MAX_LINKS) fail("loop");
      pending.push(...split(node.target));
    } else if (isLast) {
      return { parent, node, name };
    } else {
      trail.enter(node);
    }
  }
  return { parent: trail.current, node: trail.current, name: undefined };
}

/** As `resolve`, for calls that need something to be there. */
export function find(base: DirectoryNode, path: string, follow: boolean): Node {
  return resolve(base, path, follow).node ?? fail("no-entry");
}

/** An entry itself, whatever it is: what `rename` and `unlink` are about. */
export interface Entry extends Resolution {
  readonly name: string;
  /** The path ends in a slash: only a directory will do. */
  readonly mustBeDirectory: boolean;
}

/**
 * As `resolve` without following, but a slash at the end does not count as a component.
 *
 * @param onDots - The error for a path that ends in `.` or `..`, which name no entry.
 */
export function resolveEntry(base: DirectoryNode, path: string, onDots: ErrorCode): Entry {
  const trimmed = withoutSlashes(path);
  const { parent, node, name } = resolve(base, trimmed === "" ? path : trimmed, false);
  if (name === undefined) return fail(onDots);
  const mustBeDirectory = trimmed !== path;
  if (mustBeDirectory && node !== undefined && node.type !== "directory") fail("not-directory");
  return { parent, node, name, mustBeDirectory };
}

function withoutSlashes(path: string): string {
  let end = path.length;
  while (end > 0 && path[end - 1] === "/") end--;
  return path.slice(0, end);
}

/** The directories from the base to where the walk is. Going up means going back, so a link cannot change what is above. */
class Trail {
  readonly #directories: [DirectoryNode, ...DirectoryNode[]];

  constructor(base: DirectoryNode) {
    this.#directories = [base];
  }

  get current(): DirectoryNode {
    return this.#directories.at(-1) as DirectoryNode;
  }

  /** Takes a component that is no name. */
  step(component: string): boolean {
    if (component === ".") return true;
    if (component !== "..") return false;
    if (this.#directories.length === 1) fail("not-permitted");
    this.#directories.pop();
    return true;
  }

  enter(node: Node | undefined): void {
    if (node?.type === "directory") this.#directories.push(node);
    else fail(node === undefined ? "no-entry" : "not-directory");
  }
}

/** The components in reverse order. A slash at the end counts as `.`, for what it follows must be a directory. */
function split(path: string): string[] {
  if (path === "") fail("no-entry");
  if (Buffer.byteLength(path) >= MAX_PATH) fail("name-too-long");
  if (path.includes("\0")) fail("invalid");
  if (path.startsWith("/")) fail("not-permitted");
  const components = path.split("/").filter((component) => component !== "");
  if (path.endsWith("/")) components.push(".");
  return components.reverse();
}
