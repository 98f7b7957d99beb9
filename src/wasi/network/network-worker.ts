import { parentPort, workerData } from "node:worker_threads";
import type { Command, FromNetwork, NetworkEvent, OpenCommand, ToNetwork } from "./protocol.js";
// Node runs this file as it is in tests, and looks for no other extension than the one that is written.
import { startRequest } from "./remote/http.ts";
import { Names } from "./remote/names.ts";
import type { Post, Remote } from "./remote/remote.ts";
import { connect } from "./remote/tcp.ts";
import { bind } from "./remote/udp.ts";

const { port, signal } = workerData as { readonly port: MessagePort; readonly signal: Int32Array };
const names = new Names();
const open = new Map<number, Remote>();

function post(id: number, event: NetworkEvent | { readonly event: "closed" }): void {
  const message: FromNetwork = { id, ...event };
  port.postMessage(message, "bytes" in event ? [event.bytes.buffer as ArrayBuffer] : []);
  // The host's thread is waiting in here: it cannot be told by a message.
  Atomics.add(signal, 0, 1);
  Atomics.notify(signal, 0);
}

function postFailure(id: number, error: unknown): void {
  const { code = "", message } = error as { readonly code?: string; readonly message: string };
  post(id, { event: "failed", code, message });
}

/** @param onClosed - told when nothing is left of it */
function openRemote(command: OpenCommand, post: Post, onClosed: () => void): Remote | undefined {
  switch (command.op) {
    case "resolve":
      names
        .resolve(command.name)
        .then(
          (addresses) => post({ event: "resolved", name: command.name, addresses }),
          (error) => post({ event: "failed", code: error.code ?? "", message: error.message }),
        )
        .finally(onClosed);
      return undefined;
    case "connect":
      return connect(command.remote, command.local, post, onClosed);
    case "bind":
      return bind(command.family, command.local, post, onClosed);
    case "request":
      return startRequest(command.request, names, post, onClosed);
  }
}

function handle({ id, ...command }: ToNetwork): void {
  if (!isOpening(command)) {
    open.get(id)?.handle(command);
    if (command.op === "close") open.delete(id);
    return;
  }
  const onClosed = () => post(id, { event: "closed" });
  try {
    const remote = openRemote(command, (event) => post(id, event), onClosed);
    if (remote !== undefined) open.set(id, remote);
  } catch (error) {
    postFailure(id, error);
    onClosed();
  }
}

function isOpening(command: OpenCommand | Command): command is OpenCommand {
  return ["resolve", "connect", "bind", "request"].includes(command.op);
}

parentPort?.postMessage("ready");
parentPort?.on("message", (message: ToNetwork | "close") => {
  if (message === "close") {
    // What is on its way still leaves; then nothing keeps the thread.
    parentPort?.close();
    port.close();
    for (const remote of open.values()) remote.handle({ op: "close" });
    return;
  }
  try {
    handle(message);
  } catch (error) {
    postFailure(message.id, error);
  }
});
