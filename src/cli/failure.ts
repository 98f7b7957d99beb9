import { inspect } from "node:util";
import { stackOf } from "../deep-stack.js";
import { ComponentInitError } from "../errors.js";
import { stackFrames } from "../stack-frames.js";
import { printLine } from "./terminal.js";

/** The command line does not say something that can be done. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

/** Prints an error as people want it (one sentence, then what the guest said) and gives the exit code. */
export function reportFailure(error: unknown, verbose: boolean): number {
  printLine("stderr", { label: "error:", style: "red", text: messageOf(error) });
  const isUsage = error instanceof UsageError;
  const isForeseen = isUsage || error instanceof ComponentInitError;
  if (error instanceof ComponentInitError) for (const line of error.details) print(line);
  if (isUsage) print(`See \`component-init ${commandOf(process.argv[2])} --help\` for what can be given.`);
  if (!isForeseen) print("This is a defect of component-init: please report it with the output of --verbose.");
  if (verbose && error instanceof Error) for (const line of stacksOf(error)) print(line);
  return isUsage || codeOf(error) === "invalid-option" ? EXIT_USAGE : EXIT_FAILURE;
}

function commandOf(word: string | undefined): string {
  return word !== undefined && /^(link|inspect-lib|host)$/.test(word) ? word : "run";
}

/** A failure for programs: what `--json` prints in the place of the report. */
export function failureReport(error: unknown): object {
  const details = error instanceof ComponentInitError ? error.details : [];
  return { version: 1, error: { code: codeOf(error), message: messageOf(error), details } };
}

function codeOf(error: unknown): string {
  if (error instanceof UsageError) return "invalid-option";
  return error instanceof ComponentInitError ? error.code : "defect";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A stack starts with the message, which was printed; an error that another one caused has a stack of its own. */
function stacksOf(error: Error): string[] {
  const frames = framesOf(error);
  const { cause } = error;
  return cause instanceof Error ? [...frames, `caused by ${cause.name}: ${cause.message}`, ...framesOf(cause)] : frames;
}

function framesOf(error: Error): string[] {
  return stackFrames(stackOf(error));
}

/** As Node would print it, but for what terminals would obey. */
export function reportUncaught(error: unknown): void {
  print(`Uncaught ${error instanceof Error ? `${error.name}: ${error.message}` : inspect(error)}`);
  if (error instanceof Error) for (const frame of framesOf(error)) print(frame);
}

function print(line: string): void {
  printLine("stderr", line);
}
