import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("wasmtime_runner.py", import.meta.url));

interface Waiting {
  readonly name: string;
  readonly line: string;
  readonly resolve: (answer: unknown) => void;
}

/** What came of a request that the process did not live to answer, or that it could not understand. */
export interface ProcessFailure {
  readonly failure: string;
}

/**
 * One Wasmtime process for many components, which works while this process goes on. Answers come in the order of the
 * requests; when the process crashes, the one at work gets that as its answer and a new process takes the others.
 */
export class WasmtimeProcess {
  private child: ChildProcess | undefined;
  private readonly waiting: Waiting[] = [];

  constructor(private readonly python: string) {}

  ask<Answer>(name: string, request: object): Promise<Answer | ProcessFailure> {
    const line = `${JSON.stringify(request)}\n`;
    return new Promise((resolve) => {
      this.waiting.push({ name, line, resolve: resolve as (answer: unknown) => void });
      if (this.child === undefined) this.start();
      else this.child.stdin?.write(line);
      this.keepAlive(true);
    });
  }

  close(): void {
    this.child?.stdin?.end();
    this.child = undefined;
  }

  /** Who waits for nothing need not close it. */
  private keepAlive(isWanted: boolean): void {
    const { child } = this;
    if (child === undefined) return;
    for (const one of [child, child.stdin, child.stdout, child.stderr] as unknown as NodeJS.Timeout[]) {
      if (isWanted) one.ref();
      else one.unref();
    }
  }

  private start(): void {
    const child = spawn(this.python, [SCRIPT], { stdio: ["pipe", "pipe", "pipe"] });
    this.child = child;
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => (errors = (errors + chunk).slice(-4000)));
    // The pipe breaks when the process crashes, which `close` reports.
    child.stdin.on("error", () => undefined);
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.waiting.shift()?.resolve(JSON.parse(line));
      if (this.waiting.length === 0) this.keepAlive(false);
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
