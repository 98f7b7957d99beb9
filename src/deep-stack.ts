/** V8 keeps 10 frames of a stack, and the host's own are about as many. */
const DEPTH = 50;

/** Makes an error whose stack reaches the guest's own code, below the frames of host, adapter and libc. */
export function withDeepStack<T extends Error>(make: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = DEPTH;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = limit;
  }
}
