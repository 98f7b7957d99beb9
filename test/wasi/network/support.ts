import { onTestFinished } from "vitest";
import { Activity } from "../../../src/wasi/activity.js";
import { createMonotonicClock } from "../../../src/wasi/clocks.js";
import { HandleTracker } from "../../../src/wasi/handles.js";
import { toSocketAddress } from "../../../src/wasi/network/addresses.js";
import type { HttpImports } from "../../../src/wasi/network/http/http.js";
import { type AllowedNetwork, createNetwork, NetworkThread } from "../../../src/wasi/network/network.js";
import type { createNameLookup } from "../../../src/wasi/network/sockets/lookup.js";
import type { createNetworkInterfaces } from "../../../src/wasi/network/sockets/network.js";
import type { createTcp } from "../../../src/wasi/network/sockets/tcp.js";
import type { createUdp } from "../../../src/wasi/network/sockets/udp.js";
import { createPoll, type Pollable } from "../../../src/wasi/poll.js";
import { DEFAULT_TIME, Timeline } from "../../../src/wasi/timeline.js";

type NetworkImports = HttpImports &
  ReturnType<typeof createNetworkInterfaces> &
  ReturnType<typeof createTcp> &
  ReturnType<typeof createUdp> & { "wasi:sockets/ip-name-lookup": ReturnType<typeof createNameLookup> };

/** What a guest with a network has, closed when the test ends. */
export async function openNetwork(allowed: AllowedNetwork = true) {
  const thread = await NetworkThread.start();
  onTestFinished(() => thread.close());
  const context = { handles: new HandleTracker(), timeline: new Timeline(DEFAULT_TIME) };
  const host = createNetwork(context, allowed, thread);
  const imports = host.imports as unknown as NetworkImports;
  return {
    imports,
    clock: createMonotonicClock(context, new Activity()),
    poll: (list: readonly Pollable[]) => [...createPoll(context).poll(list)],
    activity: () => host.activity(),
    /** The types of the resources that the guest holds. */
    held: () => context.handles.list().map(({ type }) => type),
  };
}

export type TestNetwork = Awaited<ReturnType<typeof openNetwork>>;

export function loopback(port: number, address = "127.0.0.1") {
  return toSocketAddress({ address, port });
}

export function drop(...resources: readonly Disposable[]): void {
  for (const resource of resources) resource[Symbol.dispose]();
}

/** Reads to the end, or to an error, which is thrown. */
export function readAll(stream: { blockingRead(len: bigint): Uint8Array }): Buffer {
  const chunks: Uint8Array[] = [];
  for (;;) {
    try {
      chunks.push(stream.blockingRead(1n << 20n));
    } catch (error) {
      if ((error as { tag?: string }).tag === "closed") return Buffer.concat(chunks);
      throw error;
    }
  }
}

/** Writes as much as the stream takes, again and again. */
export function writeAll(
  stream: { checkWrite(): bigint; write(bytes: Uint8Array): void; subscribe(): Pollable },
  bytes: Uint8Array,
): void {
  const pollable = stream.subscribe();
  for (let at = 0; at < bytes.length; ) {
    pollable.block();
    const part = bytes.subarray(at, at + Number(stream.checkWrite()));
    stream.write(part);
    at += part.length;
  }
  drop(pollable);
}
