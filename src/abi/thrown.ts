import { withDeepStack } from "../deep-stack.js";
import { shortened } from "../shortened.js";

/** Whether what was thrown is an error: JavaScript throws anything, and some of it throws when it is looked at. */
export function isError(thrown: unknown): thrown is Error {
  return holds(() => thrown instanceof Error && typeof thrown.message === "string");
}

function holds(test: () => boolean): boolean {
  try {
    return test();
  } catch {
    return false;
  }
}

const MAX_TEXT = 100;

/** A value that was thrown, in words. */
export function describeThrown(thrown: unknown): string {
  switch (typeof thrown) {
    case "string":
      return JSON.stringify(shortened(thrown, MAX_TEXT));
    case "function":
      return "a function";
    case "object":
      return thrown === null ? "null" : "an object that is no Error";
    default:
      return shortened(String(thrown), MAX_TEXT);
  }
}

/**
 * What ends the guest where a function of the host throws and its type has no error case.
 *
 * @param name - of the import
 */
export function asTrap(name: string, thrown: unknown): unknown {
  // Exceptions of WebAssembly are made to traps elsewhere.
  if (isError(thrown) || holds(() => thrown instanceof WebAssembly.Exception)) return thrown;
  const message = `the import ${name} threw ${describeThrown(thrown)}, and its type has no error case for that`;
  return withDeepStack(() => new Error(message));
}

/**
 * Takes what a function of the host has given, which may be of any type.
 *
 * @param name - of the import
 * @throws TypeError where it is not of the function's type
 */
export function withTypeOf<T>(name: string, take: () => T): T {
  try {
    return take();
  } catch (error) {
    if (isError(error) && !isMismatch(error)) throw error;
    const why = isError(error) ? error.message : `reading it threw ${describeThrown(error)}`;
    throw withDeepStack(() => new TypeError(`the import ${name} gave what its type does not have: ${why}`));
  }
}

/** How conversions of JavaScript fail. A guest's allocation can end the stack. */
function isMismatch(error: Error): boolean {
  if (error instanceof RangeError) return !/call stack/i.test(error.message);
  return error instanceof TypeError || error instanceof SyntaxError;
}
