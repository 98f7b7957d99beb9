import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { Glue } from "./glue.js";

/** All entries together may take this many bytes; the ones unused for longest go first. An entry takes about 1 MB. */
const MAX_BYTES = 256 * 1024 * 1024;

/** A temporary file this old belongs to a process that died while it wrote. */
const STALE_MS = 60 * 60 * 1000;

/**
 * The XDG base directory specification: the variable is ignored unless it is an absolute path. A user without a home
 * (in a container, say) has no cache.
 */
export function defaultCacheDirectory(): string | undefined {
  const configured = process.env.XDG_CACHE_HOME;
  const base = configured && isAbsolute(configured) ? configured : join(homeDirectory(), ".cache");
  return isAbsolute(base) ? join(base, "component-init", "glue") : undefined;
}

/** Node throws for a user that the system does not know, and takes a variable `HOME` of any form. */
function homeDirectory(): string {
  try {
    return homedir();
  } catch {
    return "";
  }
}

/**
 * Glue on disk, one file an entry: the hash of the rest, a line break, the glue as JSON. A damaged entry is as good as
 * none. Files appear by renaming, so processes that run at once never see half of one. A cache that cannot be read
 * or written costs time, never the result.
 */
export class GlueCache {
  constructor(
    private readonly directory: string | undefined = defaultCacheDirectory(),
    private readonly maxBytes: number = MAX_BYTES,
  ) {}

  async read(key: string): Promise<Glue | undefined> {
    if (this.directory === undefined) return undefined;
    const path = pathOf(this.directory, key);
    try {
      const entry = await readFile(path);
      const end = entry.indexOf(0x0a);
      const body = entry.subarray(end + 1);
      if (end < 0 || entry.subarray(0, end).toString("latin1") !== hash(body)) return undefined;
      const now = new Date();
      await utimes(path, now, now).catch(() => undefined);
      return JSON.parse(body.toString("utf8")) as Glue;
    } catch {
      return undefined;
    }
  }

  async write(key: string, glue: Glue): Promise<void> {
    const { directory } = this;
    if (directory === undefined) return;
    const body = Buffer.from(JSON.stringify(glue));
    const temporary = join(directory, `${key}.${randomUUID()}.tmp`);
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeFile(temporary, Buffer.concat([Buffer.from(`${hash(body)}\n`), body]), { mode: 0o600, flag: "wx" });
      await rename(temporary, pathOf(directory, key));
      await this.evict(directory);
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  private async evict(directory: string): Promise<void> {
    const files = await list(directory);
    let total = files.reduce((sum, file) => sum + file.size, 0);
    for (const file of files.sort((a, b) => a.usedAt - b.usedAt)) {
      const isTemporary = file.path.endsWith(".tmp");
      // A younger one is another process's, which writes it right now.
      const goes = isTemporary ? Date.now() - file.usedAt > STALE_MS : total > this.maxBytes;
      if (!goes) continue;
      await rm(file.path, { force: true });
      total -= file.size;
    }
  }
}

function pathOf(directory: string, key: string): string {
  return join(directory, `${key}.json`);
}

async function list(directory: string): Promise<{ path: string; size: number; usedAt: number }[]> {
  const names = await readdir(directory);
  const files = await Promise.all(
    names.map(async (name) => {
      const path = join(directory, name);
      // Another process may remove it meanwhile.
      const found = await stat(path).catch(() => undefined);
      return found?.isFile() ? [{ path, size: found.size, usedAt: found.mtimeMs }] : [];
    }),
  );
  return files.flat();
}

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
