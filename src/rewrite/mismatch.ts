import { ComponentInitError } from "../errors.js";

/** A snapshot that was taken of another component, or filled in by hand. */
export function mismatch(what: string): ComponentInitError {
  return new ComponentInitError("no-correspondence", `the snapshot does not fit the component: ${what}`);
}
