import { Activity } from "./activity.js";
import { type CliOptions, createCli } from "./cli.js";
import { createMonotonicClock, createTimezone, createWallClock } from "./clocks.js";
import type { HostContext } from "./context.js";
import { type DeterminismOptions, type DeterminismSettings, determinismOf } from "./determinism.js";
import { createFilesystem, type FilesystemOptions, type GuestFile, type GuestFiles } from "./filesystem/filesystem.js";
import { type HandleDescription, HandleTracker, type LiveHandle, type Resource } from "./handles.js";
import { IoError } from "./io-error.js";
import type { NetworkHost } from "./network/network.js";
import { createNoNetwork } from "./no-network.js";
import { createPoll } from "./poll.js";
import { createInsecureRandom, createInsecureSeed, createRandom } from "./random.js";
import type { RealTime } from "./real-time.js";
import { RealTimeline } from "./real-timeline.js";
import { bytesSource, InputStream, OutputStream } from "./streams.js";
import { DEFAULT_TIME, Timeline } from "./timeline.js";
import { createWasi03 } from "./wasi03.js";

export { GuestExit } from "./cli.js";
export type { DeterminismOptions } from "./determinism.js";
export { loadArchives } from "./filesystem/archive/load.js";
export type { GuestFile, GuestFiles } from "./filesystem/filesystem.js";
export type { Preopen } from "./filesystem/preopens.js";
export type { HandleDescription, LiveHandle } from "./handles.js";

export interface WasiOptions extends CliOptions, FilesystemOptions, DeterminismOptions {
  /** The network, where the guest may use one. */
  readonly network?: ((context: HostContext) => NetworkHost) | undefined;
  /** Whether it is an adapter between the program and the host that calls at the moment. */
  readonly isAdapterCalling?: () => boolean;
}

export interface WasiHost {
  /** What guests import, by `importKey`: the interface's name without its version, or with `@0.3`. */
  readonly imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** The handles that the guest was given and has not dropped, oldest first. */
  liveHandles(): LiveHandle[];
  /** What a handle that the guest has stands for. */
  describeHandle(resource: object): HandleDescription | undefined;
  /** The handle that was made last, if the guest still has it. */
  latestHandle(): Resource | undefined;
  /** Notes by which file descriptor of preview 1 the guest knows a handle. */
  numberHandle(handle: Resource, fd: number): void;
  readonly activity: Readonly<Activity>;
  /** Whether the guest has read from a file of a mount. */
  hasReadFiles(): boolean;
  /** Whether it wanted to write more than it may. */
  isFull(): boolean;
  readonly files: GuestFiles;
  /** A file of the guest's, by an absolute path; `undefined` where there is none. */
  findFile(path: string): GuestFile | undefined;
  /** What takes real time and may wake a guest that waits. */
  readonly realTime: RealTime | undefined;
}

/**
 * A host of WASI 0.2 and parts of 0.3 in memory. All that a guest can learn from it follows from the options and the
 * contents of the preopens; nothing that a guest does through it has an effect other than `onOutput`, until its files are
 * committed: unless it has a network.
 */
export function createWasi(options: WasiOptions): WasiHost {
  return createWasiWith(options, determinismOf(options));
}

export function createWasiWith(options: WasiOptions, { time, seed }: DeterminismSettings): WasiHost {
  const handles = new HandleTracker(options.isAdapterCalling);
  const activity = new Activity();
  const context: HostContext = { handles, timeline: time === "real" ? new RealTimeline() : new Timeline(time) };
  // The real clock is for programs. The times of files would make every output another one for nothing.
  const fileTime = (time === "real" ? DEFAULT_TIME : time).wallStart;
  const filesystem = createFilesystem(context, options, fileTime);
  const stdin = bytesSource(options.stdin);
  const network = options.network?.(context);
  const wasi02 = {
    ...createCli(context, options, activity, stdin),
    ...filesystem.imports,
    "wasi:filesystem/preopens": notingPreopens(filesystem.imports["wasi:filesystem/preopens"], activity),
    ...(network?.imports ?? createNoNetwork(context)),
    "wasi:clocks/monotonic-clock": createMonotonicClock(context, activity),
    "wasi:clocks/wall-clock": createWallClock(context, activity),
    "wasi:clocks/timezone": createTimezone(),
    "wasi:io/error": { Error: IoError },
    "wasi:io/poll": createPoll(context),
    "wasi:io/streams": { InputStream, OutputStream },
    "wasi:random/random": createRandom(seed, activity),
    "wasi:random/insecure": createInsecureRandom(seed, activity),
    "wasi:random/insecure-seed": createInsecureSeed(seed, activity),
  };
  return {
    imports: {
      ...wasi02,
      ...createWasi03(context, options, stdin, wasi02, network?.realTime),
      ...filesystem.imports03,
      "wasi:filesystem/preopens@0.3": notingPreopens(filesystem.imports03["wasi:filesystem/preopens@0.3"], activity),
    },
    liveHandles: () => handles.list(),
    describeHandle: (resource) => handles.describe(resource),
    latestHandle: () => handles.latest(),
    numberHandle: (handle, fd) => handles.number(handle, fd),
    activity,
    hasReadFiles: filesystem.hasReadFiles,
    isFull: filesystem.isFull,
    files: filesystem.files,
    findFile: filesystem.findFile,
    realTime: network?.realTime,
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
