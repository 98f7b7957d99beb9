import type { Outside, Readiness } from "../poll.js";
import { MESSAGE_COST } from "./message-cost.js";
import type { NetworkFailure } from "./protocol.js";

/** What has come from a peer and was not read yet. */
export class Inbox {
  readonly readiness: Readiness;
  readonly #onTaken: (count: number) => void;
  #chunks: Uint8Array[] = [];
  #end: "open" | "ended" | NetworkFailure = "open";

  /** @param onTaken - the peer may go on sending */
  constructor(outside: Outside, update: () => void, onTaken: (count: number) => void) {
    this.#onTaken = onTaken;
    const isReady = () => {
      update();
      return this.#chunks.length > 0 || this.#end !== "open";
    };
    this.readiness = { isReady, outside };
  }

  put(bytes: Uint8Array): void {
    if (this.#end === "open" && bytes.length > 0) this.#chunks.push(bytes);
    else this.#onTaken(bytes.length + MESSAGE_COST);
  }

  /** Of several ends the first counts. */
  end(how: "ended" | NetworkFailure): void {
    if (this.#end === "open") this.#end = how;
  }

  /** Reads no more: what is there and what comes is dropped. */
  discard(): void {
    this.end("ended");
    for (const { length } of this.#chunks.splice(0)) this.#onTaken(length + MESSAGE_COST);
  }

  /** @returns nothing where nothing is there, and how it ended after all was read */
  take(max: number): Uint8Array | "ended" | NetworkFailure {
    const [first] = this.#chunks;
    if (first === undefined) return this.#end === "open" ? new Uint8Array() : this.#end;
    const taken = first.subarray(0, max);
    if (taken.length < first.length) this.#chunks[0] = first.subarray(max);
    else this.#chunks.shift();
    this.#onTaken(taken.length + (taken.length === first.length ? MESSAGE_COST : 0));
    return taken;
  }
}
