import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { MutationReport, MutationRequest, MutationResult } from "./mutation-child.js";

const CHILD = fileURLToPath(new URL("mutation-child.ts", import.meta.url));
const HOOKS = new URL("ts-hooks.mjs", import.meta.url).href;

export type Verdict =
  | MutationResult
  /** The guest's own code ran for longer than the limit: nothing of the tool's. */
  | { readonly kind: "guest loop" };

const LIMIT_MS = 10_000;
/** A process is replaced after so many cases, so that garbage of one does not count for another. */
const CASES_PER_PROCESS = 400;

/** A process that is replaced whenever a case kills it or takes too long. */
export class MutationRunner {
  private child: ChildProcess | undefined;
  private handled = 0;
  private requests = 0;
  /** What was reported where jco panicked, and how often. */
  readonly panics = new Map<string, number>();

  async run(component: Uint8Array, initFunc: string): Promise<Verdict> {
    if (this.handled >= CASES_PER_PROCESS) this.close();
    const child = (this.child ??= await start());
    this.handled++;
    const id = this.requests++;
    const request: MutationRequest = { id, component: Buffer.from(component).toString("base64"), initFunc };
    const verdict = await this.watch(child, request);
    if (verdict.kind === "guest loop" || child.exitCode !== null || child.signalCode !== null) this.close();
    return verdict;
  }

  close(): void {
    this.child?.kill("SIGKILL");
    this.child = undefined;
    this.handled = 0;
  }

  private watch(child: ChildProcess, request: MutationRequest): Promise<Verdict> {
    let errors = "";
    const onError = (chunk: Buffer) => (errors = (errors + chunk).slice(-3000));
    child.stderr?.on("data", onError);
    const running = new Set<string>();
    return new Promise<Verdict>((resolve) => {
      const timer = setTimeout(() => {
        // What hangs is killed; the process has nothing more to say.
        this.close();
        finish(running.has("initialize") ? { kind: "guest loop" } : hang(running));
      }, LIMIT_MS);
      const onMessage = (message: MutationReport) => {
        if (message.id !== request.id) return;
        if (!("result" in message)) {
          notePhase(running, message.phase);
          return;
        }
        if (message.panic !== undefined) this.panics.set(message.panic, (this.panics.get(message.panic) ?? 0) + 1);
        finish(message.result);
      };
      const onExit = (code: number | null, signal: string | null) => {
        this.close();
        finish({ kind: "defect", what: `the process ended with code ${code}, signal ${signal}: ${errors}` });
      };
      const finish = (verdict: Verdict) => {
        clearTimeout(timer);
        child.off("message", onMessage).off("exit", onExit);
        child.stderr?.off("data", onError);
        resolve(verdict);
      };
      child.on("message", onMessage).on("exit", onExit);
      child.send(request);
    });
  }
}

/** Of phases that run at once, it is enough to know the last that started. */
function notePhase(running: Set<string>, phase: string | undefined): void {
  running.clear();
  if (phase !== undefined) running.add(phase);
}

function hang(running: ReadonlySet<string>): Verdict {
  return { kind: "defect", what: `took more than ${LIMIT_MS} ms (phase: ${[...running].join() || "unknown"})` };
}

/** A process that cannot even start is no finding: it fails the test that asked for it. */
async function start(): Promise<ChildProcess> {
  const child = fork(CHILD, { execArgv: ["--import", HOOKS], stdio: ["ignore", "ignore", "pipe", "ipc"] });
  let errors = "";
  const onError = (chunk: Buffer) => (errors = (errors + chunk).slice(-3000));
  child.stderr?.on("data", onError);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onExit = () => reject(new Error(`the process for mutations did not start: ${errors}`));
  child.once("message", () => resolve()).once("exit", onExit);
  await promise;
  child.off("exit", onExit).stderr?.off("data", onError);
  return child;
}
