import type { HostContext } from "./context.js";
import type { ErrorCode } from "./filesystem/error-code.js";
import { type HandleOrigin, Resource } from "./handles.js";
import type { NetworkFailure } from "./network/protocol.js";

/** The resource `error` of `wasi:io/error`. */
export class IoError extends Resource {
  /** What `filesystem-error-code` makes of it. */
  readonly code: ErrorCode | undefined;
  /** What `http-error-code` and `network-error-code` make of it. */
  readonly network: NetworkFailure | undefined;

  constructor({ handles }: HostContext, failure: ErrorCode | NetworkFailure, origin: HandleOrigin) {
    super(handles, { type: "error", interface: "wasi:io/error" }, origin);
    this.code = typeof failure === "string" ? failure : undefined;
    this.network = typeof failure === "string" ? undefined : failure;
  }

  toDebugString(): string {
    return this.network === undefined ? `file system error: ${this.code}` : `network error: ${this.network.message}`;
  }
}
