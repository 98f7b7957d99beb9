import { Worker } from "node:worker_threads";
import { ComponentInitError } from "../errors.js";
import type { Glue } from "./glue.js";
import { patchGlue } from "./glue-patches.js";
import type { JcoAnswer, JcoRequest } from "./jco-worker.js";

/**
 * jco in a thread of its own: a panic leaves its WebAssembly unusable for good ("cannot enter component instance"), and
 * the caller's thread goes on meanwhile. The thread starts with the first request and answers them in order.
 */
export class JcoThread {
  private worker: Worker | undefined;
  private requests = 0;

  /** @param component - Function bodies and data may be left out where no async ABI is used: bindgen does not read them. */
  async generate(
    component: Uint8Array,
    moduleCount: number,
    { isAsync = false, map = [] }: { isAsync?: boolean; map?: [string, string][] } = {},
  ): Promise<Glue> {
    const answer = await this.request({ kind: "generate", component, moduleCount, map }).catch((error: Error) => ({
      error: error.message,
    }));
    if ("glue" in answer) return { ...answer.glue, source: patchGlue(answer.glue.source, isAsync) };
    const reason = "error" in answer ? answer.error : "no answer";
    throw new ComponentInitError("unsupported", `jco cannot generate bindings for this component: ${reason}`);
  }

  /** @returns what is wrong with a component; `undefined` when it is valid */
  async validate(component: Uint8Array): Promise<string | undefined> {
    const answer = await this.request({ kind: "validate", component });
    return "error" in answer ? answer.error : undefined;
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
