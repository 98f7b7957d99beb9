import { onTestFinished } from "vitest";
import { Activity } from "../../../src/wasi/activity.js";
import { createMonotonicClock } from "../../../src/wasi/clocks.js";
import { HandleTracker } from "../../../src/wasi/handles.js";
import { toSocketAddress } from "../../../src/wasi/network/addresses.js";
import type { HttpImports } from "../../../src/wasi/network/http/http.js";
import type { createHttp03 } from "../../../src/wasi/network/http/http03.js";
import { type AllowedNetwork, createNetwork, NetworkThread } from "../../../src/wasi/network/network.js";
import type { createNameLookup } from "../../../src/wasi/network/sockets/lookup.js";
import type { createNetworkInterfaces } from "../../../src/wasi/network/sockets/network.js";
import type { createSockets03 } from "../../../src/wasi/network/sockets/sockets03.js";
import type { createTcp } from "../../../src/wasi/network/sockets/tcp.js";
import type { createUdp } from "../../../src/wasi/network/sockets/udp.js";
import { createPoll, type Pollable } from "../../../src/wasi/poll.js";
import type { ByteReader } from "../../../src/wasi/streams03.js";
import { DEFAULT_TIME, Timeline } from "../../../src/wasi/timeline.js";

type NetworkImports = HttpImports &
  ReturnType<typeof createNetworkInterfaces> &
  ReturnType<typeof createTcp> &
  ReturnType<typeof createHttp03> &
  ReturnType<typeof createSockets03> &
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
    /** Whether the guest may be woken by what happens in real time. */
    isWaiting: () => host.realTime.isPassing,
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

/** A stream as a guest of WASI 0.3 gives it to the host: pieces, and what to do after them. */
export function guestStream(pieces: Iterable<string | Uint8Array>, after: Promise<void> = Promise.resolve()) {
  const rest = pieces[Symbol.iterator]();
  let piece = Buffer.alloc(0);
  let drop = () => {};
  const dropped = new Promise<void>((resolve) => {
    drop = resolve;
  });
  const state = { isDropped: false, taken: 0, dropped };
  const data: ByteReader = {
    read: async ({ count }) => {
      if (state.isDropped) return { done: true };
      if (piece.length === 0) {
        const { value, done } = rest.next();
        if (done) return Promise.race([after, dropped]).then(() => ({ done: true }));
        piece = Buffer.from(value);
      }
      const value = piece.subarray(0, count);
      piece = piece.subarray(count);
      state.taken += value.length;
      return { value, done: false };
    },
    [Symbol.dispose]: () => {
      state.isDropped = true;
      drop();
    },
  };
  return { data, state };
}

/** What the host gives through a stream of WASI 0.3, to its end. */
export async function collect(stream: AsyncIterable<Uint8Array> | readonly []): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What an asynchronous call fails with. */
export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("the call was expected to fail");
}

/** A future as a guest of WASI 0.3 gives it to the host. */
export function guestFuture<T>(promise: Promise<T>) {
  const state = { isDropped: false };
  const future = Object.assign(promise, {
    [Symbol.dispose]: () => {
      state.isDropped = true;
    },
  });
  return { future, state };
}

/** What a guest's future of a result has come to. */
export function succeeded<T>(val: T) {
  return guestFuture(Promise.resolve({ tag: "ok", val } as const)).future;
}
