import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join, posix } from "node:path";
import { ComponentInitError } from "../errors.js";
import type { Dlopen } from "../link/libdl.js";
import { type LibraryInput, readDylink } from "../link/library.js";
import { reason } from "../reason.js";
import type { SourceDirectory } from "../wasi/filesystem/source.js";
import { UsageError } from "./failure.js";
import { ARCHIVE_NAME, parseIfText } from "./files.js";

/** A file with a library, an archive or a directory of them. */
export interface LibraryFile {
  readonly path: string;
  /** What it is called; for an archive or directory what comes before the paths in it. */
  readonly name?: string;
  readonly dlOpenable?: boolean;
}

/** `FILE` or `NAME=FILE`. */
export function parseLibrary(option: string, text: string, dlOpenable: boolean): LibraryFile {
  const [, name, path = ""] = /^(?:([^=]*)=)?(.*)$/s.exec(text) ?? [];
  if (path === "" || name === "") throw new UsageError(`${option} ${text}: FILE or NAME=FILE is expected`);
  return { path, ...(name !== undefined && { name }), dlOpenable };
}

/** @throws UsageError */
export function parseDlopen(label: string, text: string): Dlopen {
  if (text === "linked" || text === "init") return text;
  throw new UsageError(`${label} must be linked or init, not ${text}`);
}

/** What the options `--lib` and `--dl-openable` name, in this order: symbols are searched in it. */
export function librariesOf(libraries: readonly string[], openable: readonly string[]): LibraryFile[] {
  return [
    ...libraries.map((text) => parseLibrary("--lib", text, false)),
    ...openable.map((text) => parseLibrary("--dl-openable", text, true)),
  ];
}

/** `FILE` or `NAME=FILE`; without a name it is the file's up to the first dot, as for wasm-tools. */
export function adaptersOf(texts: readonly string[]): Record<string, string> {
  const adapters = new Map<string, string>();
  for (const text of texts) {
    const { path, name = basename(path).replace(/\..*$/s, "") } = parseLibrary("--adapt", text, false);
    if (adapters.has(name)) throw new UsageError(`--adapt gives the adapter ${name} more than once`);
    adapters.set(name, path);
  }
  return Object.fromEntries(adapters);
}

export interface Found extends LibraryInput {
  /** The directory that it was found in, for `$ORIGIN` in its runtime path. */
  readonly origin: string | undefined;
}

/**
 * Reads libraries, and those that they need and that are in one of the directories or in their own runtime path.
 *
 * @throws ComponentInitError
 */
export async function collectLibraries(files: readonly LibraryFile[], searchPath: readonly string[]): Promise<Found[]> {
  const found = await readAll(files);
  // Of a library in a directory or archive others know the file's name.
  const names = new Set(found.flatMap(({ name }) => [name, posix.basename(name)]));
  for (const library of found) {
    const { needed = [], runtimePath = [] } = readDylink(library) ?? {};
    const directories = [...searchPath, ...runtimePath.flatMap((path) => expandOrigin(path, library.origin))];
    for (const name of needed) {
      if (names.has(name)) continue;
      const other = await search(name, directories);
      if (other === undefined) continue;
      names.add(name);
      // What is found may need others in turn.
      found.push(other);
    }
  }
  return found;
}

/** Reads libraries and nothing that they need. */
export async function readAll(files: readonly LibraryFile[]): Promise<Found[]> {
  return (await Promise.all(files.map(read))).flat();
}

/** Libraries by the names that programs open them by. */
export async function namedLibraries(files: readonly LibraryFile[]): Promise<Record<string, Uint8Array>> {
  const libraries = new Map<string, Uint8Array>();
  for (const { name, bytes } of await readAll(files)) {
    if (libraries.has(name)) throw new UsageError(`two libraries can be opened by the name ${name} (--dl-openable)`);
    libraries.set(name, bytes);
  }
  return Object.fromEntries(libraries);
}

/** `$ORIGIN` and `${ORIGIN}` at the start of a path, and not in a longer name. */
const ORIGIN = /^\$(ORIGIN(?!\w)|\{ORIGIN\})/;

function expandOrigin(path: string, origin: string | undefined): string[] {
  const [found] = ORIGIN.exec(path) ?? [];
  if (found === undefined) return [path];
  return origin === undefined ? [] : [origin + path.slice(found.length)];
}

/**
 * Libraries say what they need, and who wrote them is not who links them: only files right in a directory are looked at, and no
 * devices or pipes, which would be read without end.
 */
async function search(name: string, directories: readonly string[]): Promise<Found | undefined> {
  if (/[/\\]/.test(name)) return undefined;
  for (const directory of directories) {
    const path = join(directory, name);
    const found = await stat(path).catch(() => undefined);
    if (!found?.isFile()) continue;
    return { name, bytes: await readFile(path).catch((cause) => fail(path, cause)), origin: directory };
  }
  return undefined;
}

async function read(file: LibraryFile): Promise<Found[]> {
  const { path, dlOpenable = false } = file;
  const found = await stat(path).catch((cause) => fail(path, cause));
  if (found.isDirectory()) return readDirectory(file);
  if (ARCHIVE_NAME.test(path)) return readArchive(file);
  const bytes = await readFile(path).catch((cause) => fail(path, cause));
  const binary = await parseIfText(bytes, path);
  return [{ name: file.name ?? basename(path), bytes: binary, dlOpenable, origin: dirname(path) }];
}

async function readDirectory({ path, name, dlOpenable = false }: LibraryFile): Promise<Found[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => isLibrary(entry.name) && (entry.isFile() || entry.isSymbolicLink()));
  const files = paths.map((entry) => join(entry.parentPath, entry.name).slice(join(path, "/").length)).sort();
  checkAny(files, path);
  return Promise.all(
    files.map(async (file) => {
      const bytes = await readFile(join(path, file)).catch((cause) => fail(join(path, file), cause));
      return { name: nameIn(file, name, dlOpenable), bytes, dlOpenable, origin: dirname(join(path, file)) };
    }),
  );
}

async function readArchive({ path, name, dlOpenable = false }: LibraryFile): Promise<Found[]> {
  const { loadArchives } = await import("../wasi/index.js");
  const [archive] = await loadArchives([{ archive: path, guest: "/" }]);
  const files = archive !== undefined && "source" in archive ? [...filesIn(archive.source, "")] : [];
  const libraries = files.filter(([file]) => isLibrary(file)).sort(([a], [b]) => (a < b ? -1 : 1));
  checkAny(libraries, path);
  return libraries.map(([file, bytes]) => {
    return { name: nameIn(file, name, dlOpenable), bytes, dlOpenable, origin: undefined };
  });
}

function* filesIn(directory: SourceDirectory, path: string): Generator<[path: string, bytes: Uint8Array]> {
  for (const { name } of directory.list()) {
    const item = directory.lookup(name);
    if (item?.type === "directory") yield* filesIn(item, `${path}${name}/`);
    if (item?.type === "regular-file") yield [`${path}${name}`, item.read(0, item.size)];
  }
}

function isLibrary(file: string): boolean {
  return file.endsWith(".so");
}

function checkAny(files: readonly unknown[], path: string): void {
  if (files.length === 0) throw new ComponentInitError("io", `there is no library (.so) in ${path}`);
}

/** Programs open libraries by path; `needed` has names without directories. */
function nameIn(file: string, prefix: string | undefined, dlOpenable: boolean): string {
  if (prefix !== undefined) return `${prefix}/${file}`;
  return dlOpenable ? file : basename(file);
}

function fail(path: string, cause: unknown): never {
  throw new ComponentInitError("io", `cannot read the library ${path}: ${reason(cause)}`, { cause });
}
