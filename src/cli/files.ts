import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import { ComponentInitError } from "../errors.js";

function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return "it does not exist";
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  if (code === "EISDIR") return "it is a directory";
  if (code === "ENOTDIR") return "a part of its path is not a directory";
  if (code === "ENOSPC") return "the disk is full";
  return error instanceof Error ? error.message : String(error);
}

/** A file's contents; `-` is standard input. */
export async function readInput(path: string): Promise<Uint8Array> {
  try {
    return path === "-" ? await buffer(process.stdin) : await readFile(path);
  } catch (cause) {
    throw new ComponentInitError("io", `cannot read ${path}: ${reason(cause)}`, { cause });
  }
}

/** WebAssembly text is parsed; anything else is returned as it is. */
export async function parseIfText(bytes: Uint8Array, path: string): Promise<Uint8Array> {
  if (!looksLikeText(bytes)) return bytes;
  const { parse } = await import("@bytecodealliance/jco-transpile/wasm-tools");
  try {
    return await parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    const message = (cause as { payload?: string }).payload ?? (cause instanceof Error ? cause.message : String(cause));
    throw new ComponentInitError("malformed", `${path} is not valid WebAssembly text: ${message.trim()}`, { cause });
  }
}

/** Text starts with a parenthesis, after white space and comments. */
function looksLikeText(bytes: Uint8Array): boolean {
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 4096)).trimStart();
  return start.startsWith("(") || start.startsWith(";;");
}

/**
 * Writes a file so that at any moment there is either the old one or the whole new one. `-` is standard output.
 *
 * @param chunks - The contents in order; they are written without being joined.
 */
export async function writeOutput(path: string, chunks: readonly Uint8Array[]): Promise<void> {
  if (path === "-") {
    for (const chunk of chunks) {
      await new Promise<void>((done, fail) => process.stdout.write(chunk, (error) => (error ? fail(error) : done())));
    }
    return;
  }
  const target = resolve(path);
  const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}.tmp`);
  const removeOnSignal = () => rmSync(temporary, { force: true });
  process.once("exit", removeOnSignal);
  try {
    await writeChunks(temporary, chunks, await modeOf(target));
    await rename(temporary, target);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new ComponentInitError("io", `cannot write ${path}: ${reason(cause)}`, { cause });
  } finally {
    process.removeListener("exit", removeOnSignal);
  }
}

/** A replaced file keeps its permissions. */
async function modeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? 0o666 : found.mode & 0o777;
}

/** The limit of one `writev` on Linux and macOS. */
const MAX_VECTORS = 1024;

async function writeChunks(path: string, chunks: readonly Uint8Array[], mode: number): Promise<void> {
  const file = await open(path, "wx", mode);
  try {
    for (let i = 0; i < chunks.length; i += MAX_VECTORS) await writeAll(file, chunks.slice(i, i + MAX_VECTORS));
  } finally {
    await file.close();
  }
}

type FileHandle = Awaited<ReturnType<typeof open>>;

/** `writev` may write less than it was given (never more than 2 GiB at once). */
async function writeAll(file: FileHandle, chunks: readonly Uint8Array[]): Promise<void> {
  let rest = [...chunks];
  while (rest.length > 0) {
    let { bytesWritten } = await file.writev(rest);
    while (rest.length > 0 && bytesWritten >= (rest[0] as Uint8Array).length) {
      bytesWritten -= (rest[0] as Uint8Array).length;
      rest = rest.slice(1);
    }
    if (rest.length > 0) rest[0] = (rest[0] as Uint8Array).subarray(bytesWritten);
  }
}
