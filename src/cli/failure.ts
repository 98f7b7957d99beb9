import { styleText } from "node:util";
import { stackOf } from "../deep-stack.js";
import { ComponentInitError } from "../errors.js";

/** The command line does not say something that can be done. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

/** Prints an error as people want it (one sentence, then what the guest said) and gives the exit code. */
export function reportFailure(error: unknown, verbose: boolean): number {
  print(`${styleText("red", "error:", { stream: process.stderr })} ${visible(messageOf(error))}`);
  const isUsage = error instanceof UsageError;
  const isForeseen = isUsage || error instanceof ComponentInitError;
  if (error instanceof ComponentInitError) for (const line of error.details) print(visible(line));
  if (isUsage) print(`See \`component-init ${commandOf(process.argv[2])} --help\` for what can be given.`);
  if (!isForeseen) print("This is a defect of component-init: please report it with the output of --verbose.");
  if (verbose && error instanceof Error) print(visible(stacksOf(error)));
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
function stacksOf(error: Error): string {
  const stack = stackOf(error);
  const frames = stack.slice(Math.max(0, stack.search(/^ +at /m)));
  return error.cause instanceof Error ? `${frames}\ncaused by ${stackOf(error.cause)}` : frames;
}

/** Guests and the names in components can hold escape sequences, with which they could rewrite a terminal. */
function visible(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

function print(line: string): void {
  process.stderr.write(`${line}\n`);
}
