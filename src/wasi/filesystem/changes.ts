import { fail } from "./error-code.js";
import type { Mount } from "./mount.js";
import { checkNewName, join } from "./names.js";
import { DirectoryNode, FileNode, type Node, SymlinkNode } from "./node.js";
import { type Entry, type Resolution, resolveEntry } from "./resolve.js";

/** As on Linux, where a target must fit into a page. */
const MAX_TARGET = 4095;

/**
 * Fails as on a read-only file system of POSIX: with `read-only`, but only where nothing else is wrong, so that for
 * instance creating a directory that exists is `exist`.
 */
export function checkWritable({ isWritable, state, guest }: Mount): void {
  if (isWritable) return;
  state.noteReadOnly(guest);
  fail("read-only");
}

/** A file for `open-at` with `create`, where a path leads to nothing yet. */
export function createFile(at: Resolution): FileNode {
  return create(at, (place) => new FileNode(place));
}

export function createDirectory(base: DirectoryNode, path: string): void {
  const entry = absentEntry(base, path);
  create(entry, (place) => new DirectoryNode(place, { parent: entry.parent }));
}

export function createSymlink(base: DirectoryNode, target: string, path: string): void {
  // WIT: "If `old-path` starts with `/`, the function fails with `error-code::not-permitted`."
  if (target.startsWith("/")) fail("not-permitted");
  if (target === "") fail("no-entry");
  if (target.includes("\0")) fail("invalid");
  if (Buffer.byteLength(target) > MAX_TARGET) fail("name-too-long");
  const entry = absentEntry(base, path);
  if (entry.mustBeDirectory) fail("no-entry");
  create(entry, (place) => new SymlinkNode(place, target));
}

export function createLink(base: DirectoryNode, path: string, newBase: DirectoryNode, newPath: string): void {
  const existing = presentEntry(base, path, "not-permitted");
  // WIT: "`error-code::not-permitted` if the old path is not a file".
  if (existing.node.type === "directory") fail("not-permitted");
  const added = absentEntry(newBase, newPath);
  if (added.mustBeDirectory) fail("no-entry");
  checkSameMount(existing.parent, added.parent);
  checkPlace(added);
  existing.node.link();
  added.parent.set(added.name, existing.node);
}

export function unlinkFile(base: DirectoryNode, path: string): void {
  const { parent, name, node } = presentEntry(base, path, "is-directory");
  // WIT: "Return `error-code::is-directory` if the path refers to a directory."
  if (node.type === "directory") fail("is-directory");
  checkWritable(parent.mount);
  parent.delete(name);
  node.unlink();
}

export function removeDirectory(base: DirectoryNode, path: string): void {
  const { parent, name, node } = presentEntry(base, path, "invalid");
  if (node.type !== "directory") fail("not-directory");
  if (parent.isMountPoint(name)) fail("busy");
  checkWritable(parent.mount);
  if (node.list().length > 0) fail("not-empty");
  parent.delete(name);
  node.remove();
}

export function rename(base: DirectoryNode, path: string, newBase: DirectoryNode, newPath: string): void {
  const from = presentEntry(base, path, "busy");
  const to = resolveEntry(newBase, newPath, "busy");
  if (to.mustBeDirectory && from.node.type !== "directory") fail(to.node === undefined ? "no-entry" : "not-directory");
  checkSameMount(from.parent, to.parent);
  if (from.parent.isMountPoint(from.name) || to.parent.isMountPoint(to.name)) fail("busy");
  checkWritable(from.parent.mount);
  if (from.node === to.node) return;
  checkReplaceable(from.node, to);
  checkPlace(to);
  if (to.node?.type === "directory") to.node.remove();
  else to.node?.unlink();
  from.parent.delete(from.name);
  to.parent.set(to.name, from.node);
  from.node.times.change = from.node.mount.state.now();
}

function checkReplaceable(node: Node, to: Entry): void {
  if (node.type === "directory") {
    if (isWithin(to.parent, node)) fail("invalid");
    if (to.node !== undefined && to.node.type !== "directory") fail("not-directory");
    if (to.node?.type === "directory" && to.node.list().length > 0) fail("not-empty");
  } else if (to.node?.type === "directory") {
    fail("is-directory");
  }
}

function isWithin(directory: DirectoryNode, ancestor: DirectoryNode): boolean {
  for (let at: DirectoryNode | undefined = directory; at !== undefined; at = at.parent) {
    if (at === ancestor) return true;
  }
  return false;
}

function absentEntry(base: DirectoryNode, path: string): Entry {
  const entry = resolveEntry(base, path, "exist");
  return entry.node === undefined ? entry : fail("exist");
}

function presentEntry(
  base: DirectoryNode,
  path: string,
  onDots: "busy" | "invalid" | "is-directory" | "not-permitted",
) {
  const entry = resolveEntry(base, path, onDots);
  const { node } = entry;
  return node === undefined ? fail("no-entry") : { ...entry, node };
}

function create<T extends Node>({ parent, name }: Resolution, make: (place: { mount: Mount; path: string }) => T): T {
  if (name === undefined) return fail("is-directory");
  checkPlace({ parent, name });
  const node = make({ mount: parent.mount, path: join(parent.path, name) });
  parent.set(name, node);
  return node;
}

/** Whether an entry can be made there. */
function checkPlace({ parent, name }: { readonly parent: DirectoryNode; readonly name: string }): void {
  checkWritable(parent.mount);
  if (parent.isRemoved) fail("no-entry");
  checkNewName(name);
}

function checkSameMount(a: DirectoryNode, b: DirectoryNode): void {
  if (a.mount !== b.mount) fail("cross-device");
}
