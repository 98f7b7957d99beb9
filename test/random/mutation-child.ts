import { ComponentInitError, type PhaseListener, preinitialize } from "../../src/index.js";
import { JcoThread } from "../../src/jco/jco-thread.js";
import { runPhases } from "../../src/preinitialize.js";
import { validate } from "../support/wat.js";

/** Runs `preinitialize` on what may be broken, and tells the parent how far it got. */

export interface MutationRequest {
  readonly id: number;
  readonly component: string;
  readonly initFunc: string;
}

export type MutationResult =
  | { readonly kind: "refused"; readonly code: string; readonly message: string }
  | { readonly kind: "output" }
  | { readonly kind: "defect"; readonly what: string };

export type MutationReport =
  | { readonly id: number; readonly phase: string | undefined }
  | {
      readonly id: number;
      readonly result: MutationResult /** What the run says after a panic of jco's. */;
      readonly panic: string | undefined;
    };

/** What a panic of jco's looks like, or a jco that panicked before. */
const PANIC =
  /\bunreachable\b|cannot enter component instance|memory access out of bounds|null function|its thread ended/i;

let thread = new JcoThread();

async function attempt(run: () => Promise<Uint8Array>): Promise<MutationResult> {
  let output: Uint8Array;
  try {
    output = await run();
  } catch (error) {
    if (!(error instanceof ComponentInitError)) return { kind: "defect", what: `threw ${stackOf(error)}` };
    const { code, message } = error;
    if (code === "invalid-output") return { kind: "defect", what: `${code}: ${message}` };
    return { kind: "refused", code, message };
  }
  try {
    await validate(output);
    return { kind: "output" };
  } catch (error) {
    const reason = (error as { payload?: unknown }).payload ?? stackOf(error);
    return { kind: "defect", what: `the output is not valid: ${reason}` };
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function textOf(result: MutationResult): string {
  if (result.kind === "refused") return result.code === "unsupported" ? result.message : "";
  return result.kind === "defect" ? result.what : "";
}

async function handle({ id, component, initFunc }: MutationRequest): Promise<void> {
  const bytes = Buffer.from(component, "base64");
  const onPhase: PhaseListener = {
    start: (phase) => report({ id, phase }),
    end: () => report({ id, phase: undefined }),
  };
  let result = await attempt(async () => {
    const { chunks } = await runPhases(bytes, { initFunc, onPhase }, thread);
    return Buffer.concat(chunks);
  });
  const panicked = PANIC.test(textOf(result));
  const panic = panicked ? textOf(result) : undefined;
  if (panicked || result.kind === "defect") {
    // The shared thread may have suffered from an earlier case; the product has a new one for each run.
    await thread.close();
    thread = new JcoThread();
    result = await attempt(async () => (await preinitialize(bytes, { initFunc, onPhase })).component);
  }
  report({ id, result, panic });
}

function report(message: MutationReport): void {
  process.send?.(message);
}

let last = Promise.resolve();
process.send?.({ ready: true });
process.on("message", (request: MutationRequest) => {
  last = last.then(() => handle(request));
});
