import { afterAll, describe, expect, test } from "vitest";
import { hasWasmtime } from "../support/wasmtime.js";
import { Engines, emptyTally, type Failure, runSeeds } from "./abi/harness.js";
import { shrink } from "./abi/shrink.js";
import { Prng } from "./prng.js";

/**
 * Random component instances that call each other with random values, some of them wrong on purpose: what they have seen
 * when the tool has initialized them is what they have seen in Wasmtime, every call of `realloc` included; or both trap.
 *
 * COMPONENT_INIT_ABI_CASES: how many (default 400). COMPONENT_INIT_RANDOM_SEED: the seeds of the cases derive from it.
 * COMPONENT_INIT_ABI_CASE: the seed of a single case, which a failure prints.
 * COMPONENT_INIT_ABI_FAULT: a fault, by its name in faults.ts, that all cases have which can have it.
 * COMPONENT_INIT_RANDOM_NO_SHRINK=1: failing cases are only named, not made smaller.
 */
const CASES = Number(process.env.COMPONENT_INIT_ABI_CASES || 400);
const SEED = Number(process.env.COMPONENT_INIT_RANDOM_SEED || 20_260_101);
const SINGLE = process.env.COMPONENT_INIT_ABI_CASE;
const PER_TEST = 100;
/** Of a test's failures, so many are made smaller and shown. */
const SHOWN = 2;

const tally = emptyTally();

function groups(): number[][] {
  if (SINGLE !== undefined) return [[Number(SINGLE)]];
  const random = new Prng(SEED + 3);
  const seeds = Array.from({ length: CASES }, () => random.u32());
  return Array.from({ length: Math.ceil(CASES / PER_TEST) }, (_, i) => seeds.slice(i * PER_TEST, (i + 1) * PER_TEST));
}

async function report(failures: readonly Failure[], engines: Engines): Promise<string> {
  const texts: string[] = [];
  for (const [i, { seed, what }] of failures.entries()) {
    const head = `case ${seed} (COMPONENT_INIT_ABI_CASE=${seed}): ${what}`;
    const isShown = i < SHOWN && process.env.COMPONENT_INIT_RANDOM_NO_SHRINK !== "1";
    texts.push(isShown ? `${head}\n${await shrink(seed, engines)}` : head);
  }
  return texts.join("\n\n");
}

describe.skipIf(!hasWasmtime)(`random calls between component instances from seed ${SEED}`, () => {
  test.each(groups().map((seeds, i) => ({ seeds, i })))("group $i", { timeout: 300_000 }, async ({ seeds }) => {
    const engines = new Engines();
    try {
      const failures = await runSeeds(seeds, engines, tally);
      if (failures.length > 0) expect.fail(await report(failures, engines));
    } finally {
      await engines.close();
    }
  });

  afterAll(() => {
    const { cases, compared, trapped, unexpectedTraps, features, reasons } = tally;
    const lines = (counts: ReadonlyMap<string, number>) =>
      [...counts].sort().map(([name, number]) => `  ${name}: ${number}`);
    console.info(
      [
        `${cases} cases from seed ${SEED}: ${compared} compared, ${trapped} that trapped (${unexpectedTraps} without a fault)`,
        "with:",
        ...lines(features),
        "traps, as the tool and as Wasmtime tell them:",
        ...[...reasons].sort().map(([name, { cases, seed }]) => `  ${name}: ${cases}, as in ${seed}`),
      ].join("\n"),
    );
  });
});
