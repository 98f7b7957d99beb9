import { DlError } from "../dlopen/interface.js";

/**
 * Runs a library's own start, relocations or constructors. What a trap of theirs leaves on the stack is taken off again, for the program
 * goes on.
 *
 * @throws DlError for a trap or an exception of the guest's, and all else as it is
 */
export function callHook(
  hook: () => void,
  {
    what,
    stackPointer,
    isInterrupted,
  }: {
    readonly what: string;
    readonly stackPointer: WebAssembly.Global | undefined;
    readonly isInterrupted: () => boolean;
  },
): void {
  const stack: unknown = stackPointer?.value;
  try {
    hook();
  } catch (error) {
    if (isInterrupted() || !isGuestFailure(error)) throw error;
    if (stackPointer !== undefined) stackPointer.value = stack;
    throw new DlError(`${what}: ${reasonOf(error)}`, { cause: error });
  }
}

/** A stack that is exhausted is a `RangeError`. */
function isGuestFailure(error: unknown): boolean {
  return (
    error instanceof WebAssembly.RuntimeError || error instanceof WebAssembly.Exception || error instanceof RangeError
  );
}

function reasonOf(error: unknown): string {
  if (error instanceof WebAssembly.Exception) return "an exception that nobody catches";
  return (error as Error).message;
}
