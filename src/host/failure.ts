import { describeThrown, isError } from "../abi/thrown.js";
import { stackOf } from "../deep-stack.js";
import { ComponentInitError } from "../errors.js";
import { shortened } from "../shortened.js";
import { parseWasmFrame, stackFrames, type WasmFrame } from "../stack-frames.js";
import { GuestExit } from "../wasi/index.js";
import { shortenValue } from "./trace-values.js";

/** What the guest printed, kept within bounds. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

const MAX_LINES = 40;
/** What is shown of an error that a function returned, and of each text in it. */
const MAX_PAYLOAD = 2000;
const MAX_TEXT = 1000;

/**
 * Names a failed initialization for what it was: an error result, an exit, a refusal of the host, or a trap.
 *
 * @param notes - lines about what may have led to it
 */
export function initializationError(
  cause: unknown,
  what: string,
  output: Output,
  notes: readonly string[] = [],
): ComponentInitError {
  const explained = [...notes, ...printedBy(output)];
  if (cause instanceof ErrorResult) {
    const details = explained;
    return new ComponentInitError("init-failed", `${what} returned ${formatErr(cause.payload)}`, { cause, details });
  }
  if (cause instanceof GuestExit) {
    const message = `${what} exited with code ${cause.code}`;
    return new ComponentInitError("init-exited", message, { cause, details: explained });
  }
  const details = [...framesOf(cause), ...explained];
  if (cause instanceof ComponentInitError) {
    return new ComponentInitError(cause.code, cause.message, { cause, details: [...cause.details, ...details] });
  }
  return new ComponentInitError("init-trapped", `${what} trapped: ${reasonOf(cause)}`, { cause, details });
}

/** What the guest printed, for the lines below a message. */
export function printedBy({ stdout, stderr }: Output): string[] {
  return [...quote("stdout", stdout), ...quote("stderr", stderr)];
}

/** The `err` case of the result of an export. */
export class ErrorResult extends Error {
  constructor(readonly payload: unknown) {
    super("the function returned an error");
  }
}

function formatErr(payload: unknown): string {
  if (payload === undefined) return "an error";
  return `err(${shortened(JSON.stringify(shortenValue(payload, () => undefined, MAX_TEXT)), MAX_PAYLOAD)})`;
}

function reasonOf(cause: unknown): string {
  if (cause instanceof RangeError && /call stack/i.test(cause.message)) return "call stack exhausted";
  if (!isError(cause)) return describeThrown(cause);
  return WORDING[cause.message] ?? cause.message.replace(/^wasm trap: /, "");
}

/** V8's messages in Wasmtime's words, which users know. */
const WORDING: Readonly<Record<string, string>> = {
  unreachable: "wasm `unreachable` instruction executed",
  "memory access out of bounds": "out of bounds memory access",
  "table index is out of bounds": "undefined element: out of bounds table access",
  "divide by zero": "integer divide by zero",
  "divide result unrepresentable": "integer overflow",
  "float unrepresentable in integer range": "invalid conversion to integer",
};

function framesOf(cause: unknown): string[] {
  return wasmFrames(cause instanceof Error ? stackOf(cause) : "");
}

/** The WebAssembly frames of a stack, named by the name sections; the host's own frames say nothing to a user. */
export function wasmFrames(stack: string): string[] {
  const frames = guestFrames(stack, MAX_LINES);
  return frames.length === 0 ? [] : ["wasm stack:", ...frames];
}

/** The innermost frames of the guest. */
export function guestFrames(stack: string, count: number): string[] {
  const frames = stackFrames(stack).flatMap((frame) => parseWasmFrame(frame) ?? []);
  return frames.slice(0, count).map(formatFrame);
}

export function formatFrame({ name, module, func, offset }: WasmFrame): string {
  const number = module === undefined ? `function ${func}` : `${module}, function ${func}`;
  return `  at ${name ?? number} (${offset})`;
}

function quote(name: string, text: string): string[] {
  if (text.trim() === "") return [];
  const lines = text.trimEnd().split("\n");
  const cut = lines.length > MAX_LINES ? [`  … ${lines.length - MAX_LINES} more before`] : [];
  return [`guest ${name}:`, ...cut, ...lines.slice(-MAX_LINES).map((line) => `  ${shortened(line)}`)];
}
