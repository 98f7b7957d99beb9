import { shortened } from "./shortened.js";
import { stackParts } from "./stack-frames.js";

/** V8 keeps 10 frames of a stack, and the host's own are about as many. */
export const STACK_DEPTH = 50;

/** Makes an error whose stack reaches the guest's own code, below the frames of host, adapter and libc. */
export function withDeepStack<T extends Error>(make: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = STACK_DEPTH;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/** How long each of the two parts of a guest's frame may be: what is called, and where that is. */
const MAX_PART = 300;
/** An error's message comes before its frames. */
const MAX_LINE = 10_000;

/**
 * An error's stack as V8 writes it, in parts that have an end: a guest calls its functions and modules what it likes, and
 * V8 has no stack where that is more than a text can hold.
 */
export function stackOf(error: Error): string {
  try {
    return stackParts(error.stack ?? "")
      .map(shortenedFrame)
      .join("\n");
  } catch {
    return "";
  }
}

function shortenedFrame(part: string): string {
  const place = part.lastIndexOf("wasm://");
  if (place < 0 || !part.startsWith("    at ")) return shortened(part, MAX_LINE);
  return withoutMiddle(part.slice(0, place)) + withoutMiddle(part.slice(place));
}

/** The end says where it is in the module. */
function withoutMiddle(text: string): string {
  if (text.length <= MAX_PART) return text;
  return Buffer.from(`${text.slice(0, MAX_PART / 2)}…${text.slice(-MAX_PART / 2)}`).toString();
}
