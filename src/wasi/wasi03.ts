import { type Call, cancellable } from "./call03.js";
import type { CliOptions } from "./cli.js";
import type { HostContext } from "./context.js";
import type { RealTime } from "./real-time.js";
import type { ByteSource } from "./streams.js";
import { type ByteReader, byteChunks, type Delivery, deliver, receive } from "./streams03.js";

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
  readonly "wasi:cli/terminal-input": Members;
  readonly "wasi:cli/terminal-output": Members;
  readonly "wasi:cli/terminal-stdin": Members;
  readonly "wasi:cli/terminal-stdout": Members;
  readonly "wasi:cli/terminal-stderr": Members;
  readonly "wasi:clocks/monotonic-clock": { readonly now: () => bigint; readonly resolution: () => bigint };
  readonly "wasi:clocks/wall-clock": { readonly now: () => object };
  readonly "wasi:random/random": Members;
  readonly "wasi:random/insecure": Members;
  readonly "wasi:random/insecure-seed": { readonly insecureSeed: () => unknown };
}

/** @param realTime - where the guest may wait for what happens in real time */
export function createWasi03(
  context: HostContext,
  options: CliOptions,
  stdin: ByteSource,
  wasi02: Wasi02,
  realTime: RealTime | undefined,
) {
  const { getEnvironment, getArguments, initialCwd } = wasi02["wasi:cli/environment"];
  const { now, resolution } = wasi02["wasi:clocks/monotonic-clock"];
  const { insecureSeed } = wasi02["wasi:random/insecure-seed"];
  return {
    "wasi:cli/environment@0.3": { getEnvironment, getArguments, getInitialCwd: initialCwd },
    "wasi:cli/exit@0.3": wasi02["wasi:cli/exit"],
    "wasi:cli/stdin@0.3": { readViaStream: () => reader(stdin) },
    "wasi:cli/stdout@0.3": { writeViaStream: writer("stdout", options) },
    "wasi:cli/stderr@0.3": { writeViaStream: writer("stderr", options) },
    "wasi:cli/terminal-input@0.3": wasi02["wasi:cli/terminal-input"],
    "wasi:cli/terminal-output@0.3": wasi02["wasi:cli/terminal-output"],
    "wasi:cli/terminal-stdin@0.3": wasi02["wasi:cli/terminal-stdin"],
    "wasi:cli/terminal-stdout@0.3": wasi02["wasi:cli/terminal-stdout"],
    "wasi:cli/terminal-stderr@0.3": wasi02["wasi:cli/terminal-stderr"],
    "wasi:clocks/monotonic-clock@0.3": { now, getResolution: resolution, ...createWaits(context, realTime) },
    "wasi:clocks/system-clock@0.3": { now: wasi02["wasi:clocks/wall-clock"].now, getResolution: resolution },
    "wasi:random/random@0.3": wasi02["wasi:random/random"],
    "wasi:random/insecure@0.3": wasi02["wasi:random/insecure"],
    "wasi:random/insecure-seed@0.3": { getInsecureSeed: insecureSeed },
  };
}

/**
 * Waiting moves virtual time, and takes none: of several waits at once each adds its own. Only while something happens in
 * real time does a wait give it as much as it says: otherwise a guest's timeout would be over before anything could happen.
 */
function createWaits({ timeline }: HostContext, realTime: RealTime | undefined) {
  const waitUntil = (when: bigint): Promise<void> => {
    const left = when - timeline.monotonic;
    const wait = async (call: Call) => {
      if (realTime !== undefined && left > 0n) await realTime.pass(Number(left) / 1e6, call);
      if (!call.isCancelled) timeline.advanceTo(when);
    };
    return cancellable(wait, (call) => realTime?.wake(call));
  };
  return { waitUntil, waitFor: (duration: bigint) => waitUntil(timeline.after(duration)) };
}

function reader(stdin: ByteSource): Delivery<Uint8Array> {
  const origin = { createdBy: "wasi:cli/stdin@0.3#read-via-stream", detail: "stdin" };
  return deliver(origin, () => ({ pull: byteChunks(stdin) }));
}

function writer(stream: "stdout" | "stderr", { onOutput }: CliOptions) {
  return (data: ByteReader) => receive(data, () => ({ sink: (bytes) => onOutput(stream, bytes) }));
}
