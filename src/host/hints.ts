import { complaintOf, type Output } from "./failure.js";

/** What may have led to a failure. */
export interface Hint {
  readonly lines: readonly string[];
  /** What a guest speaks of that has failed for this. */
  readonly subject: RegExp;
}

/**
 * Those that can be the cause. Programs and their libraries ask for much that they can do without: where a guest says why it
 * has failed, it is one of them only if that is about it. One that says nothing leaves all of them.
 */
export function likely<T extends Hint>(hints: readonly T[], cause: unknown, output: Output): T[] {
  const { isSilent, text } = complaintOf(cause, output);
  return isSilent ? [...hints] : hints.filter(({ subject }) => subject.test(text));
}
