import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { ComponentInitError } from "../errors.js";
import type { Activity } from "../isolate/activity.js";
import { crashed } from "../isolate/crash.js";
import { Deadline } from "../isolate/deadline.js";

/** What the process that does the work tells the one that watches it. */
export type Progressed =
  /** How long all of it may take, in milliseconds. */
  | { readonly timeout: number }
  | { readonly begins: Activity }
  | { readonly ends: Activity }
  /** Everything is done. */
  | { readonly done: true };

/** Tells the process that does the work that another one watches it. */
const WATCHED = "COMPONENT_INIT_WATCHED";

export function isWatched(): boolean {
  return process.env[WATCHED] === "1" && process.send !== undefined;
}

/** Tells the process that watches this one, if there is one. */
export function tell(progressed: Progressed): void {
  if (isWatched()) process.send?.(progressed);
}

/** Tells what this process does. */
export async function during<T>(activity: Activity, work: () => Promise<T>): Promise<T> {
  tell({ begins: activity });
  const result = await work();
  tell({ ends: activity });
  return result;
}

/**
 * Runs the command line in a process of its own. Whatever the guest does to that one (it never returns, it makes the
 * engine crash, the system kills it for its memory), this one says so and ends.
 *
 * @returns the exit code
 * @throws ComponentInitError `timeout`, `crashed`
 */
export async function supervise(argv: readonly string[]): Promise<number> {
  const { execa } = await import("execa");
  const main = fileURLToPath(new URL("main.js", import.meta.url));
  const child = execa(process.execPath, [...process.execArgv, main, ...argv], {
    stdio: ["inherit", "inherit", "inherit", "pipe"],
    ipc: true,
    buffer: false,
    reject: false,
    // What is being committed when a signal comes is carried through or taken back, however long that takes.
    forceKillAfterDelay: false,
    env: { [WATCHED]: "1" },
  });
  const endForwarding = forwardSignals((signal) => child.kill(signal));
  const deadline = new Deadline((signal) => child.kill(signal));
  const [{ exitCode, signal, originalMessage }, isDone] = await Promise.all([
    child,
    noteEach(child.getEachMessage({ reference: false }), deadline),
  ]);
  endForwarding();
  deadline.stop();
  deadline.check();
  if (signal !== undefined) return endAs(signal);
  if (exitCode === undefined) throw new ComponentInitError("crashed", `cannot run a process: ${originalMessage}`);
  if (!isDone) throw endedEarly(exitCode);
  return exitCode;
}

/** @returns whether the process has said that it is done */
async function noteEach(messages: AsyncIterable<unknown>, deadline: Deadline): Promise<boolean> {
  let isDone = false;
  try {
    for await (const message of messages) {
      note(message as Progressed, deadline);
      isDone = "done" in (message as Progressed);
    }
  } catch {
    // How the process ended says more.
  }
  return isDone;
}

function endedEarly(exitCode: number): ComponentInitError {
  return new ComponentInitError(
    "crashed",
    `the process that ran the initialization ended with ${exitCode} before it was done: does a module for an import call ` +
      "process.exit, or leave an error uncaught?",
  );
}

function note(progressed: Progressed, deadline: Deadline): void {
  if ("timeout" in progressed) deadline.set(progressed.timeout);
  else if ("begins" in progressed) deadline.begin(progressed.begins);
  else if ("ends" in progressed) deadline.end(progressed.ends);
  else deadline.stop();
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

function forwardSignals(forward: (signal: NodeJS.Signals) => void): () => void {
  for (const signal of SIGNALS) process.on(signal, forward);
  return () => {
    for (const signal of SIGNALS) process.removeListener(signal, forward);
  };
}

/** A signal that somebody sent ends this process in the same way; others are the system's or the engine's. */
function endAs(signal: NodeJS.Signals): number {
  if ((SIGNALS as readonly string[]).includes(signal)) {
    process.kill(process.pid, signal);
    // In case something in this process keeps the signal from ending it.
    return 128 + constants.signals[signal];
  }
  throw crashed(signal);
}
