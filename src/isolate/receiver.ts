import type { Preinitialized, PreinitializeOptions } from "../preinitialize.js";
import type { Report } from "../report.js";
import type { Deadline } from "./deadline.js";
import { type Message, revive } from "./messages.js";

/** Tells the caller's listeners what happens in the other process, and puts the output together. */
export class Receiver {
  readonly #options: PreinitializeOptions;
  readonly #deadline: Deadline;
  readonly #chunks: Uint8Array[] = [];
  #report: Report | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: PreinitializeOptions, deadline: Deadline) {
    this.#options = options;
    this.#deadline = deadline;
  }

  /** What came out; nothing where the process has not got so far. */
  get result(): Preinitialized | undefined {
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#report && { chunks: this.#chunks, report: this.#report };
  }

  /** @param onFailure - called when a listener has thrown, which ends the work as it does in one process */
  async receive(messages: AsyncIterable<unknown>, onFailure: () => void): Promise<void> {
    try {
      for await (const message of messages) this.#note(message as Message, onFailure);
    } catch {
      // How the process ended says more.
    }
  }

  #note(message: Message, onFailure: () => void): void {
    if (this.#failure !== undefined) return;
    try {
      this.#take(message);
    } catch (error) {
      this.#failure = { error };
      onFailure();
    }
  }

  #take(message: Message): void {
    const { onHostCall, onOutput, onPhase } = this.#options;
    switch (message.kind) {
      case "phase-started":
        this.#deadline.begin(message.phase);
        onPhase?.start(message.phase);
        break;
      case "phase-ended":
        this.#deadline.end(message.phase);
        onPhase?.end(message.phase, message.ms);
        break;
      case "output":
        onOutput?.(message.stream, message.bytes);
        break;
      case "host-call":
        onHostCall?.(message.call);
        break;
      case "chunk":
        this.#chunks.push(message.bytes);
        break;
      case "done":
        this.#report = message.report;
        break;
      case "failed":
        throw revive(message.error);
    }
  }
}
