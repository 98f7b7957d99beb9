import { fail } from "./error-code.js";
import type { DirectoryNode, Node } from "./node.js";

/** As many as Linux follows in one path before it gives up with ELOOP. */
const MAX_LINKS = 40;

/** Where a path leads; no node when only its last component is missing. */
export interface Resolution {
  readonly parent: DirectoryNode;
  readonly node: Node | undefined;
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
      return { parent, node };
    } else {
      trail.enter(node);
    }
  }
  return { parent: trail.current, node: trail.current };
}

/** As `resolve`, for calls that need something to be there. */
export function find(base: DirectoryNode, path: string, follow: boolean): Node {
  return resolve(base, path, follow).node ?? fail("no-entry");
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
  if (path.includes("\0")) fail("invalid");
  if (path.startsWith("/")) fail("not-permitted");
  const components = path.split("/").filter((component) => component !== "");
  if (path.endsWith("/")) components.push(".");
  return components.reverse();
}
