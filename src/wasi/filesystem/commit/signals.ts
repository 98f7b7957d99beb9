import { setImmediate } from "node:timers/promises";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Runs something that no signal is to end halfway. What came meanwhile has its effect afterwards. */
export async function withSignalsDeferred<T>(work: () => T): Promise<T> {
  // Who has a handler is told as ever.
  const unhandled = SIGNALS.filter((signal) => process.listenerCount(signal) === 0);
  const received = new Set<NodeJS.Signals>();
  const note = (signal: NodeJS.Signals) => void received.add(signal);
  for (const signal of SIGNALS) process.on(signal, note);
  try {
    return work();
  } finally {
    // Node tells of signals where it polls, which is not between every point of a turn and its end.
    await setImmediate();
    await setImmediate();
    for (const signal of SIGNALS) process.off(signal, note);
    for (const signal of unhandled) if (received.has(signal)) process.kill(process.pid, signal);
  }
}
