import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fixtureNames } from "../support/fixtures.js";
import { FIXTURES } from "../support/paths.js";
import { wat } from "../support/wat.js";
import { generateCase } from "./generator.js";
import { MutationRunner } from "./mutation-runner.js";
import { mutate } from "./mutator.js";
import { Prng } from "./prng.js";

/**
 * Valid components with some bytes changed: each is refused with an error for the caller, or gives a valid output. Never
 * another exception, an output that does not validate, a hang or the end of the process.
 *
 * COMPONENT_INIT_MUTATIONS: how many (default 2000). COMPONENT_INIT_RANDOM_SEED: the seeds of the cases derive from it.
 * COMPONENT_INIT_MUTATION: the seed of a single case, which a failure prints.
 */
const CASES = Number(process.env.COMPONENT_INIT_MUTATIONS || 2000);
const SEED = Number(process.env.COMPONENT_INIT_RANDOM_SEED || 20_260_101);
const SINGLE = process.env.COMPONENT_INIT_MUTATION;
const PER_TEST = 100;
const GENERATED = 60;

interface Source {
  readonly name: string;
  readonly isGenerated: boolean;
  readonly component: Uint8Array;
  /** Functions that initialize it, and `none`. */
  readonly inits: readonly string[];
}

let sources: Source[] = [];
const counts = new Map<string, number>();
const runner = new MutationRunner();

async function fixtureSources(): Promise<Source[]> {
  const found = await Promise.all(fixtureNames().map(fixtureSource));
  return found.filter((source) => source !== undefined);
}

async function fixtureSource(name: string): Promise<Source | undefined> {
  const text = await readFile(join(FIXTURES, name, "component.wat"), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  // Exported functions without parameters: one line each, as the fixtures are written.
  const exported = [...text.matchAll(/^ {2}\((?:func \(export|export) "([\w-]+)"(?!.*\(param)/gm)];
  return {
    name,
    isGenerated: false,
    component: await wat(text),
    inits: ["none", ...exported.map((match) => match[1] as string)],
  };
}

async function generatedSource(seed: number): Promise<Source> {
  const { text, initFunc } = generateCase(seed);
  return { name: `generated from ${seed}`, isGenerated: true, component: await wat(text), inits: [initFunc] };
}

/** @returns what is wrong with a case */
async function runCase(seed: number): Promise<string | undefined> {
  const random = new Prng(seed);
  const isFixture = random.chance(0.6);
  const source = random.pick(sources.filter(({ isGenerated }) => isGenerated !== isFixture));
  const initFunc = random.pick(source.inits);
  const mutated = mutate(source.component, random);
  const verdict = await runner.run(mutated, initFunc);
  const kind = verdict.kind === "refused" ? `refused: ${verdict.code}` : verdict.kind;
  counts.set(kind, (counts.get(kind) ?? 0) + 1);
  if (verdict.kind !== "defect") return undefined;
  const bytes = Buffer.from(mutated).toString("base64");
  return `case ${seed} (COMPONENT_INIT_MUTATION=${seed}), ${source.name}, init ${initFunc}: ${verdict.what}\n${bytes}`;
}

function groups(): number[][] {
  if (SINGLE !== undefined) return [[Number(SINGLE)]];
  const random = new Prng(SEED + 1);
  const seeds = Array.from({ length: CASES }, () => random.u32());
  return Array.from({ length: Math.ceil(CASES / PER_TEST) }, (_, i) => seeds.slice(i * PER_TEST, (i + 1) * PER_TEST));
}

describe(`mutated components from seed ${SEED}`, () => {
  beforeAll(async () => {
    sources = [
      ...(await fixtureSources()),
      ...(await Promise.all(Array.from({ length: GENERATED }, (_, i) => generatedSource(i)))),
    ];
  });

  test.each(groups().map((seeds, i) => ({ seeds, i })))("group $i", { timeout: 600_000 }, async ({ seeds }) => {
    const problems: string[] = [];
    for (const seed of seeds) {
      const problem = await runCase(seed);
      if (problem !== undefined) problems.push(problem);
    }
    expect(problems.join("\n\n")).toBe("");
  });

  afterAll(() => {
    runner.close();
    const lines = [...counts].sort().map(([kind, number]) => `  ${kind}: ${number}`);
    const panics = [...runner.panics].map(([message, number]) => `  ${number} panics of jco: ${message}`);
    console.info([`${CASES} mutations from seed ${SEED}:`, ...lines, ...panics].join("\n"));
  });
});
