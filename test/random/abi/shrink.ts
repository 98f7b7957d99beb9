import { generateAbiCase } from "./cases.js";
import { type Engines, emptyTally, runCase, variationOf } from "./harness.js";

/** The smallest text of a case that still fails, and why it fails. */
export async function shrink(seed: number, engines: Engines): Promise<string> {
  const attempt = async (omitted: ReadonlySet<number>) => {
    const { verdict } = await runCase(seed, omitted, engines, emptyTally());
    return verdict;
  };
  let best = await attempt(new Set());
  if (best === undefined) return "It does not fail a second time.";
  const kind = best.slice(0, 40);
  const { optionalParts } = generateAbiCase(seed, variationOf(seed));
  const omitted = new Set<number>();
  for (let size = Math.ceil(optionalParts / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < optionalParts; start += size) {
      const range = Array.from({ length: size }, (_, i) => start + i).filter((part) => !omitted.has(part));
      if (range.length === 0) continue;
      const smaller = await attempt(new Set([...omitted, ...range])).catch(() => undefined);
      if (smaller === undefined || smaller.slice(0, 40) !== kind) continue;
      best = smaller;
      for (const part of range) omitted.add(part);
    }
  }
  const { text } = generateAbiCase(seed, variationOf(seed), omitted);
  return `made smaller: ${best}\n${text.replace(/\n\s*(?=\n)/g, "")}`;
}
