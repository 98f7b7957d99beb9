import type { DirectoryNode, Node } from "../node.js";

export interface TreeEntry {
  readonly directory: DirectoryNode;
  readonly name: string;
  readonly node: Node;
  /** Whether the source has it here. */
  readonly isOriginal: boolean;
  /** From the root of the mount, the name included. */
  readonly path: readonly string[];
}

/**
 * The tree as the guest has left it, parents first: what it never looked at is not in it, and has not changed. What is
 * mounted inside is not part of it.
 */
export function* finalEntries(directory: DirectoryNode, path: readonly string[] = []): Generator<TreeEntry> {
  for (const [name, node] of directory.current()) {
    const entry = { directory, name, node, isOriginal: directory.foundAt(name) === node, path: [...path, name] };
    yield entry;
    if (node.type === "directory") yield* finalEntries(node, entry.path);
  }
}

/** The tree as it was at first, as far as the guest looked, children first. */
export function* originalEntries(directory: DirectoryNode): Generator<Omit<TreeEntry, "isOriginal" | "path">> {
  for (const [name, node] of directory.found()) {
    if (node.type === "directory") yield* originalEntries(node);
    yield { directory, name, node };
  }
}
