import { type SocketError, socketErrorOf } from "../failure.js";
import type { NetworkFailure } from "../protocol.js";

/** The cases of `error-code` in `wasi:sockets/types` that 0.2 has, too. In 0.3 they are a variant. */
const SOCKET_CASES = [
  "access-denied",
  "not-supported",
  "invalid-argument",
  "timeout",
  "invalid-state",
  "address-not-bindable",
  "address-in-use",
  "remote-unreachable",
  "connection-refused",
  "connection-reset",
  "connection-aborted",
  "datagram-too-large",
] as const satisfies SocketError[];

/** Those of `error-code` in `wasi:sockets/ip-name-lookup`. */
const LOOKUP_CASES = [
  "access-denied",
  "invalid-argument",
  "name-unresolvable",
  "temporary-resolver-failure",
  "permanent-resolver-failure",
] as const satisfies SocketError[];

type Variant<Case extends string> = { readonly tag: Case } | { readonly tag: "other"; readonly val: string };

export type ErrorCode03 = Variant<(typeof SOCKET_CASES)[number] | "connection-broken" | "out-of-memory">;
export type LookupError03 = Variant<(typeof LOOKUP_CASES)[number]>;

/** Throws it as it is: that is how the error case of a `result` is known. */
export function failSocket03(tag: Exclude<ErrorCode03["tag"], "other">): never {
  throw { tag };
}

export function errorCodeOf(failure: NetworkFailure): ErrorCode03 {
  if (failure.code === "EPIPE") return { tag: "connection-broken" };
  return toVariant(SOCKET_CASES, socketErrorOf(failure), failure.message);
}

export function lookupErrorOf(failure: NetworkFailure): LookupError03 {
  return toVariant(LOOKUP_CASES, socketErrorOf(failure), failure.message);
}

function toVariant<Case extends SocketError>(
  cases: readonly Case[],
  error: SocketError,
  message: string,
): Variant<Case> {
  const tag = cases.find((one) => one === error);
  return tag === undefined ? { tag: "other", val: message } : { tag };
}

/** Does what throws the codes of 0.2. Those of both interfaces are among the sockets'. */
export function attempt03<T>(operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw typeof error === "string" ? toVariant(SOCKET_CASES, error as SocketError, error) : error;
  }
}
