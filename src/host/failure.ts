import { describeThrown, isError } from "../abi/thrown.js";
import { stackOf } from "../deep-stack.js";
import { ComponentInitError, type ErrorCode } from "../errors.js";
import { shortened } from "../shortened.js";
import { parseWasmFrame, stackFrames, type WasmFrame } from "../stack-frames.js";
import { GuestExit } from "../wasi/index.js";
import { demangleRust } from "./rust-names.js";
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

/** What may have led to a failure. */
export interface Notes {
  /** What had happened before, as the end of the message. */
  readonly after?: string | undefined;
  /** Lines below it. */
  readonly lines: readonly string[];
}

/** Names a failed initialization for what it was: an error result, an exit, a refusal of the host, or a trap. */
export function initializationError(
  cause: unknown,
  what: string,
  output: Output,
  { after, lines }: Notes = { lines: [] },
): ComponentInitError {
  const explained = [...lines, ...printedBy(output)];
  const fail = (code: ErrorCode, how: string, details: readonly string[]) =>
    new ComponentInitError(code, `${what} ${how}${after === undefined ? "" : `, after ${after}`}`, { cause, details });
  if (cause instanceof ErrorResult) return fail("init-failed", `returned ${formatErr(cause.payload)}`, explained);
  if (cause instanceof GuestExit) return fail("init-exited", `exited with code ${cause.code}`, explained);
  const details = [...framesOf(cause), ...explained];
  if (cause instanceof ComponentInitError) {
    return new ComponentInitError(cause.code, cause.message, { cause, details: [...cause.details, ...details] });
  }
  return fail("init-trapped", `trapped: ${reasonOf(cause)}`, details);
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
  return payload === undefined ? "an error" : `err(${textOf(payload)})`;
}

/** What came with an error, for people to read. */
function textOf(payload: unknown): string {
  return shortened(JSON.stringify(shortenValue(payload, () => undefined, MAX_TEXT)), MAX_PAYLOAD);
}

/** The guest's own words about its failure: what it printed last and what it returned. */
export function complaintOf(cause: unknown, { stdout, stderr }: Output) {
  const returned = cause instanceof ErrorResult && cause.payload !== undefined ? [textOf(cause.payload)] : [];
  const complained = [...lastLines(stderr).filter((line) => !ADVICE.test(line)), ...returned];
  return {
    isSilent: !complained.some((line) => /\p{L}{3}/u.test(line)),
    text: [...lastLines(stdout), ...complained].join("\n"),
  };
}

/** What Rust says below every panic. */
const ADVICE = /\bRUST_BACKTRACE\b/;

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
  return `  at ${name === undefined ? number : readable(name, module)} (${offset})`;
}

/** V8 puts the module's name before the function's. */
function readable(name: string, module: string | undefined): string {
  const prefix = module !== undefined && name.startsWith(`${module}.`) ? `${module}.` : "";
  return `${prefix}${demangleRust(name.slice(prefix.length))}`;
}

function quote(name: string, text: string): string[] {
  if (text.trim() === "") return [];
  const more = linesOf(text).length - MAX_LINES;
  const cut = more > 0 ? [`  … ${more} more before`] : [];
  return [`guest ${name}:`, ...cut, ...lastLines(text).map((line) => `  ${line}`)];
}

function lastLines(text: string): string[] {
  return linesOf(text)
    .slice(-MAX_LINES)
    .map((line) => shortened(line));
}

function linesOf(text: string): string[] {
  return text.trimEnd().split(/\r?\n/);
}
