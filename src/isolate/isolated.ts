import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { ComponentInitError } from "../errors.js";
import type { Preinitialized, PreinitializeOptions } from "../preinitialize.js";
import { crashed } from "./crash.js";
import { checkTimeout, Deadline } from "./deadline.js";
import { readFrames } from "./frames.js";
import { MESSAGES, type Request, type SendableOptions } from "./messages.js";
import { Receiver } from "./receiver.js";

/**
 * Pre-initializes in a process of its own. Whatever the guest does to that one (it never returns, it makes the engine
 * crash, the system kills it for its memory) is an error here.
 *
 * @throws ComponentInitError `timeout`, `crashed`, and what the work itself throws
 */
export async function preinitializeIsolated(bytes: Uint8Array, options: PreinitializeOptions): Promise<Preinitialized> {
  const { timeout } = options;
  if (timeout !== undefined) checkTimeout(timeout);
  const { execa } = await import("execa");
  const child = execa(process.execPath, [fileURLToPath(new URL("isolated-process.js", import.meta.url))], {
    stdio: ["ignore", "inherit", "inherit", "pipe", "pipe"],
    ipc: true,
    ipcInput: request(bytes, options),
    serialization: "advanced",
    buffer: false,
    reject: false,
    forceKillAfterDelay: false,
  });
  const kill = () => child.kill("SIGKILL");
  const deadline = new Deadline((signal) => child.kill(signal));
  if (timeout !== undefined) deadline.set(timeout);
  const receiver = new Receiver(options, deadline);
  const [{ signal, exitCode, originalMessage }] = await Promise.all([
    child,
    receiver.receive(readFrames(child.stdio[MESSAGES] as Readable), kill),
  ]);
  deadline.stop();
  deadline.check();
  const { result } = receiver;
  if (result !== undefined) return result;
  if (signal !== undefined) throw crashed(signal);
  const how = exitCode === undefined ? originalMessage : `it ended with ${exitCode}`;
  throw new ComponentInitError("crashed", `the process that ran the initialization gave no answer: ${how}`);
}

function request(bytes: Uint8Array, { imports, ...options }: PreinitializeOptions): Request {
  if (imports !== undefined) {
    const instead = "give paths of ES modules in importModules instead";
    throw new ComponentInitError("invalid-option", `imports: functions cannot go to another process: ${instead}`);
  }
  const { onHostCall, onOutput, onPhase, importModules = {}, ...rest } = options;
  const modules = Object.entries(importModules).map(([name, module]) => [
    name,
    module instanceof URL ? fileURLToPath(module) : module,
  ]);
  const sendable: SendableOptions = { ...rest, importModules: Object.fromEntries(modules) };
  const listeners = { onHostCall, onOutput, onPhase };
  const present = (Object.keys(listeners) as (keyof typeof listeners)[]).filter((name) => listeners[name]);
  return { bytes, options: sendable, listeners: present };
}
