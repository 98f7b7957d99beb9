import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { Glue } from "./glue.js";

/** All entries together may take this many bytes; the ones unused for longest go first. An entry takes about 1 MB. */
const MAX_BYTES = 256 * 1024 * 1024;

/** A temporary file this old belongs to a process that died while it wrote. */
const STALE_MS = 60 * 60 * 1000;

/** The XDG base directory specification: the variable is ignored unless it is an absolute path. */
export function defaultCacheDirectory(): string {
  const configured = process.env.XDG_CACHE_HOME;
  const base = configured && isAbsolute(configured) ? configured : join(homedir(), ".cache");
  return join(base, "component-init", "glue");
}

/**
 * Glue on disk, one file an entry: the hash of the rest, a line break, the glue as JSON. A damaged entry is as good as
 * none. Files appear by renaming, so processes that run at once never see half of one. A cache that cannot be read
 * or written costs time, never the result.
 */
export class GlueCache {
  constructor(
    private readonly directory: string = defaultCacheDirectory(),
    private readonly maxBytes: number = MAX_BYTES,
  ) {}

  async read(key: string): Promise<Glue | undefined> {
    const path = this.pathOf(key);
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
    const body = Buffer.from(JSON.stringify(glue));
    const temporary = join(this.directory, `${key}.${randomUUID()}.tmp`);
    try {
      await mkdir(this.directory, { recursive: true, mode: 0o700 });
      await writeFile(temporary, Buffer.concat([Buffer.from(`${hash(body)}\n`), body]), { mode: 0o600, flag: "wx" });
      await rename(temporary, this.pathOf(key));
      await this.evict();
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  private pathOf(key: string): string {
    return join(this.directory, `${key}.json`);
  }

  private async evict(): Promise<void> {
    const files = await this.list();
    let total = files.reduce((sum, file) => sum + file.size, 0);
    for (const file of files.sort((a, b) => a.usedAt - b.usedAt)) {
      const isStale = file.path.endsWith(".tmp") && Date.now() - file.usedAt > STALE_MS;
      if (total <= this.maxBytes && !isStale) continue;
      await rm(file.path, { force: true });
      total -= file.size;
    }
  }

  private async list(): Promise<{ path: string; size: number; usedAt: number }[]> {
    const names = await readdir(this.directory);
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(this.directory, name);
        // Another process may remove it meanwhile.
        const found = await stat(path).catch(() => undefined);
        return found?.isFile() ? [{ path, size: found.size, usedAt: found.mtimeMs }] : [];
      }),
    );
    return files.flat();
  }
}

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
