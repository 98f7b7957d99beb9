import type { HostContext } from "./context.js";
import type { ErrorCode } from "./filesystem/error-code.js";
import { type HandleOrigin, Resource } from "./handles.js";

/** The resource `error` of `wasi:io/error`. */
export class IoError extends Resource {
  /** What `filesystem-error-code` makes of it. */
  readonly code: ErrorCode;

  constructor({ handles }: HostContext, code: ErrorCode, origin: HandleOrigin) {
    super(handles, { type: "error", interface: "wasi:io/error" }, origin);
    this.code = code;
  }

  toDebugString(): string {
    return `file system error: ${this.code}`;
  }
}
