import { expect } from "vitest";
import { countStepsOf, type Steps } from "./steps.js";

/** Work of three sizes, each twice the one before. */
export type Growth = readonly [Steps, Steps, Steps];

/** How many times the work from the second size to the third may be that from the first to the second: 2 is linear, 4 a square. */
const MOST = 2.7;

/** Steps of one place that depend on where a byte of the input happens to lie, and the like. */
const SLACK = 1000;

/** Steps as the input doubles twice. */
export async function growthOf(from: number, work: (n: number) => Promise<Steps>): Promise<Growth> {
  return [await work(from), await work(2 * from), await work(4 * from)];
}

/** Counts the steps of one piece of work on inputs that are made before. */
export function growthOn<I>(
  from: number,
  make: (n: number) => I | Promise<I>,
  work: (input: I) => unknown,
): Promise<Growth> {
  return growthOf(from, async (n) => {
    const input = await make(n);
    return (await countStepsOf(async () => work(input))).steps;
  });
}

/** Fails when the steps of any place grow faster than the input. */
export function expectLinear(what: string, growth: Growth): void {
  const counts = (key: string) => growth.map((steps) => steps.get(key) ?? 0) as [number, number, number];
  const worst = [...growth[2].keys()]
    .map((key) => ({ key, counts: counts(key), factor: factorOf(counts(key)) }))
    .filter(({ factor }) => factor > MOST)
    .sort((a, b) => b.counts[2] - a.counts[2]);
  if (worst.length === 0) return;
  const lines = worst.slice(0, 8).map((one) => `  ${one.key}: ${one.counts.join(", ")}`);
  expect.fail(`${what} is not linear; steps as the input doubles:\n${lines.join("\n")}`);
}

function factorOf([small, middle, large]: readonly [number, number, number]): number {
  return (large - middle + 2 * SLACK) / (Math.max(0, middle - small) + SLACK);
}
