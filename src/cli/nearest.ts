/** A third of the letters may be wrong: what is farther off was not meant. */
const TOLERANCE = 1 / 3;

/** @returns the name that was most likely meant, if any */
export async function nearest(text: string, names: readonly string[]): Promise<string | undefined> {
  const { closestMatch } = await import("leven");
  const maxDistance = Math.max(1, Math.floor(text.length * TOLERANCE));
  return closestMatch(text, [...names], { maxDistance });
}
