import type { HandleOrigin } from "../handles.js";
import type { ByteReader } from "../streams03.js";
import type { Inbox } from "./inbox.js";
import type { NetworkContext } from "./network-context.js";
import type { Outbox } from "./outbox.js";
import type { NetworkFailure } from "./protocol.js";

/** How many bytes one read or write moves. */
const CHUNK = 64 * 1024;

const END = { done: true, value: undefined } as const;

/** What comes from a peer, as a guest of WASI 0.3 is given it. */
export class IncomingStream implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #context: NetworkContext;
  readonly #inbox: Inbox;
  readonly #onEnd: (how: "ended" | "dropped" | NetworkFailure) => void;
  #isOver = false;
  /** While the guest does not wait for what it has asked for. */
  #paused: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  /**
   * @param origin - for whoever asks what the guest holds
   * @param onEnd - told once
   */
  constructor(
    context: NetworkContext,
    inbox: Inbox,
    readonly origin: HandleOrigin,
    onEnd: (how: "ended" | "dropped" | NetworkFailure) => void,
  ) {
    this.#context = context;
    this.#inbox = inbox;
    this.#onEnd = onEnd;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    while (!this.#isOver) {
      if (this.#paused !== undefined) await this.#paused.promise;
      await this.#context.until(() => this.#isOver || this.#paused !== undefined || this.#inbox.readiness.isReady());
      if (this.#paused !== undefined) continue;
      const taken = this.#isOver ? "ended" : this.#inbox.take(CHUNK);
      if (!(taken instanceof Uint8Array)) this.#finish(taken);
      else if (taken.length > 0) return { done: false, value: taken };
    }
    return END;
  }

  pause(): void {
    let resolve = () => {};
    const promise = new Promise<void>((onResume) => {
      resolve = onResume;
    });
    this.#paused ??= { promise, resolve };
    this.#context.thread.recheck();
  }

  resume(): void {
    this.#paused?.resolve();
    this.#paused = undefined;
  }

  /** The guest reads no more. */
  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#inbox.discard();
    this.#finish("dropped");
    this.#context.thread.recheck();
    return END;
  }

  #finish(how: "ended" | "dropped" | NetworkFailure): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.resume();
    this.#onEnd(how);
  }
}

/** Takes what comes through a guest's stream to a peer, no faster than the peer takes it, and drops the stream. */
export async function sendThrough({ until }: NetworkContext, data: ByteReader, outbox: Outbox): Promise<void> {
  const drop = () => data[Symbol.dispose]();
  const isOpen = () => outbox.state === "open";
  outbox.onEnd = drop;
  try {
    for (;;) {
      await until(() => outbox.readiness.isReady());
      if (!isOpen()) return;
      const { value, done } = await data.read({ count: Math.min(CHUNK, outbox.room) });
      if (value !== undefined && isOpen()) outbox.put(Uint8Array.from(value));
      if (done) return;
    }
  } finally {
    drop();
  }
}
