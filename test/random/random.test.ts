import { afterAll, describe, expect, test } from "vitest";
import { wasmtimeMissing } from "../support/wasmtime.js";
import { Engines, emptyTally, type Failure, runSeeds, shrink } from "./harness.js";
import { Prng } from "./prng.js";

/**
 * Random components: (initialize, then call) on the original equals (call) on the output, in V8 and in Wasmtime.
 *
 * COMPONENT_INIT_RANDOM_CASES: how many (default 2000). COMPONENT_INIT_RANDOM_SEED: cases' seeds derive from it.
 * COMPONENT_INIT_RANDOM_CASE: the seed of a single case, which a failure prints.
 * COMPONENT_INIT_RANDOM_NO_SHRINK=1: failing cases are only named, not made smaller.
 * COMPONENT_INIT_RANDOM_ALLOW_UNSUPPORTED=1: refusals as unsupported are counted instead of failing.
 */
const CASES = numberFrom("COMPONENT_INIT_RANDOM_CASES") ?? 2000;
const SEED = numberFrom("COMPONENT_INIT_RANDOM_SEED") ?? 20_260_101;
const SINGLE = numberFrom("COMPONENT_INIT_RANDOM_CASE");
const PER_TEST = 100;
/** Of a test's failures, so many are made smaller and shown. */
const SHOWN = 2;

const tally = emptyTally();

function numberFrom(variable: string): number | undefined {
  const text = process.env[variable];
  if (text === undefined || text === "") return undefined;
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`${variable} is not a number: ${text}`);
  return number;
}

/** The seeds of all cases, in groups. */
function groups(): number[][] {
  if (SINGLE !== undefined) return [[SINGLE]];
  const random = new Prng(SEED);
  const seeds = Array.from({ length: CASES }, () => random.u32());
  return Array.from({ length: Math.ceil(CASES / PER_TEST) }, (_, i) => seeds.slice(i * PER_TEST, (i + 1) * PER_TEST));
}

async function report(failures: readonly Failure[], engines: Engines): Promise<string> {
  const shown = await Promise.all(failures.slice(0, SHOWN).map((failure) => explain(failure, engines)));
  const others = failures.slice(SHOWN).map(({ seed, what }) => `case ${seed}: ${what.split("\n")[0]}`);
  return [...shown, ...others].join("\n\n");
}

async function explain({ seed, what }: Failure, engines: Engines): Promise<string> {
  const head = `case ${seed} (COMPONENT_INIT_RANDOM_CASE=${seed}): ${what}`;
  if (process.env.COMPONENT_INIT_RANDOM_NO_SHRINK === "1") return head;
  const smaller = await shrink(seed, engines);
  if (smaller === undefined) return `${head}\nIt does not fail a second time.`;
  const { text, initFunc, calls } = smaller.one;
  const made = calls.map((call) => `${call.export}(${call.args?.join(", ") ?? ""})`).join(", ");
  return `${head}\nmade smaller: ${smaller.what}\ninit: ${initFunc}; calls: ${made}\n${text.replace(/\n\s*(?=\n)/g, "")}`;
}

describe(`random components from seed ${SEED}`, () => {
  if (wasmtimeMissing !== undefined) console.warn(`random cases run in V8 only: ${wasmtimeMissing}`);

  test.each(groups().map((seeds, i) => ({ seeds, i })))("group $i", { timeout: 300_000 }, async ({ seeds }) => {
    // Threads and processes are new in each group, so that no group suffers from what another did to them.
    const engines = new Engines();
    try {
      const failures = await runSeeds(seeds, engines, tally);
      if (failures.length > 0) expect.fail(await report(failures, engines));
    } finally {
      await engines.close();
    }
  });

  afterAll(() => {
    const lines = (counts: ReadonlyMap<string, number>) =>
      [...counts].sort().map(([name, number]) => `  ${name}: ${number}`);
    const { cases, compared, trapped, initTrapped, stillborn, refused, features } = tally;
    console.info(
      [
        `${cases} cases from seed ${SEED}: ${compared} compared (${trapped} of them to a trap), ` +
          `${initTrapped} whose init trapped, ${stillborn} that cannot be instantiated`,
        ...(refused.size > 0 ? ["refused:", ...lines(refused)] : []),
        "with:",
        ...lines(features),
      ].join("\n"),
    );
  });
});
