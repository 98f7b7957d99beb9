import { closeSync, openSync, writeSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { ComponentInitError } from "../errors.js";
import type { HostCall } from "../host/trace.js";
import { reason } from "../reason.js";
import { toVisibleJson } from "../visible.js";
import { UsageError } from "./failure.js";
import { isSameFile, placeOf } from "./files.js";

/** A line of JSON for each call, in the file as soon as the call has returned: whatever happens then, it stays. */
export class TraceFile {
  private constructor(
    private readonly path: string,
    private readonly file: number,
  ) {}

  /**
   * Starts the file anew.
   *
   * @param others - files that must not be overwritten
   * @param mounts - directories of the guest, which could replace a trace in one of them, or read it
   */
  static async open(path: string, others: readonly string[], mounts: readonly string[]): Promise<TraceFile> {
    if (path === "-") throw new UsageError("--trace needs a file: standard output is for the component or the report");
    for (const other of others) {
      if (other !== "-" && (await isSameFile(path, other))) {
        throw new UsageError(`--trace ${path} is the same file as ${other}, which it would overwrite`);
      }
    }
    for (const mount of mounts) {
      if (await isInside(path, mount)) {
        throw new UsageError(`--trace ${path} is in ${mount}, where the guest could get at it: write it elsewhere`);
      }
    }
    return new TraceFile(
      path,
      attempt(path, () => openSync(path, "w")),
    );
  }

  readonly write = (call: HostCall): void => {
    attempt(this.path, () => writeSync(this.file, `${toVisibleJson(call)}\n`));
  };

  close(): void {
    closeSync(this.file);
  }
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const why = isMissing ? `there is no directory ${dirname(path)}` : reason(cause);
    throw new ComponentInitError("io", `cannot write the trace ${path}: ${why}`, { cause });
  }
}

async function isInside(path: string, directory: string): Promise<boolean> {
  const real = await realpath(path).catch(() => placeOf(path));
  return real.startsWith(join(await realpath(directory).catch(() => resolve(directory)), "/"));
}
