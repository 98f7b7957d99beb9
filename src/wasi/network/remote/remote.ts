import type { Readable } from "node:stream";
import { MESSAGE_COST } from "../message-cost.ts";
import type { Command, NetworkEvent } from "../protocol.js";

export type Post = (event: NetworkEvent) => void;

/** Something that is open in the network's thread. */
export interface Remote {
  handle(command: Command): void;
}

/** How many bytes a peer may be ahead of the guest. */
export const WINDOW = 1024 * 1024;

/** How many all peers together may be, beyond what each needs so that the guest can wait for any of them. */
const ALL_AHEAD = 256 * 1024 * 1024;
const ALWAYS_AHEAD = 16 * 1024;

/** What has come and the guest has not read, from all peers. */
export class Ahead {
  readonly #waiting = new Set<() => void>();
  #total = 0;

  get isFull(): boolean {
    return this.#total >= ALL_AHEAD;
  }

  add(count: number): void {
    this.#total += count;
  }

  take(count: number): void {
    this.#total -= count;
    if (this.isFull) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const goOn of waiting) goOn();
  }

  /** @param goOn - told when there is room again */
  wait(goOn: () => void): void {
    this.#waiting.add(goOn);
  }
}

/** Of everything that is open in this thread. */
export const ahead = new Ahead();

/** Passes on what arrives, and lets the peer wait where the guest does not read. */
export class Inflow {
  readonly #readable: Readable;
  readonly #all: Ahead;
  #ahead = 0;
  #isOver = false;

  constructor(readable: Readable, post: Post, all = ahead) {
    this.#readable = readable;
    this.#all = all;
    readable.on("data", (chunk: Buffer) => {
      if (this.#isOver) return;
      this.#count(chunk.length + MESSAGE_COST);
      if (!this.#hasRoom) this.#pause();
      // A copy: Node's chunks share their memory, and a message would take all of that along.
      post({ event: "data", bytes: new Uint8Array(chunk) });
    });
  }

  taken(count: number): void {
    this.#count(-count);
    this.#goOn();
  }

  /** The guest reads no more, of what has come neither. */
  end(): void {
    this.#isOver = true;
    this.#count(-this.#ahead);
  }

  get #hasRoom(): boolean {
    return this.#ahead < (this.#all.isFull ? ALWAYS_AHEAD : WINDOW);
  }

  #count(count: number): void {
    this.#ahead += count;
    if (count > 0) this.#all.add(count);
    else this.#all.take(-count);
  }

  #pause(): void {
    this.#readable.pause();
    if (this.#all.isFull) this.#all.wait(() => this.#goOn());
  }

  #goOn(): void {
    if (this.#hasRoom && this.#readable.isPaused()) this.#readable.resume();
  }
}

export function failed(error: NodeJS.ErrnoException | AggregateError): NetworkEvent {
  // Where a name has several addresses, Node gives one error for each.
  const first: NodeJS.ErrnoException = error instanceof AggregateError ? error.errors[0] : error;
  return { event: "failed", code: first.code ?? "", message: first.message };
}
