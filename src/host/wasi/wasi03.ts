import type { CliOptions } from "./cli.js";
import type { HostContext } from "./context.js";

/** What this host has of WASI 0.3 is WASI 0.2 in other words, except for streams: these are the component model's own. */

type Members = Readonly<Record<string, unknown>>;

/** The interfaces of WASI 0.2 that 0.3 takes over. */
interface Wasi02 {
  readonly "wasi:cli/environment": {
    readonly getEnvironment: () => unknown;
    readonly getArguments: () => unknown;
    readonly initialCwd: () => unknown;
  };
  readonly "wasi:cli/exit": Members;
  readonly "wasi:clocks/monotonic-clock": { readonly now: () => bigint; readonly resolution: () => bigint };
  readonly "wasi:clocks/wall-clock": { readonly now: () => object };
  readonly "wasi:random/random": Members;
  readonly "wasi:random/insecure": Members;
  readonly "wasi:random/insecure-seed": { readonly insecureSeed: () => unknown };
}

/** A stream of bytes as jco's glue hands it to the host. */
interface ByteReader {
  read(options: { count: number }): Promise<{ readonly value?: Iterable<number>; readonly done: boolean }>;
  [Symbol.dispose](): void;
}

const CHUNK = 64 * 1024;

export function createWasi03(context: HostContext, options: CliOptions, wasi02: Wasi02) {
  const { getEnvironment, getArguments, initialCwd } = wasi02["wasi:cli/environment"];
  const { now, resolution } = wasi02["wasi:clocks/monotonic-clock"];
  const { insecureSeed } = wasi02["wasi:random/insecure-seed"];
  return {
    "wasi:cli/environment@0.3": { getEnvironment, getArguments, getInitialCwd: initialCwd },
    "wasi:cli/exit@0.3": wasi02["wasi:cli/exit"],
    "wasi:cli/stdout@0.3": { writeViaStream: writer("stdout", options) },
    "wasi:cli/stderr@0.3": { writeViaStream: writer("stderr", options) },
    "wasi:clocks/monotonic-clock@0.3": { now, getResolution: resolution, ...createWaits(context) },
    "wasi:clocks/system-clock@0.3": { now: wasi02["wasi:clocks/wall-clock"].now, getResolution: resolution },
    "wasi:random/random@0.3": wasi02["wasi:random/random"],
    "wasi:random/insecure@0.3": wasi02["wasi:random/insecure"],
    "wasi:random/insecure-seed@0.3": { getInsecureSeed: insecureSeed },
  };
}

/** Waiting moves virtual time, and takes none: of several waits at once each adds its own. */
function createWaits({ timeline }: HostContext) {
  const waitUntil = async (when: bigint): Promise<void> => {
    timeline.advanceTo(when);
  };
  return { waitUntil, waitFor: (duration: bigint) => waitUntil(timeline.after(duration)) };
}

function writer(stream: "stdout" | "stderr", { onOutput }: CliOptions) {
  return async (data: ByteReader): Promise<{ tag: "ok" }> => {
    for (;;) {
      const { value, done } = await data.read({ count: CHUNK });
      if (value !== undefined) onOutput(stream, Uint8Array.from(value));
      if (done) break;
    }
    data[Symbol.dispose]();
    return { tag: "ok" };
  };
}
