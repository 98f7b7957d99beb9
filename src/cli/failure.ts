import { styleText } from "node:util";
import { ComponentInitError } from "../errors.js";

/** The command line does not say something that can be done. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

/** Prints an error as people want it (one sentence, then what the guest said) and gives the exit code. */
export function reportFailure(error: unknown, verbose: boolean): number {
  const message = error instanceof Error ? error.message : String(error);
  print(`${styleText("red", "error:", { stream: process.stderr })} ${message}`);
  if (error instanceof UsageError) {
    print("Run `component-init --help` or `component-init run --help` for what can be given.");
    return EXIT_USAGE;
  }
  if (error instanceof ComponentInitError) {
    for (const line of error.details) print(line);
    if (verbose && error.stack !== undefined) print(error.stack);
    return error.code === "invalid-option" ? EXIT_USAGE : EXIT_FAILURE;
  }
  // Not foreseen, so a defect: the stack is what a report of it needs.
  print(error instanceof Error && error.stack !== undefined ? error.stack : "");
  return EXIT_FAILURE;
}

function print(line: string): void {
  process.stderr.write(`${line}\n`);
}
