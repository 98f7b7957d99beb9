import { parseDuration, single } from "./options.js";
import { tell } from "./supervise.js";

/** Has the process that watches this one count, for a command without other settings. */
export function applyTimeout(given: string | readonly string[] | undefined): void {
  const text = single("timeout", given);
  if (text !== undefined) tell({ timeout: parseDuration("--timeout", text) });
}
