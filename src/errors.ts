import { asLine } from "./visible.js";

/**
 * What went wrong, as a stable name for programs. The message is for people.
 *
 * - `malformed`: the input is not what the binary format says it must be (the message names the byte offset)
 * - `not-a-component`: the input is something else: a core module, text, an archive
 * - `unsupported`: valid, but this version cannot pre-initialize it without risking a wrong result
 * - `init-not-found`, `init-ambiguous`, `init-signature`: the init function cannot be chosen or called as asked
 * - `init-failed`: init returned `err(...)`; `init-trapped`: it trapped; `init-exited`: it exited with a non-zero code
 * - `not-granted`: init used something of the host that was not granted
 * - `live-handles`: init ended with host resources open; `live-tasks`: with async calls that have not ended
 * - `timeout`: init took longer than was allowed; `crashed`: the process that ran it died
 * - `link-failed`: libraries do not fit together: a missing one, unresolved symbols, types that differ
 * - `plan-mismatch`: a linking plan is none, or of another component or other libraries
 * - `no-correspondence`: a staged rewrite found no core instance for a snapshotted one
 * - `invalid-output`: the rewritten component did not validate, which is a defect of this package
 * - `invalid-option`: an option or argument has no meaning
 * - `io`: a file could not be read or written
 */
export type ErrorCode =
  | "malformed"
  | "not-a-component"
  | "unsupported"
  | "init-not-found"
  | "init-ambiguous"
  | "init-signature"
  | "init-failed"
  | "init-trapped"
  | "init-exited"
  | "not-granted"
  | "live-handles"
  | "live-tasks"
  | "timeout"
  | "crashed"
  | "link-failed"
  | "plan-mismatch"
  | "no-correspondence"
  | "invalid-output"
  | "invalid-option"
  | "io";

/**
 * Every error that a caller can act on. Its `message` is one sentence: what is wrong, where, and what to do. It is a line
 * that a terminal can show, and so are the details, whatever the component and the guest have put into it.
 */
export class ComponentInitError extends Error {
  override readonly name = "ComponentInitError";
  /** Lines that belong below the message: a guest's stack, its standard error. */
  readonly details: readonly string[];

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: { cause?: unknown; details?: readonly string[] } = {},
  ) {
    super(asLine(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.details = (options.details ?? []).map(asLine);
  }
}
