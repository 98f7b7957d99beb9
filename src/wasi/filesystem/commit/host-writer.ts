import {
  closeSync,
  constants,
  fchmodSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { getSystemErrorMap } from "node:util";
import type { Enclosure } from "../enclosure.js";
import { isSystemError } from "../error-code.js";
import type { FileContent } from "../file-content.js";
import type { NodeTimes, RequestedTime } from "../times.js";
import { HostEntry } from "./host-entry.js";

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

/**
 * Changes directories of the host, each step within the directory that it is meant for, whatever has been put in its
 * place meanwhile. Every step but `remove` can be undone.
 */
export class HostWriter {
  readonly #within: Enclosure;
  readonly #undo: (() => void)[] = [];

  constructor(within: Enclosure) {
    this.#within = within;
  }

  /** Takes all back, the last step first; says of what it could not take back where it is. */
  revert(): string[] {
    return this.#undo
      .splice(0)
      .reverse()
      .flatMap((undo) => {
        try {
          undo();
          return [];
        } catch (error) {
          return [error instanceof Error ? error.message : String(error)];
        }
      });
  }

  rename(entry: HostEntry, parent: HostEntry, name: string): void {
    const origin = new HostEntry(entry.parent, entry.name);
    const target = new HostEntry(parent, name);
    // It would replace what has come there since the guest looked.
    const found = this.#use(target, (path) => lstatSync(path, { throwIfNoEntry: false }));
    if (found !== undefined) throw new Error(`there is by now something at ${target.path}`);
    this.#move(entry, target);
    this.#undo.push(() => this.#move(entry, origin));
  }

  /** @param mode - The permissions of the file that it is to replace. */
  writeFile(parent: HostEntry, name: string, content: FileContent, mode: number | undefined): HostEntry {
    const entry = new HostEntry(parent, name);
    this.#use(entry, (path) => {
      const fd = openSync(path, CREATE, 0o666);
      this.#undo.push(() => this.remove(entry, false));
      try {
        copyTo(fd, content);
        // Not when it is made, because the process's umask would take from it.
        if (mode !== undefined) fchmodSync(fd, mode & 0o777);
      } finally {
        closeSync(fd);
      }
    });
    return entry;
  }

  makeDirectory(parent: HostEntry, name: string): HostEntry {
    const entry = new HostEntry(parent, name);
    this.#use(entry, (path) => mkdirSync(path));
    this.#undo.push(() => this.remove(entry, true));
    return entry;
  }

  makeSymlink(parent: HostEntry, name: string, target: string): HostEntry {
    const entry = new HostEntry(parent, name);
    this.#use(entry, (path) => symlinkSync(target, path));
    this.#undo.push(() => this.remove(entry, false));
    return entry;
  }

  makeLink(existing: HostEntry, parent: HostEntry, name: string): void {
    const entry = new HostEntry(parent, name);
    this.#use(existing, (from) => this.#use(entry, (to) => linkSync(from, to)));
    this.#undo.push(() => this.remove(entry, false));
  }

  setTimes(entry: HostEntry, { access, modification }: NodeTimes["requested"]): void {
    const { atime, mtime } = this.#use(entry, (path) => lstatSync(path));
    this.#use(entry, (path) => lutimesSync(path, toDate(access) ?? atime, toDate(modification) ?? mtime));
    this.#undo.push(() => this.#use(entry, (path) => lutimesSync(path, atime, mtime)));
  }

  modeOf(entry: HostEntry): number {
    return this.#use(entry, (path) => lstatSync(path).mode);
  }

  list(entry: HostEntry): string[] {
    return this.#within(entry.path, (place) => readdirSync(place));
  }

  /** For good. A directory must be empty. */
  remove(entry: HostEntry, isDirectory: boolean): void {
    this.#use(entry, (path) => (isDirectory ? rmdirSync(path) : unlinkSync(path)));
  }

  #move(entry: HostEntry, target: HostEntry): void {
    this.#use(entry, (from) => this.#use(target, (to) => renameSync(from, to)));
    entry.parent = target.parent;
    entry.name = target.name;
  }

  /** Lets a path be used that leads to the entry, and nowhere else. */
  #use<T>(entry: HostEntry, use: (path: string) => T): T {
    const { parent, name, path } = entry;
    try {
      if (parent === undefined) return this.#within(path, (place) => use(`${place}/.`));
      return this.#within(parent.path, (place) => use(`${place}/${name}`));
    } catch (error) {
      throw isSystemError(error) ? new Error(`${describe(error)}: ${path}`, { cause: error }) : error;
    }
  }
}

/** Node's own message has the path that was used, which says nothing by now. */
function describe({ code, errno }: NodeJS.ErrnoException): string {
  return (errno !== undefined && getSystemErrorMap().get(errno)?.[1]) || String(code);
}

function copyTo(fd: number, content: FileContent): void {
  for (const [start, bytes] of content.pieces()) writeFully(fd, bytes, start);
  ftruncateSync(fd, content.size);
}

function writeFully(fd: number, bytes: Uint8Array, start: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, start + done);
}

function toDate(time: RequestedTime | undefined): Date | undefined {
  if (time === undefined) return undefined;
  return time === "now" ? new Date() : new Date(Number(time.seconds) * 1000 + time.nanoseconds / 1e6);
}
