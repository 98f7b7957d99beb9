import type { Outside, Readiness } from "../poll.js";
import type { NetworkFailure } from "./protocol.js";

/** How many bytes may be on their way to a peer. */
const WINDOW = 1024 * 1024;

/** What goes to a peer. An HTTP body can be written before there is one. */
export class Outbox {
  /** Ready when there is room. */
  readonly readiness: Readiness;
  /** Ready when all has left. */
  readonly flushed: Readiness;
  /** Told when no more can be put into it. */
  onEnd: (() => void) | undefined;
  #send: ((bytes: Uint8Array) => void) | undefined;
  #waiting: Uint8Array[] = [];
  #unsent = 0;
  #state: "open" | "ended" | NetworkFailure = "open";

  constructor(outside: Outside, update: () => void) {
    const withUpdate = (test: () => boolean) => () => {
      update();
      return this.#state !== "open" || test();
    };
    const isFlushed = () => this.#send === undefined || this.#unsent === 0;
    // Without a peer only the guest itself can make room, and must not wait for it.
    const self = this;
    const readiness = (isReady: () => boolean): Readiness => ({
      isReady,
      get outside() {
        return self.#send === undefined ? undefined : outside;
      },
    });
    this.readiness = readiness(withUpdate(() => this.room > 0));
    this.flushed = readiness(withUpdate(isFlushed));
  }

  get state(): "open" | "ended" | NetworkFailure {
    return this.#state;
  }

  get room(): number {
    return Math.max(0, WINDOW - this.#unsent);
  }

  /** @param bytes - its own from now on */
  put(bytes: Uint8Array): void {
    this.#unsent += bytes.length;
    if (this.#send === undefined) this.#waiting.push(bytes);
    else this.#send(bytes);
  }

  sent(count: number): void {
    this.#unsent -= count;
  }

  /** Lets what was written go. */
  connect(send: (bytes: Uint8Array) => void): void {
    this.#send = send;
    for (const bytes of this.#waiting.splice(0)) send(bytes);
  }

  end(how: "ended" | NetworkFailure): void {
    if (this.#state !== "open") return;
    this.#state = how;
    this.onEnd?.();
  }
}
