// The process in which `preinitializeIsolated` runs the guest.
import type { PhaseListener, PreinitializeOptions } from "../preinitialize.js";
import { tuneEngine } from "./engine-flags.js";
import { holdLifeline } from "./lifeline.js";
import { type Message, type Request, send } from "./messages.js";

/** How much of the output a message carries: each is held twice while it is on its way. */
const CHUNK_SIZE = 2 ** 24;

function tell(message: Message): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(message, undefined, undefined, (error) => (error ? reject(error) : resolve()));
  });
}

async function work({ bytes, options, listeners }: Request): Promise<void> {
  try {
    const { preinitializeToChunks } = await import("../preinitialize.js");
    const { chunks, report } = await preinitializeToChunks(bytes, { ...options, ...tellers(listeners) });
    for (const chunk of chunks) await tellChunk(chunk);
    await tell({ kind: "done", report });
  } catch (error) {
    await tell({ kind: "failed", error: send(error) });
  }
}

async function tellChunk(chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; at += CHUNK_SIZE) {
    await tell({ kind: "chunk", bytes: chunk.subarray(at, at + CHUNK_SIZE) });
  }
}

/** Listeners that pass on what they are told. The guest does not wait until it has arrived. */
function tellers(listeners: Request["listeners"]): Pick<PreinitializeOptions, "onHostCall" | "onOutput" | "onPhase"> {
  const onPhase: PhaseListener = {
    start: (phase) => void tell({ kind: "phase-started", phase }),
    end: (phase, ms) => void tell({ kind: "phase-ended", phase, ms }),
  };
  return {
    onPhase,
    ...(listeners.includes("onOutput") && {
      onOutput: (stream: "stdout" | "stderr", bytes: Uint8Array) => void tell({ kind: "output", stream, bytes }),
    }),
    ...(listeners.includes("onHostCall") && {
      onHostCall: (call: Extract<Message, { kind: "host-call" }>["call"]) => void tell({ kind: "host-call", call }),
    }),
  };
}

holdLifeline();
tuneEngine();
process.once("message", (request: Request) => {
  // Nothing that the guest or an import's module has left running keeps the process.
  work(request).finally(() => process.exit());
});
