import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Descriptor } from "../../../../src/host/wasi/filesystem/descriptor.js";
import { makeHost, text } from "../support.js";

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

export function openRoot(dir: string, guest = "/"): Descriptor {
  const { imports } = makeHost({ preopens: [{ host: dir, guest }] });
  return imports["wasi:filesystem/preopens"].getDirectories()[0]?.[0] as Descriptor;
}

export const FOLLOW = { symlinkFollow: true };
export const READ = { read: true };

export function open(base: Descriptor, path: string): Descriptor {
  return base.openAt(FOLLOW, path, {}, READ);
}

export function readText(base: Descriptor, path: string): string {
  return text(open(base, path).read(1_000_000n, 0n)[0]);
}

export function listNames(directory: Descriptor): string[] {
  const stream = directory.readDirectory();
  const names: string[] = [];
  for (let entry = stream.readDirectoryEntry(); entry; entry = stream.readDirectoryEntry()) names.push(entry.name);
  return names;
}
