import { randomUUID } from "node:crypto";
import { constants, rmSync } from "node:fs";
import { access, open, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import { ComponentInitError } from "../errors.js";
import { isText } from "../file-kind.js";
import { reason } from "../reason.js";
import { UsageError } from "./failure.js";
import { isTerminal, MAX_WRITTEN, writeBytes } from "./terminal.js";

/** What stands for a file in messages. */
export function displayName(path: string, role: "input" | "output"): string {
  return path === "-" ? `standard ${role}` : path;
}

/** A file's contents; `-` is standard input. */
export async function readInput(path: string): Promise<Uint8Array> {
  try {
    return path === "-" ? await buffer(process.stdin) : await readFile(path);
  } catch (cause) {
    throw new ComponentInitError("io", `cannot read ${displayName(path, "input")}: ${reason(cause)}`, { cause });
  }
}

/** An error about what an input holds, with its name. */
export function withInputName(error: unknown, path: string): unknown {
  if (!(error instanceof ComponentInitError)) return error;
  const name = displayName(path, "input");
  const { code, message, details } = error;
  const named = { cause: error, details };
  if (code === "not-a-component") return new ComponentInitError(code, message.replace(/^the input\b/, name), named);
  return code === "malformed" ? new ComponentInitError(code, `${name}: ${message}`, named) : error;
}

/** The contents of files by name, text assembled. */
export async function readNamed(files: Readonly<Record<string, string>>): Promise<Record<string, Uint8Array>> {
  const read = async ([name, path]: [string, string]) =>
    [name, await parseIfText(await readInput(path), path)] as const;
  return Object.fromEntries(await Promise.all(Object.entries(files).map(read)));
}

/** What archives are called; what they are is told by what they hold. */
export const ARCHIVE_NAME = /\.(tar|tar\.gz|tgz|tar\.zst|tzst)$/;

/** A directory that the guest is to see must be there before the work starts. */
export async function checkDirectory(path: string, isWritten: boolean): Promise<void> {
  const found = await stat(path).catch((cause) => {
    // As Docker writes it; a name with a colon is rare.
    const colon = /[^:]:[^:]/.test(path) && !/^[A-Za-z]:/.test(path) ? " (HOST::GUEST has two colons)" : "";
    throw new ComponentInitError("io", `cannot preopen the directory ${path}: ${reason(cause)}${colon}`, { cause });
  });
  if (!found.isDirectory()) {
    const tar = found.isFile() && ARCHIVE_NAME.test(path) ? " (--tar is for archives)" : "";
    throw new ComponentInitError("io", `cannot preopen ${path}: it is not a directory${tar}`);
  }
  if (!isWritten) return;
  await access(path, constants.W_OK | constants.X_OK).catch((cause) => {
    throw new ComponentInitError("io", `cannot preopen the directory ${path} with rw: ${reason(cause)}`, { cause });
  });
}

export async function checkArchive(path: string): Promise<void> {
  const fail = (why: string, cause?: unknown) => {
    throw new ComponentInitError("io", `cannot mount the archive ${path}: ${why}`, { cause });
  };
  const found = await stat(path).catch((cause) => fail(reason(cause), cause));
  if (found?.isDirectory()) fail("it is a directory (--dir is for those)");
  if (!found?.isFile()) fail("it is not a file");
  await access(path, constants.R_OK).catch((cause) => fail(reason(cause), cause));
}

/** WebAssembly text is parsed; anything else is returned as it is. */
export async function parseIfText(bytes: Uint8Array, path: string): Promise<Uint8Array> {
  if (!isText(bytes) || !looksLikeWat(bytes)) return bytes;
  const { parse } = await import("#wasm-tools");
  try {
    // A byte order mark is none of the text.
    return await parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    const why = describeTextError(cause);
    const message = `${displayName(path, "input")} is not valid WebAssembly text: ${why}`;
    throw new ComponentInitError("malformed", message, { cause });
  }
}

/** wasm-tools' error comes as Rust shows its fields: `... line: 0, col: 12, ... kind: Custom("expected ...") ...`. */
function describeTextError(error: unknown): string {
  const payload = (error as { payload?: unknown }).payload;
  const text = typeof payload === "string" ? payload : error instanceof Error ? error.message : String(error);
  const place = /\bline: (\d+), col: (\d+)/.exec(text);
  const quoted = /\bkind: Custom\(("(?:[^"\\]|\\.)*")\)/.exec(text)?.[1]?.replaceAll("\\'", "'");
  const token = /\bkind: Lex\((\w+)/
    .exec(text)?.[1]
    ?.replace(/\B[A-Z]/g, " $&")
    .toLowerCase();
  const what = quoted !== undefined ? unquote(quoted) : (token ?? text.trim());
  if (place === null) return what;
  return `${what} (line ${Number(place[1]) + 1}, column ${Number(place[2]) + 1})`;
}

function unquote(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    return text;
  }
}

/** It starts with a parenthesis, after white space and comments. */
function looksLikeWat(bytes: Uint8Array): boolean {
  const start = new TextDecoder().decode(bytes.subarray(0, 4096)).trimStart();
  return start.startsWith("(") || start.startsWith(";;");
}

/**
 * Finds out before the work starts whether its result can be written.
 *
 * @param inputs - files that must not be replaced
 */
export async function checkOutput(path: string, inputs: readonly string[]): Promise<void> {
  if (path === "-") {
    if (!isTerminal("stdout")) return;
    throw new UsageError("-o - would write binary data to the terminal: redirect it, or name a file");
  }
  const found = await stat(path).catch(() => undefined);
  for (const input of found === undefined ? [] : inputs) {
    const other = input === "-" ? undefined : await stat(input).catch(() => undefined);
    if (found?.isFile() && other?.dev === found.dev && other.ino === found.ino) {
      throw new UsageError(`the output ${path} is the same file as the input ${input}, which is never changed`);
    }
  }
  const fail = (why: string, cause?: unknown) => {
    throw new ComponentInitError("io", `cannot write ${path}: ${why}`, { cause });
  };
  const failFor = (directory: string, cause: unknown) =>
    fail(
      isMissing(cause) ? `there is no directory ${directory}` : `the directory ${directory}: ${reason(cause)}`,
      cause,
    );
  if (found?.isDirectory()) fail("it is a directory (name a file in it)");
  if (found !== undefined) await access(path, constants.W_OK).catch((cause) => fail(reason(cause), cause));
  if (found !== undefined && !found.isFile()) return;
  const { directory } = await targetOf(path);
  const parent = await stat(directory).catch((cause) => failFor(directory, cause));
  if (!parent?.isDirectory()) fail(`${directory} is not a directory`);
  const allowed = constants.W_OK | constants.X_OK;
  await access(directory, allowed).catch((cause) => failFor(directory, cause));
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}

/** Where a file really is: a symbolic link stays, and what it points to is replaced. */
async function targetOf(path: string): Promise<{ target: string; directory: string }> {
  const target = await realpath(path).catch(() => resolve(path));
  return { target, directory: dirname(target) };
}

/**
 * Writes a file so that at any moment there is either the old one or the whole new one. `-` is standard output.
 * Devices and pipes are written to, not replaced.
 *
 * @param chunks - The contents in order; they are written without being joined.
 */
export async function writeOutput(path: string, chunks: readonly Uint8Array[]): Promise<void> {
  try {
    if (path === "-") return await writeBytes(chunks);
    const existing = await stat(path).catch(() => undefined);
    if (existing === undefined || existing.isFile()) await replaceFile(path, chunks, existing?.mode);
    else await writeChunks(await open(path, "w"), chunks);
  } catch (cause) {
    throw new ComponentInitError("io", `cannot write ${displayName(path, "output")}: ${reason(cause)}`, { cause });
  }
}

/** @param mode - the permissions of the file that is there, which its successor gets too */
async function replaceFile(path: string, chunks: readonly Uint8Array[], mode: number | undefined): Promise<void> {
  const { target, directory } = await targetOf(path);
  const temporary = join(directory, `.component-init-${randomUUID()}.tmp`);
  const endWatch = removeOnSignal(temporary);
  try {
    const file = await open(temporary, "wx", 0o666);
    await writeChunks(file, chunks, mode);
    await rename(temporary, target);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw cause;
  } finally {
    endWatch();
  }
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Removes a file when a signal ends the process. Only while there is one: a handler would keep a signal from ending a
 * guest that never returns.
 */
function removeOnSignal(path: string): () => void {
  const onSignal = (signal: NodeJS.Signals) => {
    rmSync(path, { force: true });
    end();
    process.kill(process.pid, signal);
  };
  const end = () => {
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return end;
}

/** The limit of one `writev` on Linux and macOS. */
const MAX_VECTORS = 1024;

async function writeChunks(file: FileHandle, chunks: readonly Uint8Array[], mode?: number): Promise<void> {
  try {
    // Not when the file is made, because the process's umask would take from it.
    if (mode !== undefined) await file.chmod(mode & 0o777);
    for (let i = 0; i < chunks.length; i += MAX_VECTORS) await writeAll(file, chunks.slice(i, i + MAX_VECTORS));
  } finally {
    await file.close();
  }
}

type FileHandle = Awaited<ReturnType<typeof open>>;

/** `writev` may write less than it was given. */
async function writeAll(file: FileHandle, chunks: readonly Uint8Array[]): Promise<void> {
  let rest = [...chunks];
  while (rest.length > 0) {
    let { bytesWritten } = await file.writev(firstBytes(rest, MAX_WRITTEN));
    while (rest.length > 0 && bytesWritten >= (rest[0] as Uint8Array).length) {
      bytesWritten -= (rest[0] as Uint8Array).length;
      rest = rest.slice(1);
    }
    if (rest.length > 0) rest[0] = (rest[0] as Uint8Array).subarray(bytesWritten);
  }
}

function firstBytes(chunks: readonly Uint8Array[], count: number): Uint8Array[] {
  const first: Uint8Array[] = [];
  let room = count;
  for (const chunk of chunks) {
    if (room === 0) break;
    first.push(chunk.subarray(0, room));
    room -= Math.min(room, chunk.length);
  }
  return first;
}

/** Also of files that do not exist yet. Devices and pipes are not overwritten. */
export async function isSameFile(path: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([path, other].map((one) => stat(one).catch(() => undefined)));
  if (a !== undefined && b !== undefined) return a.isFile() && a.dev === b.dev && a.ino === b.ino;
  const [place, otherPlace] = await Promise.all([placeOf(path), placeOf(other)]);
  return a === b && place === otherPlace;
}

export async function placeOf(path: string): Promise<string> {
  const directory = dirname(resolve(path));
  return join(await realpath(directory).catch(() => directory), basename(path));
}
