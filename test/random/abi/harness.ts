import { ComponentInitError, instrument, invoke, prepare } from "../../../src/index.js";
import { JcoThread } from "../../../src/jco/jco-thread.js";
import { runPhases } from "../../../src/preinitialize.js";
import { type Call, comparable, normalise } from "../../support/session.js";
import { hasWasmtime } from "../../support/wasmtime.js";
import { wat } from "../../support/wat.js";
import { Prng } from "../prng.js";
import type { Life } from "../v8.js";
import { WasmtimeBatch } from "../wasmtime-batch.js";
import { type AbiCase, generateAbiCase, type Variation } from "./cases.js";
import { sessionArg, waveText } from "./host-values.js";
import { randomValue, type Value } from "./values.js";

export interface Failure {
  readonly seed: number;
  readonly what: string;
}

/** Counts over many cases. */
export interface Tally {
  cases: number;
  /** Compared to the last word. */
  compared: number;
  /** Both ended in a trap. */
  trapped: number;
  /** Traps of cases without a fault. */
  unexpectedTraps: number;
  readonly features: Map<string, number>;
  /** How the tool and Wasmtime named a trap, with how often they did and the seed of one such case. */
  readonly reasons: Map<string, { readonly cases: number; readonly seed: number }>;
}

export function emptyTally(): Tally {
  return { cases: 0, compared: 0, trapped: 0, unexpectedTraps: 0, features: new Map(), reasons: new Map() };
}

export function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** A JavaScript thread and a Wasmtime process that serve many cases. */
export class Engines {
  readonly thread = new JcoThread();
  readonly wasmtime = new WasmtimeBatch();

  constructor() {
    if (!hasWasmtime) throw new Error("random cases of the canonical ABI are compared with Wasmtime");
  }

  async close(): Promise<void> {
    this.wasmtime.close();
    await this.thread.close();
  }
}

/** Wasmtime has neither yet, so what it runs is always the same case without them. */
const PLAIN: Variation = { fixedLists: false, memory64: false };

export function variationOf(seed: number): Variation {
  return { fixedLists: seed % 3 === 1, memory64: seed % 4 === 2 };
}

/** Runs the cases of some seeds. Wasmtime works on a case while V8 has the next one. */
export async function runSeeds(seeds: readonly number[], engines: Engines, tally: Tally): Promise<Failure[]> {
  const running: Promise<string | undefined>[] = [];
  for (const seed of seeds) {
    const { verdict } = await runCase(seed, new Set(), engines, tally);
    running.push(verdict);
  }
  const problems = await Promise.all(running);
  return problems.flatMap((what, i) => (what === undefined ? [] : [{ seed: seeds[i] as number, what }]));
}

interface ObservedCall {
  readonly wave: string;
  readonly session: Call;
  /** Whether the answer is the same wherever values lie. */
  readonly isPlaceless: boolean;
}

/** What is asked of a component once it is initialized. */
function callsOf(one: AbiCase): ObservedCall[] {
  const random = new Prng(one.seed + 1);
  const reader = (name: string) => ({ wave: `${name}()`, session: { export: name }, isPlaceless: /^seen/.test(name) });
  const readers = [...one.digests, ...one.seen].map(reader);
  if (one.values.length === 0) return readers;
  const values = one.values.map(({ name, params }) => {
    const args: Value[] = params.map((type) => randomValue(type, random));
    const texts = params.map((type, i) => waveText(type, args[i], one.spelling));
    const session = { export: name, args: params.map((type, i) => sessionArg(type, args[i])) };
    return { wave: `${name}(${texts.join(", ")})`, session, isPlaceless: true };
  });
  return [...readers, ...values, ...readers];
}

/** A case that V8 is done with, and Wasmtime perhaps not. */
export async function runCase(
  seed: number,
  omitted: ReadonlySet<number>,
  engines: Engines,
  tally: Tally,
): Promise<{ readonly verdict: Promise<string | undefined> }> {
  const variation = variationOf(seed);
  const plain = generateAbiCase(seed, PLAIN, omitted);
  const one = generateAbiCase(seed, variation, omitted);
  tally.cases++;
  for (const feature of one.features) count(tally.features, feature);
  const calls = callsOf(one);
  const sessionCalls = calls.map(({ session }) => session);
  const original = await wat(plain.text);
  const allCalls = [{ export: "init" }, ...sessionCalls];
  const waits = one.features.has("async function") || one.features.has("stream");
  const inWasmtime = engines.wasmtime.live(`seed ${seed}, original`, original, allCalls, waits);
  const output = await preinitialized(one.text === plain.text ? original : await wat(one.text), seed, engines.thread);
  if (typeof output === "string") return { verdict: inWasmtime.then((life) => `${output}\nWasmtime: ${show(life)}`) };
  if (output instanceof ComponentInitError) {
    return { verdict: inWasmtime.then((life) => judgeRefusal(output, life, one, tally)) };
  }
  const lifeInV8 = await liveHere(output, calls);
  // Compiling takes Wasmtime longer than anything else here, and other tests have its outputs as their subject.
  const outputLife =
    one.text === plain.text && seed % 3 === 0
      ? engines.wasmtime.live(`seed ${seed}, output`, output, sessionCalls, waits)
      : Promise.resolve(undefined);
  const compare = async () => {
    const expected = withoutInit(await inWasmtime);
    if (typeof expected === "string") return `${expected}; ours: ${show(lifeInV8)}`;
    const relevant = one.usesMemory64 ? calls.map(({ isPlaceless }) => isPlaceless) : calls.map(() => true);
    tally.compared++;
    return (
      differenceBetween("Wasmtime: original, and ours: output", expected, lifeInV8, calls, relevant) ??
      differenceBetween("Wasmtime: original, output", expected, await outputLife, calls, relevant)
    );
  };
  return { verdict: compare() };
}

async function preinitialized(
  bytes: Uint8Array,
  seed: number,
  thread: JcoThread,
): Promise<Uint8Array | ComponentInitError | string> {
  // A check of the output costs as much as the rest, so it is there now and then.
  const options = { initFunc: "init", handles: "allow", verify: seed % 16 === 5, gc: seed % 8 === 3 } as const;
  try {
    const { chunks } = await runPhases(bytes, options, thread);
    return Buffer.concat(chunks);
  } catch (error) {
    if (error instanceof ComponentInitError) return error;
    return `preinitialize threw ${error instanceof Error ? error.stack : String(error)}`;
  }
}

/** Runs a component without imports on the host of this package. */
async function liveHere(component: Uint8Array, calls: readonly ObservedCall[]): Promise<Life> {
  const texts = calls.map(({ wave }) => wave);
  try {
    const { results } = await invoke(await prepare(instrument(component)), texts);
    return { outcomes: results.map((result) => ({ ok: normalise(result) })) };
  } catch (error) {
    return { failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** What Wasmtime did after the initialization; a text when it did not get there. */
function withoutInit(life: Life): Life | string {
  if (!("outcomes" in life)) return `Wasmtime: ${show(life)}`;
  const [init, ...outcomes] = life.outcomes;
  if (init === undefined || !("ok" in init)) return `init traps in Wasmtime only: ${JSON.stringify(init)}`;
  return { outcomes };
}

function judgeRefusal(error: ComponentInitError, life: Life, one: AbiCase, tally: Tally): string | undefined {
  const init = "outcomes" in life ? life.outcomes[0] : undefined;
  if (error.code !== "init-trapped" || init === undefined || !("trap" in init)) {
    return `refused with ${error.code}: ${error.message}\n${error.details.join("\n")}\nWasmtime: ${show(life).slice(0, 300)}`;
  }
  tally.trapped++;
  if (one.fault === undefined) tally.unexpectedTraps++;
  if (/This is a bug in Wasmtime/.test(init.trap)) return `Wasmtime has a bug: ${init.trap}`;
  const theirs = init.trap.trim().split("\n").at(-1) ?? "";
  const name = `${one.fault ?? "no fault"}: ${nameless(error.message)} | ${nameless(theirs)}`;
  tally.reasons.set(name, { cases: (tally.reasons.get(name)?.cases ?? 0) + 1, seed: one.seed });
  return undefined;
}

/** A message without what differs from case to case. */
function nameless(message: string): string {
  return message.replace(/^init trapped: |^ *(wasm trap: )?/g, "").replace(/0x[\da-f]+|\d+/g, "N");
}

function show(life: Life): string {
  return JSON.stringify(life);
}

function differenceBetween(
  what: string,
  expected: Life,
  actual: Life | undefined,
  calls: readonly ObservedCall[],
  relevant: readonly boolean[],
): string | undefined {
  if (actual === undefined) return undefined;
  const [a, b] = [expected, actual].map(essence) as [unknown[], unknown[]];
  // What is called afterwards can be wrong on purpose, too; the host of this package has no results then.
  const endsInTrap = "outcomes" in expected && expected.outcomes.some((outcome) => "trap" in outcome);
  if (endsInTrap && "failure" in actual && / trapped: /.test(actual.failure)) return undefined;
  const differing = calls.flatMap(({ wave }, i) =>
    !relevant[i] || JSON.stringify(a[i]) === JSON.stringify(b[i])
      ? []
      : [`${wave.slice(0, 60)}: ${JSON.stringify(a[i])} ${JSON.stringify(b[i])}`],
  );
  if (differing.length === 0) return "failure" in actual ? `${what}: ${show(actual)}` : undefined;
  const failure = "outcomes" in actual ? "" : `\n${show(actual)}`;
  return `${what} differ: ${differing.join("\n  ")}${failure}`;
}

function essence(life: Life): unknown[] {
  return "outcomes" in life ? comparable(life.outcomes).map((outcome) => withoutNulls(outcome)) : [];
}

/** Some say of an empty payload that it is null, and some nothing. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).filter(([name, field]) => !(name === "val" && field === null));
  return Object.fromEntries(fields.map(([name, field]) => [name, withoutNulls(field)]));
}
