import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { ComponentInitError } from "../errors.js";

/** What the process that does the work tells the one that watches it. */
export interface Progressed {
  /** Whether the guest runs from now on, or does not any more. */
  readonly guest: "runs" | "ended";
  /** How long it may, in milliseconds. */
  readonly timeout?: number;
}

/** Tells the process that does the work that another one watches it. */
const WATCHED = "COMPONENT_INIT_WATCHED";

/** The pipe that ends when the watching process does, however that happens. */
export const LIFELINE = 3;

export function isWatched(): boolean {
  return process.env[WATCHED] === "1" && process.send !== undefined;
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
    env: { [WATCHED]: "1" },
  });
  const endForwarding = forwardSignals((signal) => child.kill(signal));
  const timer = new GuestTimer(() => child.kill("SIGKILL"));
  void noteEach(child.getEachMessage({ reference: false }), timer);
  const { exitCode, signal, originalMessage } = await child;
  endForwarding();
  timer.stop();
  if (timer.expired !== undefined) throw timedOut(timer.expired);
  if (signal !== undefined) return endAs(signal);
  if (exitCode === undefined) throw new ComponentInitError("crashed", `cannot run a process: ${originalMessage}`);
  return exitCode;
}

async function noteEach(messages: AsyncIterable<unknown>, timer: GuestTimer): Promise<void> {
  try {
    for await (const message of messages) timer.note(message as Progressed);
  } catch {
    // How the process ended says more.
  }
}

/** Counts while the guest runs. It cannot be interrupted from within its own process. */
class GuestTimer {
  /** The limit that was exceeded, in milliseconds. */
  expired: number | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly onExpiry: () => void) {}

  note({ guest, timeout }: Progressed): void {
    this.stop();
    if (guest !== "runs" || timeout === undefined) return;
    this.timer = setTimeout(() => {
      this.expired = timeout;
      this.onExpiry();
    }, timeout);
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

function forwardSignals(forward: (signal: NodeJS.Signals) => void): () => void {
  for (const signal of SIGNALS) process.on(signal, forward);
  return () => {
    for (const signal of SIGNALS) process.removeListener(signal, forward);
  };
}

function timedOut(milliseconds: number): ComponentInitError {
  return new ComponentInitError(
    "timeout",
    `initialization did not end within ${milliseconds / 1000} s: give it longer with --timeout, or find out what it waits for ` +
      "with --verbose",
  );
}

/** A signal that somebody sent ends this process in the same way; others are the system's or the engine's. */
function endAs(signal: NodeJS.Signals): number {
  if ((SIGNALS as readonly string[]).includes(signal)) {
    process.kill(process.pid, signal);
    // In case something in this process keeps the signal from ending it.
    return 128 + constants.signals[signal];
  }
  const reason =
    signal === "SIGKILL"
      ? "was killed, most likely because the system ran out of memory: allow the guest less with --max-memory"
      : `crashed (${signal}), which may be for lack of memory: allow the guest less with --max-memory, or report this`;
  throw new ComponentInitError("crashed", `the process that ran the initialization ${reason}`);
}
