import { type CliOptions, createCli } from "./cli.js";
import { createMonotonicClock, createTimezone, createWallClock } from "./clocks.js";
import type { HostContext } from "./context.js";
import { createFilesystem, type Preopen } from "./filesystem/filesystem.js";
import { HandleTracker, type LiveHandle } from "./handles.js";
import { IoError } from "./io-error.js";
import { createPoll } from "./poll.js";
import { createInsecureRandom, createInsecureSeed, createRandom, DEFAULT_SEED } from "./random.js";
import { InputStream, OutputStream } from "./streams.js";
import { DEFAULT_TIME, Timeline, type TimeSettings } from "./timeline.js";

export { GuestExit } from "./cli.js";
export type { Preopen } from "./filesystem/filesystem.js";
export type { LiveHandle } from "./handles.js";

export interface WasiOptions extends CliOptions {
  /** Host directories, read-only, and the paths under which the guest finds them. */
  readonly preopens: readonly Preopen[];
}

export interface WasiHost {
  /** What jco's glue imports, by the interface's name without its version. */
  readonly imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** The handles that the guest was given and has not dropped, oldest first. */
  liveHandles(): LiveHandle[];
}

/** What the guest sees in the place of real time and real randomness. */
export interface DeterminismSettings {
  readonly time: TimeSettings;
  /** A u64. */
  readonly seed: bigint;
}

const DEFAULT_DETERMINISM: DeterminismSettings = { time: DEFAULT_TIME, seed: DEFAULT_SEED };

/**
 * A WASI 0.2 host in memory. All that a guest can learn from it follows from the options and the contents of the
 * preopens; nothing that a guest does through it has an effect other than `onOutput`.
 */
export function createWasi(options: WasiOptions): WasiHost {
  return createWasiWith(options, DEFAULT_DETERMINISM);
}

export function createWasiWith(options: WasiOptions, { time, seed }: DeterminismSettings): WasiHost {
  const handles = new HandleTracker();
  const context: HostContext = { handles, timeline: new Timeline(time) };
  return {
    imports: {
      ...createCli(context, options),
      ...createFilesystem(context, options.preopens, time.wallStart),
      "wasi:clocks/monotonic-clock": createMonotonicClock(context),
      "wasi:clocks/wall-clock": createWallClock(context),
      "wasi:clocks/timezone": createTimezone(),
      "wasi:io/error": { Error: IoError },
      "wasi:io/poll": createPoll(context),
      "wasi:io/streams": { InputStream, OutputStream },
      "wasi:random/random": createRandom(seed),
      "wasi:random/insecure": createInsecureRandom(seed),
      "wasi:random/insecure-seed": createInsecureSeed(seed),
    },
    liveHandles: () => handles.list(),
  };
}
