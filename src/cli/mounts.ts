import type { MountMode } from "../wasi/filesystem/mount.js";
import type { ArchivePreopen, DirectoryPreopen, Preopen } from "../wasi/filesystem/preopens.js";
import { checkPreopens } from "../wasi/filesystem/preopens.js";
import { UsageError } from "./failure.js";
import { checkArchive, checkDirectory } from "./files.js";

/**
 * `HOST[::GUEST]`, as `wasmtime run --dir` takes it, and how the guest may change it. Without `GUEST` the guest sees the
 * path as it was given. What could be a guest path or a mode is a mode: a guest path `rw` is written `./rw`. What
 * follows a guest path is only ever a mode, or a misspelt one would be a strange path that nobody looks for.
 */
export function parseDir(text: string): DirectoryPreopen {
  const { source: host, guest = host, mode } = split("dir", text, "host directory");
  return { host, guest, ...(mode !== undefined && { mode }) };
}

/** `ARCHIVE[::GUEST][::overlay]`. */
export function parseTar(text: string): ArchivePreopen {
  const { source: archive, guest = "/", mode } = split("tar", text, "archive");
  if (mode === "rw")
    throw new UsageError(`--tar ${text}: an archive stays as it is (::overlay keeps changes in memory)`);
  return { archive, guest, ...(mode !== undefined && { mode }) };
}

function split(option: string, text: string, what: string) {
  const mode = /::(ro|rw|overlay)$/.exec(text)?.[1] as MountMode | undefined;
  const rest = mode === undefined ? text : text.slice(0, -mode.length - 2);
  const at = rest.indexOf("::");
  const source = at < 0 ? rest : rest.slice(0, at);
  const guest = at < 0 ? undefined : rest.slice(at + 2);
  if (source === "")
    throw new UsageError(`--${option} ${text}: the ${what} is missing (${what.split(" ")[0]?.toUpperCase()}::GUEST)`);
  if (guest === "")
    throw new UsageError(`--${option} ${text}: the guest path is missing after '::' (write / for the root)`);
  const wrong = /::(.*)$|:(ro|rw|overlay)$/.exec(guest ?? "");
  if (wrong !== null) {
    const modes = option === "tar" ? "::ro or ::overlay" : "::ro, ::rw or ::overlay";
    throw new UsageError(`--${option} ${text}: ${wrong[0]} is no mode (${modes} may follow the guest path)`);
  }
  return { source, guest, mode };
}

/** What the guest is to see must be there, and have places of its own, before the work starts. */
export async function checkMounts(preopens: readonly Preopen[]): Promise<void> {
  checkPreopens(preopens);
  for (const preopen of preopens) {
    if ("host" in preopen) await checkDirectory(preopen.host, preopen.mode === "rw");
    else await checkArchive(preopen.archive);
  }
}
