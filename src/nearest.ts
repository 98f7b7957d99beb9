import { closestMatch } from "leven";

/** A third of the letters may be wrong: what is farther off was not meant. */
const TOLERANCE = 1 / 3;

/** @returns the name that was most likely meant, if any */
export function nearest(text: string, names: readonly string[]): string | undefined {
  const maxDistance = Math.max(1, Math.floor(text.length * TOLERANCE));
  return closestMatch(text, [...names], { maxDistance });
}
