// The process in which `preinitializeIsolated` runs the guest.
import type { PhaseListener, PreinitializeOptions } from "../preinitialize.js";
import { tuneEngine } from "./engine-flags.js";
import { writeFrame } from "./frames.js";
import { holdLifeline } from "./lifeline.js";
import { MESSAGES, type Message, type Request, send } from "./messages.js";

/** How much of the output a message carries: each is held twice while it is on its way. */
const CHUNK_SIZE = 2 ** 24;

function tell(message: Message): void {
  writeFrame(MESSAGES, message);
}

async function work({ bytes, options, listeners }: Request): Promise<void> {
  try {
    const { preinitializeToChunks } = await import("../preinitialize.js");
    const { chunks, report } = await preinitializeToChunks(bytes, { ...options, ...tellers(listeners) });
    for (const chunk of chunks) tellChunk(chunk);
    tell({ kind: "done", report });
  } catch (error) {
    tell({ kind: "failed", error: send(error) });
  }
}

function tellChunk(chunk: Uint8Array): void {
  for (let at = 0; at < chunk.length; at += CHUNK_SIZE) {
    tell({ kind: "chunk", bytes: chunk.subarray(at, at + CHUNK_SIZE) });
  }
}

/** Listeners that pass on what they are told. A guest that says more than is read waits. */
function tellers(listeners: Request["listeners"]): Pick<PreinitializeOptions, "onHostCall" | "onOutput" | "onPhase"> {
  const onPhase: PhaseListener = {
    start: (phase) => tell({ kind: "phase-started", phase }),
    end: (phase, ms) => tell({ kind: "phase-ended", phase, ms }),
  };
  return {
    onPhase,
    ...(listeners.includes("onOutput") && {
      onOutput: (stream: "stdout" | "stderr", bytes: Uint8Array) => tell({ kind: "output", stream, bytes }),
    }),
    ...(listeners.includes("onHostCall") && {
      onHostCall: (call: Extract<Message, { kind: "host-call" }>["call"]) => tell({ kind: "host-call", call }),
    }),
  };
}

holdLifeline();
tuneEngine();
process.once("message", (request: Request) => {
  // Nothing that the guest or an import's module has left running keeps the process.
  work(request).finally(() => process.exit());
});
