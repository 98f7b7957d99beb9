import type { DirectoryEntry, Source, SourceDirectory, SourceFile, SourceSymlink, SpecialType } from "../source.js";
import { ArchiveError } from "./decompress.js";
import type { ParsedEntry } from "./parse.js";

/** Entries and the directories that lead to them: what an archive can make the host hold beside its own bytes. */
export const MAX_ENTRIES = 1_000_000;

const SPECIAL: Readonly<Record<string, SpecialType>> = {
  CharacterDevice: "character-device",
  BlockDevice: "block-device",
  FIFO: "fifo",
};

/** What GNU tar makes of a file with holes for programs that do not know of them. */
const SPARSE = /(^|\/)GNUSparseFile\.\d+\//;

/** Makes a tree of the entries of an archive. Later ones replace earlier ones, as they would on disk. */
export class ArchiveTree {
  readonly root = new ArchiveDirectory();
  readonly #maxEntries: number;
  #entries = 0;

  constructor(maxEntries: number = MAX_ENTRIES) {
    this.#maxEntries = maxEntries;
  }

  add({ path, linkpath, type, content }: ParsedEntry): void {
    const components = split(path, "the entry");
    if (SPARSE.test(path)) throw new ArchiveError(`the entry ${path} is a sparse file, which is not supported`);
    const name = components.pop();
    if (type === "Directory" || type === "GNUDumpDir") {
      if (name !== undefined) this.#enter([...components, name], path);
      return;
    }
    if (name === undefined) throw new ArchiveError(`the entry ${path} has no name`);
    const directory = this.#enter(components, path);
    const replaced = directory.lookup(name);
    if (replaced?.type === "directory") throw new ArchiveError(`the entry ${path} is at the same time a directory`);
    this.#count();
    if (replaced instanceof ArchiveFile) replaced.links--;
    directory.set(name, type === "Link" ? this.#linked(path, linkpath) : toSource(path, type, linkpath, content));
  }

  #linked(path: string, linkpath: string): Source {
    const components = split(linkpath, `the entry ${path} is a hard link, and its target`);
    let at: Source | undefined = this.root;
    for (const name of components) at = at?.type === "directory" ? at.lookup(name) : undefined;
    if (at === undefined || at.type === "directory") {
      throw new ArchiveError(`the entry ${path} is a hard link to ${linkpath}, which is no file in the archive`);
    }
    if (at instanceof ArchiveFile) at.links++;
    return at;
  }

  #enter(components: readonly string[], path: string): ArchiveDirectory {
    return components.reduce((directory, name) => {
      const found = directory.lookup(name);
      if (found instanceof ArchiveDirectory) return found;
      // Also when it is a link to a directory: what is unpacked through links gets anywhere.
      if (found !== undefined) throw new ArchiveError(`the entry ${path} lies in ${name}, which is no directory`);
      this.#count();
      return directory.set(name, new ArchiveDirectory());
    }, this.root);
  }

  #count(): void {
    if (++this.#entries > this.#maxEntries) throw new ArchiveError(`it has more than ${this.#maxEntries} entries`);
  }
}

function toSource(path: string, type: string, target: string, content: Uint8Array): Source {
  if (type === "File" || type === "OldFile" || type === "ContiguousFile") return new ArchiveFile(content);
  if (type === "SymbolicLink") return { type: "symbolic-link", target } satisfies SourceSymlink;
  const special = SPECIAL[type];
  if (special !== undefined) return { type: special };
  throw new ArchiveError(`the entry ${path} is of a kind that is not supported (${type})`);
}

/** The components of a path in the archive, `.` left out. */
function split(path: string, what: string): string[] {
  if (path.startsWith("/")) throw new ArchiveError(`${what} ${path} is an absolute path`);
  if (path.includes("\0")) throw new ArchiveError(`${what} ${JSON.stringify(path)} is not a path`);
  const components = path.split("/").filter((component) => component !== "" && component !== ".");
  if (components.includes("..")) throw new ArchiveError(`${what} ${path} would lead out of the archive`);
  return components;
}

class ArchiveDirectory implements SourceDirectory {
  readonly type = "directory";
  readonly #entries = new Map<string, Source>();

  lookup(name: string): Source | undefined {
    return this.#entries.get(name);
  }

  list(): DirectoryEntry[] {
    return [...this.#entries].map(([name, { type }]) => ({ name, type }));
  }

  set<T extends Source>(name: string, source: T): T {
    this.#entries.set(name, source);
    return source;
  }
}

class ArchiveFile implements SourceFile {
  readonly type = "regular-file";
  links = 1;
  readonly #content: Uint8Array;

  constructor(content: Uint8Array) {
    this.#content = content;
  }

  get size(): number {
    return this.#content.length;
  }

  read(start: number, max: number): Uint8Array {
    return this.#content.subarray(start, start + max);
  }
}
