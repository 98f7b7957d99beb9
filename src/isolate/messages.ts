import { stackOf } from "../deep-stack.js";
import { ComponentInitError, type ErrorCode } from "../errors.js";
import type { HostCall } from "../host/trace.js";
import type { PreinitializeOptions } from "../preinitialize.js";
import type { PhaseName, Report } from "../report.js";

/** What another process can be told: functions stay here. */
export type SendableOptions = Omit<
  PreinitializeOptions,
  Listener | "imports" | "importModules" | "isolate" | "timeout"
> & {
  readonly importModules?: Readonly<Record<string, string>>;
};

type Listener = "onHostCall" | "onOutput" | "onPhase";

/** The one message to the process that does the work. */
export interface Request {
  readonly bytes: Uint8Array;
  readonly options: SendableOptions;
  /** Which listeners there are: what nobody listens to is not sent. */
  readonly listeners: readonly Listener[];
}

/** The file descriptor that it writes messages to. */
export const MESSAGES = 4;

/** The messages from it, in order; the last is `failed` or `done`. */
export type Message =
  | { readonly kind: "phase-started"; readonly phase: PhaseName }
  | { readonly kind: "phase-ended"; readonly phase: PhaseName; readonly ms: number }
  | { readonly kind: "output"; readonly stream: "stdout" | "stderr"; readonly bytes: Uint8Array }
  | { readonly kind: "host-call"; readonly call: HostCall }
  /** The next part of the output. */
  | { readonly kind: "chunk"; readonly bytes: Uint8Array }
  | { readonly kind: "done"; readonly report: Report }
  | { readonly kind: "failed"; readonly error: SentError };

export interface SentError {
  /** None for what is a defect. */
  readonly code?: ErrorCode;
  readonly message: string;
  readonly details: readonly string[];
  readonly stack: string;
}

/** An error as messages can carry it. */
export function send(error: unknown): SentError {
  if (!(error instanceof Error)) return { message: String(error), details: [], stack: "" };
  const plain = { message: error.message, stack: stackOf(error) };
  return error instanceof ComponentInitError
    ? { ...plain, code: error.code, details: error.details }
    : { ...plain, details: [] };
}

/** The error that was sent, with the stack that it had. */
export function revive({ code, message, details, stack }: SentError): Error {
  const error = code === undefined ? new Error(message) : new ComponentInitError(code, message, { details });
  if (stack !== "") error.stack = stack;
  return error;
}
