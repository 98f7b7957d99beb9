import { Activity } from "./activity.js";
import { type CliOptions, createCli } from "./cli.js";
import { createMonotonicClock, createTimezone, createWallClock } from "./clocks.js";
import type { HostContext } from "./context.js";
import { type DeterminismOptions, type DeterminismSettings, determinismOf } from "./determinism.js";
import type { FileRead } from "./filesystem/file-read.js";
import { createFilesystem, type Preopen } from "./filesystem/filesystem.js";
import { type HandleDescription, HandleTracker, type LiveHandle } from "./handles.js";
import { IoError } from "./io-error.js";
import { createNoNetwork } from "./no-network.js";
import { createPoll } from "./poll.js";
import { createInsecureRandom, createInsecureSeed, createRandom } from "./random.js";
import { RealTimeline } from "./real-timeline.js";
import { InputStream, OutputStream } from "./streams.js";
import { DEFAULT_TIME, Timeline } from "./timeline.js";

export { GuestExit } from "./cli.js";
export type { DeterminismOptions } from "./determinism.js";
export type { FileRead } from "./filesystem/file-read.js";
export type { Preopen } from "./filesystem/filesystem.js";
export type { HandleDescription, LiveHandle } from "./handles.js";

export interface WasiOptions extends CliOptions, DeterminismOptions {
  /** Host directories, read-only, and the paths under which the guest finds them. */
  readonly preopens: readonly Preopen[];
}

export interface WasiHost {
  /** What jco's glue imports, by the interface's name without its version. */
  readonly imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** The handles that the guest was given and has not dropped, oldest first. */
  liveHandles(): LiveHandle[];
  /** What a handle that the guest has stands for. */
  describeHandle(resource: object): HandleDescription | undefined;
  readonly activity: Readonly<Activity>;
  /** In the order in which the guest came to them. */
  readonly filesRead: readonly FileRead[];
}

/**
 * A WASI 0.2 host in memory. All that a guest can learn from it follows from the options and the contents of the
 * preopens; nothing that a guest does through it has an effect other than `onOutput`.
 */
export function createWasi(options: WasiOptions): WasiHost {
  return createWasiWith(options, determinismOf(options));
}

export function createWasiWith(options: WasiOptions, { time, seed }: DeterminismSettings): WasiHost {
  const handles = new HandleTracker();
  const activity = new Activity();
  const filesRead: FileRead[] = [];
  const context: HostContext = { handles, timeline: time === "real" ? new RealTimeline() : new Timeline(time) };
  // The real clock is for programs. The times of files would make every output another one for nothing.
  const fileTime = (time === "real" ? DEFAULT_TIME : time).wallStart;
  const filesystem = createFilesystem(context, options.preopens, fileTime, filesRead);
  return {
    imports: {
      ...createCli(context, options, activity),
      ...filesystem,
      "wasi:filesystem/preopens": notingPreopens(filesystem["wasi:filesystem/preopens"], activity),
      ...createNoNetwork(context),
      "wasi:clocks/monotonic-clock": createMonotonicClock(context, activity),
      "wasi:clocks/wall-clock": createWallClock(context, activity),
      "wasi:clocks/timezone": createTimezone(),
      "wasi:io/error": { Error: IoError },
      "wasi:io/poll": createPoll(context),
      "wasi:io/streams": { InputStream, OutputStream },
      "wasi:random/random": createRandom(seed, activity),
      "wasi:random/insecure": createInsecureRandom(seed, activity),
      "wasi:random/insecure-seed": createInsecureSeed(seed, activity),
    },
    liveHandles: () => handles.list(),
    describeHandle: (resource) => handles.describe(resource),
    activity,
    filesRead,
  };
}

function notingPreopens<T>({ getDirectories }: { getDirectories: () => T }, activity: Activity) {
  return {
    getDirectories: (): T => {
      activity.preopensListed = true;
      return getDirectories();
    },
  };
}
