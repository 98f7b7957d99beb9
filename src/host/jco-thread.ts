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
  private isClosing = false;
  private readonly pending: { resolve: (answer: JcoAnswer) => void; reject: (error: Error) => void }[] = [];

  /** @param component - Function bodies and data may be left out where no async ABI is used: bindgen does not read them. */
  async generate(component: Uint8Array): Promise<Glue> {
    const answer = await this.request({ kind: "generate", component }).catch((error: Error) => ({
      error: error.message,
    }));
    if ("glue" in answer) return { ...answer.glue, source: patchGlue(answer.glue.source) };
    const reason = "error" in answer ? answer.error : "no answer";
    throw new ComponentInitError("unsupported", `jco cannot generate bindings for this component: ${reason}`);
  }

  /** @returns what is wrong with a component; `undefined` when it is valid */
  async validate(component: Uint8Array): Promise<string | undefined> {
    const answer = await this.request({ kind: "validate", component });
    return "error" in answer ? answer.error : undefined;
  }

  /** Ends the thread when it has answered everything, to free its memory; a later request starts another one. */
  closeWhenIdle(): void {
    this.isClosing = true;
    if (this.pending.length === 0) void this.close();
  }

  async close(): Promise<void> {
    const { worker } = this;
    this.worker = undefined;
    await worker?.terminate();
  }

  private request(request: JcoRequest): Promise<JcoAnswer> {
    this.worker ??= this.start();
    return new Promise((resolve, reject) => {
      this.pending.push({ resolve, reject });
      this.worker?.postMessage(request);
    });
  }

  private start(): Worker {
    const worker = new Worker(new URL("./jco-worker.js", import.meta.url), { resourceLimits: YOUNG_GENERATION });
    worker.on("message", (answer: JcoAnswer) => {
      this.pending.shift()?.resolve(answer);
      if (this.isClosing && this.pending.length === 0) void this.close();
    });
    worker.on("error", (error) => this.fail(worker, error instanceof Error ? error : new Error(String(error))));
    worker.on("exit", (code) => this.fail(worker, new Error(`its thread ended with code ${code}`)));
    return worker;
  }

  private fail(worker: Worker, error: Error): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    for (const { reject } of this.pending.splice(0)) reject(error);
  }
}

/** The canonical ABI of jco's tools makes much garbage, and memory matters more than rare collections. */
const YOUNG_GENERATION = { maxYoungGenerationSizeMb: 8 };
