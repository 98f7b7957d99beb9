import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { Outside } from "../poll.js";
import type { Command, FromNetwork, NetworkEvent, OpenCommand, ToNetwork } from "./protocol.js";

export type EventHandler = (event: NetworkEvent) => void;

/** What is open at once takes memory, and file descriptors, of which a process may have as few as 4096. */
const MAX_OPEN = 4000;

/** How long what was sent may take to leave when the guest has ended. */
const GRACE_MS = 1000;

/** What is open in the network's thread, as this thread knows it. */
export interface Connection {
  send(command: Command): void;
}

/** Who waits for news without blocking. */
interface Waiter {
  readonly isOver: () => boolean;
  readonly resolve: () => void;
  readonly call: object | undefined;
}

/**
 * Real I/O for a guest whose calls cannot wait: a thread does it, and this one blocks until the thread has news. For calls
 * that can wait, the event loop brings them. All that the guest can ask for is kept here, so only news crosses over.
 */
export class NetworkThread implements Outside {
  readonly #handlers = new Map<number, EventHandler>();
  /** What the thread has not closed, whether or not someone here has an interest in it. */
  readonly #open = new Set<number>();
  readonly #worker: Worker;
  readonly #port: MessagePort;
  /** Counts the thread's messages: what is waited on. */
  readonly #signal: Int32Array;
  readonly #waiters = new Set<Waiter>();
  /** Those that wait in a call which the guest can cancel. */
  readonly #ofCalls = new Map<object, Waiter>();
  #isListening = false;
  #isUpdating = false;
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
    // It serves who waits, and that is what keeps the process alive.
    worker.unref();
    return new NetworkThread(worker, port1, signal);
  }

  /** Whether one more thing can be opened. */
  get hasRoom(): boolean {
    if (this.#open.size >= MAX_OPEN) this.update();
    return this.#open.size < MAX_OPEN;
  }

  open(command: OpenCommand, onEvent: EventHandler): Connection {
    const id = ++this.#ids;
    this.#handlers.set(id, onEvent);
    this.#open.add(id);
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
    return !this.#isUpdating && this.#takeIn(this.#next());
  }

  /**
   * Waits without blocking until something is over, by news or by what {@link recheck} follows.
   *
   * @param call - by which {@link wake} knows who waits
   */
  until(isOver: () => boolean, call?: object): Promise<void> {
    if (isOver()) return Promise.resolve();
    this.#listen();
    if (this.#waiters.size === 0) this.#port.ref();
    return new Promise((resolve) => {
      const waiter = { isOver, resolve, call };
      this.#waiters.add(waiter);
      if (call !== undefined) this.#ofCalls.set(call, waiter);
    });
  }

  /** Whoever waits in a call waits no more. */
  wake(call: object): void {
    const waiter = this.#ofCalls.get(call);
    if (waiter !== undefined) this.#end(waiter);
  }

  /** For who has made something over that others wait for. */
  recheck(): void {
    if (this.#isUpdating) return;
    // A look at a state takes in news as well: those that come now come by the event loop.
    this.#isUpdating = true;
    for (const waiter of this.#waiters) {
      if (waiter.isOver()) this.#end(waiter);
    }
    this.#isUpdating = false;
  }

  #end(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    if (waiter.call !== undefined) this.#ofCalls.delete(waiter.call);
    if (this.#waiters.size === 0) this.#port.unref();
    waiter.resolve();
  }

  wait(milliseconds: number): void {
    const seen = Atomics.load(this.#signal, 0);
    if (!this.update()) Atomics.wait(this.#signal, 0, seen, milliseconds);
    this.update();
  }

  async close(): Promise<void> {
    this.#worker.ref();
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

  /** @param first - of the messages that have come */
  #takeIn(first: FromNetwork | undefined): boolean {
    if (first === undefined) return false;
    for (let message: FromNetwork | undefined = first; message !== undefined; message = this.#next()) {
      const { id, ...event } = message;
      if (event.event === "closed") this.#open.delete(id);
      else this.#handlers.get(id)?.(event);
    }
    this.recheck();
    return true;
  }

  #next(): FromNetwork | undefined {
    return receiveMessageOnPort(this.#port)?.message as FromNetwork | undefined;
  }

  /** Only for who waits in this way: others take messages themselves. */
  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    this.#port.on("message", (message: FromNetwork) => this.#takeIn(message));
  }

  #post(message: ToNetwork): void {
    this.#worker.postMessage(message, "bytes" in message ? [message.bytes.buffer as ArrayBuffer] : []);
  }
}
