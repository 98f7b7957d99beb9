import { isErrorCode } from "../error-code.js";
import type { DirectoryNode, FileNode, Node } from "../node.js";
import { resolve } from "../resolve.js";
import { HostEntry } from "./host-entry.js";
import type { HostWriter } from "./host-writer.js";
import { finalEntries, originalEntries, type TreeEntry } from "./tree-walk.js";

/**
 * What the guest has made of one directory of the host, carried out there. What is in the wrong place goes to a
 * temporary name next to it, then everything goes where it belongs: so it does not matter in which order the guest
 * renamed, or that it exchanged two names.
 */
export class MountCommit {
  readonly #root: DirectoryNode;
  readonly #writer: HostWriter;
  readonly #temporaryPrefix: string;
  #temporaries = 0;
  /** What the guest has found, and where it is on the host. */
  readonly #originals = new Map<Node, HostEntry>();
  /** What there is to be, as soon as it is somewhere on the host. */
  readonly #results = new Map<Node, HostEntry>();
  readonly #kept = new Set<Node>();
  /** What has one of its final names. */
  readonly #placed = new Set<Node>();
  readonly #discarded: { readonly entry: HostEntry; readonly isDirectory: boolean }[] = [];

  /** @param host - The real path of the directory. */
  constructor(root: DirectoryNode, host: string, writer: HostWriter, temporaryPrefix: string) {
    this.#root = root;
    this.#writer = writer;
    this.#temporaryPrefix = temporaryPrefix;
    const entry = new HostEntry(undefined, host);
    this.#results.set(root, entry);
    this.#recordOriginals(root, entry);
  }

  /** Writes the contents of new and changed files near to where they will be. Nothing else changes. */
  stage(): void {
    for (const entry of finalEntries(this.#root)) {
      const { directory, node } = entry;
      this.#kept.add(node);
      checkInside(this.#root, entry);
      if (!hasNewContent(node) || this.#results.has(node)) continue;
      const original = this.#originals.get(node);
      const mode = original && this.#writer.modeOf(original);
      const place = this.#nearestOriginal(directory);
      this.#results.set(node, this.#writer.writeFile(place, this.#temporaryName(), node.content, mode));
    }
  }

  /** Takes what will not be where it is out of the way. */
  detach(): void {
    for (const { directory, name, node } of originalEntries(this.#root)) {
      const entry = this.#originals.get(node) as HostEntry;
      if (directory.lookupOwn(name) === node && !hasNewContent(node)) {
        this.#results.set(node, entry);
        this.#placed.add(node);
        continue;
      }
      const isKept = this.#kept.has(node) && !hasNewContent(node);
      const isDirectory = node.type === "directory";
      if (isDirectory && !isKept) this.#checkEmptied(entry);
      this.#writer.rename(entry, entry.parent as HostEntry, this.#temporaryName());
      if (isKept) this.#results.set(node, entry);
      else this.#discarded.push({ entry, isDirectory });
    }
  }

  /** Gives everything its final name. */
  place(): void {
    for (const { directory, name, node, isOriginal } of finalEntries(this.#root)) {
      if (isOriginal && !hasNewContent(node)) continue;
      const parent = this.#results.get(directory) as HostEntry;
      const entry = this.#results.get(node);
      if (entry === undefined) this.#results.set(node, this.#make(node, parent, name));
      else if (this.#placed.has(node)) this.#writer.makeLink(entry, parent, name);
      else this.#writer.rename(entry, parent, name);
      this.#placed.add(node);
    }
  }

  /** Late, since making an entry changes the times of its directory. */
  setTimes(): void {
    const nodes = [this.#root, ...Array.from(finalEntries(this.#root), ({ node }) => node)];
    for (const node of nodes.reverse()) {
      const { requested } = node.times;
      if (Object.keys(requested).length > 0) this.#writer.setTimes(this.#results.get(node) as HostEntry, requested);
    }
  }

  /** Removes for good what is not there any more; gives the paths of what could not be removed. */
  discard(): string[] {
    return this.#discarded
      .filter(({ entry, isDirectory }) => !this.#isRemoved(entry, isDirectory))
      .map(({ entry }) => entry.path);
  }

  #isRemoved(entry: HostEntry, isDirectory: boolean): boolean {
    try {
      this.#writer.remove(entry, isDirectory);
      return true;
    } catch {
      return false;
    }
  }

  #recordOriginals(directory: DirectoryNode, entry: HostEntry): void {
    this.#originals.set(directory, entry);
    for (const [name, node] of directory.found()) {
      const child = new HostEntry(entry, name);
      if (node.type === "directory") this.#recordOriginals(node, child);
      else this.#originals.set(node, child);
    }
  }

  #make(node: Node, parent: HostEntry, name: string): HostEntry {
    if (node.type === "directory") return this.#writer.makeDirectory(parent, name);
    if (node.type === "symbolic-link") return this.#writer.makeSymlink(parent, name, node.target);
    throw new Error(`there is nothing to make a ${node.type} of`);
  }

  /** New directories do not exist yet. */
  #nearestOriginal(directory: DirectoryNode): HostEntry {
    for (let at: DirectoryNode | undefined = directory; at !== undefined; at = at.parent) {
      const entry = this.#originals.get(at);
      if (entry !== undefined) return entry;
    }
    throw new Error("a directory is in no mount");
  }

  /** The guest has emptied it; what has come since is not the guest's to remove. */
  #checkEmptied(entry: HostEntry): void {
    const other = this.#writer.list(entry).find((name) => !name.startsWith(this.#temporaryPrefix));
    if (other !== undefined) throw new Error(`there is by now something at ${new HostEntry(entry, other).path}`);
  }

  #temporaryName(): string {
    return `${this.#temporaryPrefix}${this.#temporaries++}`;
  }
}

function hasNewContent(node: Node): node is FileNode {
  return node.type === "regular-file" && node.content.isChanged;
}

/**
 * The guest cannot follow a link that leads out, but who uses the directory afterwards can. Both what the target says
 * and where it leads by way of other links count.
 */
function checkInside(root: DirectoryNode, { node, isOriginal, path }: TreeEntry): void {
  if (node.type !== "symbolic-link" || isOriginal || node.target.startsWith("/")) return;
  if (!goesOut(path.length - 1, node.target) && !isRefused(root, path)) return;
  throw new Error(`the symbolic link ${path.join("/")} would lead out of the directory, to ${node.target}`);
}

function goesOut(depth: number, target: string): boolean {
  let at = depth;
  return target.split("/").some((component) => {
    if (component === "..") at--;
    else if (component !== "" && component !== ".") at++;
    return at < 0;
  });
}

function isRefused(root: DirectoryNode, path: readonly string[]): boolean {
  try {
    resolve(root, path.join("/"), true);
    return false;
  } catch (error) {
    if (isErrorCode(error)) return error === "not-permitted";
    throw error;
  }
}
