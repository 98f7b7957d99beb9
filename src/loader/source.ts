import { readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";

/** A file that is not read yet. */
export interface SizedFile {
  readonly size: number;
  /** Of the guest's files: the same by whichever path one was found. */
  readonly identity?: string;
  read(): Uint8Array;
}

/** A library's file. */
export interface FoundFile {
  readonly name: string;
  /** Where the guest has it; what is declared has no path. */
  readonly path: string | undefined;
  readonly size: number;
  readonly identity?: string;
  read(): Uint8Array;
}

export interface LibrarySourceOptions {
  /** Libraries that can be opened by these names. */
  readonly declared: Readonly<Record<string, Uint8Array>>;
  /** A file of the guest's, by an absolute path; `undefined` where there is none. */
  readonly findFile: (path: string) => SizedFile | undefined;
  /** Looks for a library by its name where the user lets it look. */
  readonly search: (name: string) => SizedFile | undefined;
  /** Directories of the guest's that libraries are looked for in: `LD_LIBRARY_PATH`. */
  readonly directories: readonly string[];
  /** All directories that the guest was given. */
  readonly granted?: readonly string[];
}

/** Where libraries come from: what the user has declared, and the guest's own files. */
export class LibrarySource {
  constructor(private readonly options: LibrarySourceOptions) {}

  /** @param directories - the runtime path of who needs it */
  find(name: string, directories: readonly string[]): FoundFile | undefined {
    const { declared, search } = this.options;
    if (Object.hasOwn(declared, name)) return inMemory(name, declared[name] as Uint8Array);
    if (isDirectoryName(name)) return undefined;
    if (name.includes("/")) return this.file(pathOf(name));
    for (const directory of [...directories, ...this.options.directories]) {
      const found = this.file(posix.join(pathOf(directory), name));
      if (found !== undefined) return found;
    }
    const file = search(name);
    return file && { name, path: undefined, size: file.size, read: () => file.read() };
  }

  /** Where a library is whose name has no directory, if it is only not looked for there. */
  elsewhere(name: string): string | undefined {
    if (name === "" || name.includes("/")) return undefined;
    const paths = (this.options.granted ?? []).map((directory) => posix.join(pathOf(directory), name));
    return paths.find((path) => this.options.findFile(path) !== undefined);
  }

  private file(path: string): FoundFile | undefined {
    const file = this.options.findFile(path);
    if (file === undefined) return undefined;
    const { size, identity } = file;
    return {
      name: posix.basename(path),
      path,
      size,
      ...(identity !== undefined && { identity }),
      read: () => file.read(),
    };
  }
}

/** A library that needs not be read. */
export function inMemory(name: string, bytes: Uint8Array): FoundFile {
  return { name, path: undefined, size: bytes.length, read: () => bytes };
}

/** Looks through directories of the host that the user has named. */
export function searchHost(name: string, directories: readonly string[]): SizedFile | undefined {
  // Nothing leads out of them.
  if (name === "" || name === ".." || /[/\\\0]/.test(name)) return undefined;
  for (const directory of directories) {
    const file = plainFile(join(directory, name));
    if (file !== undefined) return file;
  }
  return undefined;
}

/** Nothing where there is none: what the guest asks for need not even be a name that the host has files by. */
function plainFile(path: string): SizedFile | undefined {
  try {
    const stat = statSync(path);
    // A device or pipe would be read without end.
    return stat.isFile() ? { size: stat.size, read: () => readFileSync(path) } : undefined;
  } catch {
    return undefined;
  }
}

/** No file is called so, whatever is there without the end. */
export function isDirectoryName(name: string): boolean {
  return /\/\.{0,2}$/.test(name);
}

/** WASI has no current directory: wasi-libc starts at the root. */
export function pathOf(name: string): string {
  return posix.normalize(posix.join("/", name));
}

/** `$ORIGIN` and `${ORIGIN}` at the start of a path, and not in a longer name. */
const ORIGIN = /^\$(ORIGIN(?!\w)|\{ORIGIN\})/;

/** A library's runtime path, as ld.so reads it. */
export function runtimePath(paths: readonly string[], libraryPath: string | undefined): string[] {
  return paths
    .flatMap((list) => list.split(":"))
    .flatMap((path) => {
      const [origin] = ORIGIN.exec(path) ?? [];
      if (origin === undefined) return path.startsWith("/") ? [path] : [];
      return libraryPath === undefined ? [] : [posix.dirname(libraryPath) + path.slice(origin.length)];
    });
}
