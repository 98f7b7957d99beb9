import { beforeAll, describe, expect, test } from "vitest";
import { instrument, invoke, preinitialize, prepare } from "../../src/index.js";
import { ENGINES } from "../support/differential.js";
import { directoryOf, scriptedProgram } from "../support/dlopen.js";
import { wat } from "../support/wat.js";
import { textOf } from "./dlopen/libraries.js";
import { randomCase, type Step } from "./dlopen/scripts.js";
import { Prng } from "./prng.js";

/**
 * Random libraries and programs that open, call and close them. What each line answers is what a model of POSIX says: in one
 * life, and in V8 and Wasmtime after pre-initialization. And the plan, done again, gives the same bytes.
 *
 * COMPONENT_INIT_DLOPEN_CASES: how many (default 60). COMPONENT_INIT_RANDOM_SEED: the seeds of the cases derive from it.
 * COMPONENT_INIT_DLOPEN_CASE: the seed of a single case, which a failure prints.
 */
const CASES = Number(process.env.COMPONENT_INIT_DLOPEN_CASES || 60);
const SEED = Number(process.env.COMPONENT_INIT_RANDOM_SEED || 20_260_101);
const SINGLE = process.env.COMPONENT_INIT_DLOPEN_CASE;
const PER_TEST = 20;

let component: Uint8Array;

function groups(): number[][] {
  if (SINGLE !== undefined) return [[Number(SINGLE)]];
  const random = new Prng(SEED + 2);
  const seeds = Array.from({ length: CASES }, () => random.u32());
  return Array.from({ length: Math.ceil(CASES / PER_TEST) }, (_, i) => seeds.slice(i * PER_TEST, (i + 1) * PER_TEST));
}

const scriptOf = (steps: readonly Step[]) => steps.map(({ line }) => line).join("\n");
const runOf = (steps: readonly Step[]) => `run(${JSON.stringify(scriptOf(steps))})`;

/** Each line with what it must answer, or with what it has answered. */
const expected = (steps: readonly Step[]) => steps.map(({ line, answer }) => `${line}: ${answer}`);
function answered(steps: readonly Step[], text: unknown): string[] {
  const answers = String(text).split("\n");
  return steps.map(({ line }, i) => `${line}: ${/^-?\d+$/.test(answers[i] ?? "") ? answers[i] : "error"}`);
}

async function check(seed: number): Promise<void> {
  const random = new Prng(seed);
  const { libraries, init, after } = randomCase(random);
  const files = libraries.map(async (spec) => [spec.name, await wat(textOf(spec))] as const);
  const preopens = [{ host: directoryOf(Object.fromEntries(await Promise.all(files))), guest: "/lib" }];
  const prepared = await prepare(instrument(component));
  const { results } = await invoke(prepared, [runOf(init), runOf(after)], { preopens });
  expect(answered(init, results[0]), "while initializing").toEqual(expected(init));
  expect(answered(after, results[1]), "afterwards, in one life").toEqual(expected(after));
  const options = { initFunc: runOf(init), keepInitFunc: true, preopens, verify: true, gc: random.chance(0.5) };
  const { component: output, report } = await preinitialize(component, options);
  for (const { name, available, session } of ENGINES) {
    if (!available) continue;
    const { outcomes } = await session(output, { calls: [{ export: "run", args: [scriptOf(after)] }] });
    const [outcome] = outcomes;
    expect(answered(after, outcome && "ok" in outcome ? outcome.ok : outcome), name).toEqual(expected(after));
  }
  const plan = report.dlopen?.plan;
  if (plan === undefined) return;
  const again = await preinitialize(component, { ...options, dlopen: { plan: JSON.parse(JSON.stringify(plan)) } });
  expect(Buffer.compare(again.component, output), "the plan done again").toBe(0);
}

describe(`random libraries that are opened, from seed ${SEED}`, () => {
  beforeAll(async () => {
    component = await scriptedProgram();
  });

  test.each(groups().map((seeds, i) => ({ seeds, i })))("group $i", { timeout: 600_000 }, async ({ seeds }) => {
    for (const seed of seeds) {
      await check(seed).catch((cause: unknown) => {
        const error = cause as Error;
        error.message = `case ${seed} (COMPONENT_INIT_DLOPEN_CASE=${seed}): ${error.message}`;
        throw error;
      });
    }
  });
});
