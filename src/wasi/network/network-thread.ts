import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { Outside } from "../poll.js";
import type { Command, FromNetwork, NetworkEvent, OpenCommand, ToNetwork } from "./protocol.js";

export type EventHandler = (event: NetworkEvent) => void;

/** How long what was sent may take to leave when the guest has ended. */
const GRACE_MS = 1000;

/** What is open in the network's thread, as this thread knows it. */
export interface Connection {
  send(command: Command): void;
}

/**
 * Real I/O for a guest whose calls cannot wait: a thread does it, and this one blocks until the thread has news. All
 * that the guest can ask for is kept here, so only news crosses over.
 */
export class NetworkThread implements Outside {
  readonly #handlers = new Map<number, EventHandler>();
  readonly #worker: Worker;
  readonly #port: MessagePort;
  /** Counts the thread's messages: what is waited on. */
  readonly #signal: Int32Array;
  #ids = 0;

  private constructor(worker: Worker, port: MessagePort, signal: Int32Array) {
    this.#worker = worker;
    this.#port = port;
    this.#signal = signal;
  }

  /** Waits until it runs: what goes wrong until then is an error, not a guest that waits for ever. */
  static async start(): Promise<NetworkThread> {
    const { port1, port2 } = new MessageChannel();
    const signal = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(new URL("./network-worker.js", import.meta.url), {
      workerData: { port: port2, signal },
      transferList: [port2],
    });
    await once(worker, "message");
    return new NetworkThread(worker, port1, signal);
  }

  open(command: OpenCommand, onEvent: EventHandler): Connection {
    const id = ++this.#ids;
    this.#handlers.set(id, onEvent);
    this.#post({ id, ...command });
    return {
      send: (command) => {
        if (!this.#handlers.has(id)) return;
        if (command.op === "close") this.#handlers.delete(id);
        this.#post({ id, ...command });
      },
    };
  }

  /** Takes in what has happened. */
  update(): boolean {
    let isNews = false;
    for (;;) {
      const received = receiveMessageOnPort(this.#port);
      if (received === undefined) return isNews;
      const { id, ...event } = received.message as FromNetwork;
      this.#handlers.get(id)?.(event);
      isNews = true;
    }
  }

  wait(milliseconds: number): void {
    const seen = Atomics.load(this.#signal, 0);
    if (!this.update()) Atomics.wait(this.#signal, 0, seen, milliseconds);
    this.update();
  }

  async close(): Promise<void> {
    const ended = once(this.#worker, "exit");
    this.#worker.postMessage("close");
    const grace = new AbortController();
    const late = sleep(GRACE_MS, "late", { signal: grace.signal }).catch(() => undefined);
    // A name server that does not answer keeps the thread, but no one has to wait for that.
    if ((await Promise.race([ended, late])) === "late") {
      this.#worker.unref();
      void this.#worker.terminate();
    }
    grace.abort();
    this.#port.close();
  }

  #post(message: ToNetwork): void {
    this.#worker.postMessage(message, "bytes" in message ? [message.bytes.buffer as ArrayBuffer] : []);
  }
}
