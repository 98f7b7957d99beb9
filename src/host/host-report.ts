import { guestPathOf } from "../wasi/filesystem/preopens.js";
import type { FileRead } from "../wasi/filesystem/read-log.js";
import { DEFAULT_WRITE_LIMIT } from "../wasi/filesystem/space.js";
import type { WasiHost, WasiOptions } from "../wasi/index.js";
import { type NetworkActivity, networkWarnings } from "../wasi/network/activity.js";
import type { Hint } from "./hints.js";
import type { Refusals, RefusedImport } from "./refusals.js";

/** What of its host the guest used while it initialized: all that the output can depend on besides the input. */
export interface HostReport {
  readonly environment: {
    /** Whether the guest asked for its variables, which it gets all at once. */
    readonly read: boolean;
    /** The names of those that it was given. */
    readonly granted: readonly string[];
  };
  readonly random: "seeded" | "real";
  readonly randomBytes: number;
  readonly clock: "virtual" | "real";
  /** How often the guest asked for the time. */
  readonly clockQueries: number;
  /** Imports that were not granted and that answered with an error, which the guest got over. */
  readonly refused: readonly RefusedImport[];
  /** Files of the preopens that the guest read, by path. */
  readonly filesRead: readonly FileRead[];
  /** What the guest asked of the network; absent unless it had one. */
  readonly network?: readonly NetworkActivity[];
}

export function hostReport(
  options: WasiOptions,
  { activity, files }: WasiHost,
  refusals: Refusals,
  network?: readonly NetworkActivity[],
): HostReport {
  return {
    environment: { read: activity.environmentRead, granted: Object.keys(options.env) },
    random: options.random ?? "seeded",
    randomBytes: activity.randomBytes,
    clock: options.clock === "real" ? "real" : "virtual",
    clockQueries: activity.clockQueries,
    refused: refusals.list(),
    filesRead: files.filesRead(),
    ...(network && { network }),
  };
}

/** What programs say that did not find a file. */
const FILES =
  /\b(no such|not found|cannot find|ENO\w+|EBADF)\b|NotFound|capabilit|pre-?open|director|folder|\b(files?|path|open|load|read)/i;

/** ... or a variable, which many call in capitals. */
const VARIABLES = /\benv\b|[Ee]nviron|NotPresent|\b(not|un|be) ?set\b|\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b/;

/** ... or room for what they write. */
const SPACE = /space|ENOSPC|quota|disk|full|writ(e|ing)|sav(e|ing)|creat/i;

/**
 * For whoever wonders why an initialization failed: what it asked for, and was told that there is none.
 *
 * @param refusals - What it found and could not change was not missing.
 */
export function ungranted(
  { env, preopens, maxWritten }: WasiOptions,
  { activity, hasReadFiles, isFull }: WasiHost,
  refusals: Refusals,
): Hint[] {
  const hints: Hint[] = [];
  const add = (subject: RegExp, line: string) => void hints.push({ lines: [line], subject });
  if (activity.preopensListed && preopens.length === 0) {
    add(FILES, "the guest asked for directories, and none is granted (--dir HOST::GUEST)");
  } else if (activity.preopensListed && !hasReadFiles() && !refusals.hasReadOnly) {
    // A libc that finds no directory for a path does not ask the host for it.
    const paths = preopens.map(guestPathOf).join(", ");
    add(FILES, `the guest asked for directories, and read no file in those that it got: ${paths} (--dir HOST::GUEST)`);
  }
  if (activity.environmentRead && Object.keys(env).length === 0) {
    add(VARIABLES, "the guest asked for environment variables, and none is granted (--env NAME=VALUE)");
  }
  if (isFull())
    add(SPACE, `the guest wanted to write more than ${maxWritten ?? DEFAULT_WRITE_LIMIT} bytes (--max-written)`);
  return hints;
}

/** What makes the output another one in every run, or the same where it should not be. */
export function hostWarnings(report: HostReport): string[] {
  return [...randomWarnings(report), ...networkWarnings(report.network)];
}

function randomWarnings({ random, randomBytes }: HostReport): string[] {
  if (random !== "real" || randomBytes === 0) return [];
  const drawn = `${randomBytes} random byte${randomBytes === 1 ? "" : "s"}`;
  return [`initialization drew ${drawn}, which every instance of the output shares: nothing secret may come from them`];
}
