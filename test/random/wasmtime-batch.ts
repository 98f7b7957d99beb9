import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Call } from "../support/session.js";
import type { Life } from "./v8.js";

const SCRIPT = fileURLToPath(new URL("wasmtime_batch.py", import.meta.url));
const VENV_PYTHON = fileURLToPath(new URL("../../.cache/wasmtime-venv/bin/python", import.meta.url));

interface Waiting {
  readonly name: string;
  readonly resolve: (life: Life) => void;
}

/**
 * One Wasmtime process for many components, which works while this process goes on. Answers come in the order of the
 * requests; when the process crashes, the case at work gets that as its outcome and a new process takes the others.
 */
export class WasmtimeBatch {
  private child: ChildProcess | undefined;
  private readonly waiting: (Waiting & { readonly line: string })[] = [];
  private requests = 0;

  /** @param waits - whether functions may wait, which a component with async functions needs */
  live(name: string, component: Uint8Array, calls: readonly Call[], waits = false): Promise<Life> {
    const id = this.requests++;
    const request = {
      id,
      component: Buffer.from(component).toString("base64"),
      calls: calls.map((call) => ({ export: call.export, args: call.args ?? [] })),
      waits,
    };
    const line = `${JSON.stringify(request)}\n`;
    return new Promise((resolve) => {
      this.waiting.push({ name, resolve, line });
      if (this.child === undefined) this.start();
      else this.child.stdin?.write(line);
    });
  }

  close(): void {
    this.child?.stdin?.end();
    this.child = undefined;
  }

  private start(): void {
    const python = process.env.COMPONENT_INIT_PYTHON || VENV_PYTHON;
    const child = spawn(python, [SCRIPT], { stdio: ["pipe", "pipe", "pipe"] });
    this.child = child;
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => (errors = (errors + chunk).slice(-4000)));
    // The pipe breaks when the process crashes, which `close` reports.
    child.stdin.on("error", () => undefined);
    createInterface({ input: child.stdout }).on("line", (line) => {
      const { id: _, ...life } = JSON.parse(line) as { id: number } & Life;
      this.waiting.shift()?.resolve(life);
    });
    child.on("error", (error) => this.crashed(child, error.message));
    child.on("close", (code, signal) => this.crashed(child, `exit code ${code}, signal ${signal}: ${errors}`));
    for (const { line } of this.waiting) child.stdin.write(line);
  }

  private crashed(child: ChildProcess, reason: string): void {
    if (this.child !== child) return;
    this.child = undefined;
    const atWork = this.waiting.shift();
    atWork?.resolve({ failure: `the Wasmtime process ended in ${atWork.name}: ${reason}` });
    if (this.waiting.length > 0) this.start();
  }
}
