import { Worker } from "node:worker_threads";
import type { Adapter, JcoAnswer, JcoRequest } from "./jco-worker.js";

/**
 * jco in a thread of its own: a panic leaves its WebAssembly unusable for good ("cannot enter component instance"), and
 * the caller's thread goes on meanwhile. The thread starts with the first request and answers them in order.
 */
export class JcoThread {
  private worker: Worker | undefined;
  private requests = 0;

  /** Starts the thread and loads wasm-tools, for who has other things to do before it is wanted. */
  prepare(): void {
    // What goes wrong goes wrong again when it is wanted.
    this.request({ kind: "prepare" }).catch(() => undefined);
  }

  /** @returns what is wrong with a component; `undefined` when it is valid */
  async validate(component: Uint8Array): Promise<string | undefined> {
    const answer = await this.request({ kind: "validate", component });
    return "error" in answer ? answer.error : undefined;
  }

  /** Makes a component of a core module that says what its world is, as `wasm-tools component new` does. */
  async componentNew(module: Uint8Array, adapters: readonly Adapter[]): Promise<Uint8Array | { error: string }> {
    const answer = await this.request({ kind: "component new", module, adapters });
    return "component" in answer ? answer.component : { error: "error" in answer ? answer.error : "no answer" };
  }

  /**
   * Lets the thread end by itself when it has answered everything, to free its memory while this thread is busy. A later
   * request starts another one.
   */
  closeWhenIdle(): void {
    this.worker?.postMessage({ kind: "close" });
    this.worker = undefined;
  }

  async close(): Promise<void> {
    const { worker } = this;
    this.worker = undefined;
    await worker?.terminate();
  }

  /** Lets go of a worker that is of no use any more. Its other requests fail, as they would without that. */
  private abandon(worker: Worker): void {
    if (this.worker === worker) this.worker = undefined;
    void worker.terminate();
  }

  private request(request: JcoRequest): Promise<JcoAnswer> {
    this.worker ??= start();
    const { worker } = this;
    const id = this.requests++;
    return new Promise((resolve, reject) => {
      const onMessage = (answer: JcoAnswer & { readonly id: number }) => {
        if (answer.id !== id) return;
        worker.off("message", onMessage);
        if ("error" in answer && PANIC.test(answer.error)) this.abandon(worker);
        resolve(answer);
      };
      const fail = (error: unknown) => {
        if (this.worker === worker) this.worker = undefined;
        reject(error instanceof Error ? error : new Error(`its thread ended with code ${error}`));
      };
      worker.on("message", onMessage).once("error", fail).once("exit", fail);
      worker.postMessage({ ...request, id });
    });
  }
}

/** What a panic in jco's WebAssembly says, and what every call after it does. */
const PANIC = /\bunreachable\b|cannot enter component instance/;

function start(): Worker {
  const worker = new Worker(new URL("./jco-worker.js", import.meta.url), { resourceLimits: YOUNG_GENERATION });
  worker.setMaxListeners(0);
  return worker;
}

/** The canonical ABI of jco's tools makes much garbage, and memory matters more than rare collections. */
const YOUNG_GENERATION = { maxYoungGenerationSizeMb: 8 };
