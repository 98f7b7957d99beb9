import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Descriptor } from "../../../src/wasi/filesystem/descriptor.js";
import type { FilesystemOptions } from "../../../src/wasi/filesystem/filesystem.js";
import type { MountMode } from "../../../src/wasi/filesystem/mount.js";
import { bytes, makeHost, scratch, text } from "../support.js";

/** A string is a file, `{ link }` a symbolic link. */
export type Tree = Readonly<Record<string, string | { readonly link: string }>>;

export function makeTree(dir: string, tree: Tree): void {
  for (const [path, content] of Object.entries(tree)) {
    const full = join(dir, path);
    mkdirSync(dirname(full), { recursive: true });
    if (typeof content === "string") writeFileSync(full, content);
    else symlinkSync(content.link, full);
  }
}

/** What there is below a directory of the host: the reverse of `makeTree`, with empty directories as `path/`. */
export function treeOf(dir: string, prefix = ""): Tree {
  const entries = readdirSync(dir)
    .sort()
    .map((name): Tree => {
      const [full, path] = [join(dir, name), prefix + name];
      const stats = lstatSync(full);
      if (stats.isSymbolicLink()) return { [path]: { link: readlinkSync(full) } };
      if (!stats.isDirectory()) return { [path]: stats.isFile() ? readFileSync(full, "utf8") : "special" };
      return readdirSync(full).length === 0 ? { [`${path}/`]: "" } : treeOf(full, `${path}/`);
    });
  return Object.assign({}, ...entries) as Tree;
}

export function openRoot(dir: string, guest = "/", mode: MountMode = "ro"): Descriptor {
  const { imports } = makeHost({ preopens: [{ host: dir, guest, mode }] });
  return imports["wasi:filesystem/preopens"].getDirectories()[0]?.[0] as Descriptor;
}

/** A host with mounts, and their roots in order. */
export function mountRoots(preopens: FilesystemOptions["preopens"], options: { maxWritten?: number } = {}) {
  const host = makeHost({ preopens, ...options });
  const roots = host.imports["wasi:filesystem/preopens"].getDirectories().map(([root]) => root);
  return { ...host, roots, root: roots[0] as Descriptor };
}

/** A directory of the host with files in it, mounted, and next to it one that the guest must never reach. */
export function mountTree(tree: Tree, mode: MountMode, options: { maxWritten?: number } = {}) {
  const base = scratch();
  const [dir, outside] = [join(base, "inside"), join(base, "outside")];
  mkdirSync(dir);
  makeTree(dir, tree);
  makeTree(outside, { canary: "canary", "d/f": "canary" });
  const untouched = () =>
    existsSync(outside) && JSON.stringify(treeOf(outside)) === '{"canary":"canary","d/f":"canary"}';
  return { ...mountRoots([{ host: dir, guest: "/", mode }], options), dir, outside, untouched };
}

export const FOLLOW = { symlinkFollow: true };
export const READ = { read: true };
export const WRITE = { read: true, write: true };

export function open(base: Descriptor, path: string): Descriptor {
  return base.openAt(FOLLOW, path, {}, READ);
}

export function readText(base: Descriptor, path: string): string {
  return text(open(base, path).read(1_000_000n, 0n)[0]);
}

/** As `fopen(path, "w")` and so on. */
export function writeText(base: Descriptor, path: string, content: string): void {
  const file = base.openAt(FOLLOW, path, { create: true, truncate: true }, WRITE);
  file.write(bytes(content), 0n);
  file[Symbol.dispose]();
}

export function listNames(directory: Descriptor): string[] {
  const stream = directory.readDirectory();
  const names: string[] = [];
  for (let entry = stream.readDirectoryEntry(); entry; entry = stream.readDirectoryEntry()) names.push(entry.name);
  return names;
}
