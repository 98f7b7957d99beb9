import { type SocketError, socketErrorOf } from "../failure.js";
import type { NetworkFailure } from "../protocol.js";

/** Those of 0.2 that 0.3 has no case for. */
type Unnamed = "unknown" | "new-socket-limit" | "not-in-progress" | "would-block";

/**
 * `error-code` of `wasi:sockets/types` and, as far as names are concerned, of `wasi:sockets/ip-name-lookup`: variants, in
 * 0.2 one enum.
 */
export type ErrorCode03 =
  | { readonly tag: Exclude<SocketError, Unnamed> | "connection-broken" | "out-of-memory" }
  | { readonly tag: "other"; readonly val: string | undefined };

/** Throws it as it is: that is how the error case of a `result` is known. */
export function failSocket03(tag: Exclude<ErrorCode03["tag"], "other">): never {
  throw { tag } satisfies ErrorCode03;
}

export function errorCodeOf(failure: NetworkFailure): ErrorCode03 {
  if (failure.code === "EPIPE") return { tag: "connection-broken" };
  return toErrorCode03(socketErrorOf(failure), failure.message);
}

function toErrorCode03(error: SocketError, message?: string): ErrorCode03 {
  switch (error) {
    case "unknown":
      return { tag: "other", val: message };
    case "new-socket-limit":
    case "not-in-progress":
    case "would-block":
      return { tag: "other", val: error };
    default:
      return { tag: error };
  }
}

/** Does what throws the codes of 0.2. */
export function attempt03<T>(operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw typeof error === "string" ? toErrorCode03(error as SocketError) : error;
  }
}
