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

/** Passes on what arrives, and lets the peer wait where the guest does not read. */
export class Inflow {
  readonly #readable: Readable;
  #ahead = 0;

  constructor(readable: Readable, post: Post) {
    this.#readable = readable;
    readable.on("data", (chunk: Buffer) => {
      this.#ahead += chunk.length + MESSAGE_COST;
      if (this.#ahead >= WINDOW) readable.pause();
      // A copy: Node's chunks share their memory, and a message would take all of that along.
      post({ event: "data", bytes: new Uint8Array(chunk) });
    });
  }

  taken(count: number): void {
    this.#ahead -= count;
    if (this.#ahead < WINDOW && this.#readable.isPaused()) this.#readable.resume();
  }
}

export function failed(error: NodeJS.ErrnoException | AggregateError): NetworkEvent {
  // Where a name has several addresses, Node gives one error for each.
  const first: NodeJS.ErrnoException = error instanceof AggregateError ? error.errors[0] : error;
  return { event: "failed", code: first.code ?? "", message: first.message };
}
