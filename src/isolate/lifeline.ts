import { Worker } from "node:worker_threads";

/** The file descriptor of the pipe that ends when the watching process does, however that happens. */
export const LIFELINE = 3;

/**
 * Ends this process when the one that watches it is gone. In a thread, because a guest that never returns keeps the main
 * one from noticing anything.
 */
export function holdLifeline(): void {
  const worker = new Worker(WATCH, { eval: true, workerData: LIFELINE, stdin: false });
  worker.on("error", () => undefined);
  worker.unref();
}

const WATCH = `
const { Socket } = require("node:net");
const { workerData } = require("node:worker_threads");
const end = () => process.kill(process.pid, "SIGKILL");
new Socket({ fd: workerData, readable: true, writable: false }).on("error", end).on("close", end).resume();
`;
