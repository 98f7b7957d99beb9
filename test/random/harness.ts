import { ComponentInitError } from "../../src/index.js";
import { JcoThread } from "../../src/jco/jco-thread.js";
import { runPhases } from "../../src/preinitialize.js";
import { type Call, comparable } from "../support/session.js";
import { hasWasmtime } from "../support/wasmtime.js";
import { wat } from "../support/wat.js";
import { generateCase, type RandomCase } from "./generator.js";
import { differenceInOlder } from "./older.js";
import { type Life, liveInV8 } from "./v8.js";
import { WasmtimeBatch } from "./wasmtime-batch.js";

/** What is wrong with a case; none of these is a difference that the engines have by themselves. */
export interface Failure {
  readonly seed: number;
  readonly what: string;
}

/** Of how many cases one runs in older versions of Wasmtime, too. */
const OLDER_SHARE = 20;

/** Counts over many cases. */
export interface Tally {
  cases: number;
  /** Compared to the last call. */
  compared: number;
  /** A call after the initialization trapped. */
  trapped: number;
  /** The initialization trapped and was refused for it. */
  initTrapped: number;
  /** The original does not come to life. */
  stillborn: number;
  readonly refused: Map<string, number>;
  readonly features: Map<string, number>;
}

export function emptyTally(): Tally {
  return { cases: 0, compared: 0, trapped: 0, initTrapped: 0, stillborn: 0, refused: new Map(), features: new Map() };
}

/** Refusals that the generator cannot avoid. Each is counted and printed. */
const KNOWN_REFUSALS: readonly { readonly reason: RegExp; readonly name: string }[] = [];

/** Whether what is not implemented yet passes; see the head of random.test.ts. */
const ALLOW_UNSUPPORTED = process.env.COMPONENT_INIT_RANDOM_ALLOW_UNSUPPORTED === "1";

/** A JavaScript thread and a Wasmtime process that serve many cases. */
export class Engines {
  readonly thread = new JcoThread();
  readonly wasmtime = hasWasmtime ? new WasmtimeBatch() : undefined;

  async close(): Promise<void> {
    this.wasmtime?.close();
    await this.thread.close();
  }
}

type Output =
  | { readonly kind: "component"; readonly bytes: Uint8Array }
  | { readonly kind: "error"; readonly error: ComponentInitError };

/** Runs the cases of some seeds. Wasmtime works on a case while V8 has the next one. */
export async function runSeeds(seeds: readonly number[], engines: Engines, tally: Tally): Promise<Failure[]> {
  const running: Running[] = [];
  for (const seed of seeds) running.push(await runCase(generateCase(seed), engines, tally));
  const problems = await Promise.all(running.map(({ verdict }) => verdict));
  return problems.flatMap((what, i) => (what === undefined ? [] : [{ seed: seeds[i] as number, what }]));
}

/** A case that V8 is done with, and Wasmtime perhaps not. */
interface Running {
  /** What is wrong. */
  readonly verdict: Promise<string | undefined>;
}

async function runCase(one: RandomCase, engines: Engines, tally: Tally): Promise<Running> {
  tally.cases++;
  for (const feature of one.features) count(tally.features, feature);
  const component = await wat(one.text);
  const { initFunc } = one;
  const init: Call[] = initFunc === "none" ? [] : [{ export: initFunc }];
  const all = [...init, ...one.calls];
  const inWasmtime = engines.wasmtime?.live(`seed ${one.seed}, original`, component, all);
  const original = await liveInV8(component, all);
  const output = await preinitialized(component, one, engines.thread);
  if (typeof output === "string") return { verdict: Promise.resolve(output) };
  const expected = expectedLife(original, init.length);
  const verdict = judgeOutput(expected, output, tally);
  if (verdict !== undefined || output.kind === "error") {
    const compare = async () => verdict ?? differenceBetween("original: V8, Wasmtime", original, await inWasmtime);
    return { verdict: compare() };
  }
  const outputInWasmtime = engines.wasmtime?.live(`seed ${one.seed}, output`, output.bytes, one.calls);
  const outputInV8 = await liveInV8(output.bytes, one.calls);
  tally.compared++;
  if (isTrapped(outputInV8)) tally.trapped++;
  const compare = async () =>
    differenceBetween("V8: original, output", expected, outputInV8) ??
    differenceBetween("original: V8, Wasmtime", original, await inWasmtime) ??
    differenceBetween("output: V8, Wasmtime", outputInV8, await outputInWasmtime) ??
    (one.seed % OLDER_SHARE === 0 ? await differenceInOlder(component, output.bytes, init, one.calls) : undefined);
  return { verdict: compare() };
}

/**
 * Of every second case the output is without garbage.
 *
 * @returns a text for an exception that no caller should ever see
 */
async function preinitialized(bytes: Uint8Array, one: RandomCase, thread: JcoThread): Promise<Output | string> {
  const options = { initFunc: one.initFunc, cache: false, verify: true, gc: one.seed % 2 === 1 };
  try {
    const { chunks } = await runPhases(bytes, options, thread);
    return { kind: "component", bytes: Buffer.concat(chunks) };
  } catch (error) {
    if (error instanceof ComponentInitError) return { kind: "error", error };
    return `preinitialize threw ${error instanceof Error ? error.stack : String(error)}`;
  }
}

/** What the output must do: what the original does after its initialization. */
function expectedLife(original: Life, initCalls: number): Life {
  return "outcomes" in original ? { outcomes: original.outcomes.slice(initCalls) } : original;
}

/** Whether the tool answered as it should, before its output is looked at. */
function judgeOutput(expected: Life, output: Output, tally: Tally): string | undefined {
  const code = output.kind === "error" ? output.error.code : undefined;
  if ("failure" in expected) return expected.failure;
  // A trapped initialization was the last call that was made.
  const died = "instantiationError" in expected || expected.outcomes.length === 0;
  if (died && code === "init-trapped") {
    if ("instantiationError" in expected) tally.stillborn++;
    else tally.initTrapped++;
    return undefined;
  }
  if (output.kind === "component") return died ? "the initialization trapped, and there is an output" : undefined;
  return judgeRefusal(output.error, tally);
}

function judgeRefusal({ code, message, details }: ComponentInitError, tally: Tally): string | undefined {
  const known = KNOWN_REFUSALS.find(({ reason }) => reason.test(message));
  if (known !== undefined || (ALLOW_UNSUPPORTED && code === "unsupported")) {
    count(tally.refused, known?.name ?? message.replace(/\$?\w*\d+\w*/g, "N"));
    return undefined;
  }
  return [`refused with ${code}: ${message}`, ...details].join("\n");
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function isTrapped(life: Life): boolean {
  return "outcomes" in life && life.outcomes.some((outcome) => "trap" in outcome);
}

function differenceBetween(what: string, first: Life, second: Life | undefined): string | undefined {
  if (second === undefined) return undefined;
  const [a, b] = [first, second].map(essence) as [unknown[], unknown[]];
  const length = Math.max(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (JSON.stringify(a[i]) === JSON.stringify(b[i])) continue;
    return `${what} differ at outcome ${i}:\n  ${describe(first, i)}\n  ${describe(second, i)}`;
  }
  return undefined;
}

function essence(life: Life): unknown[] {
  return "outcomes" in life ? comparable(life.outcomes) : [{ stillborn: true }];
}

function describe(life: Life, outcome: number): string {
  return JSON.stringify("outcomes" in life ? (life.outcomes[outcome] ?? null) : life);
}

/** The smallest text of a case that still fails, and why it fails. */
export async function shrink(seed: number, engines: Engines): Promise<{ one: RandomCase; what: string } | undefined> {
  const attempt = async (omitted: ReadonlySet<number>) => {
    const one = generateCase(seed, omitted);
    const { verdict } = await runCase(one, engines, emptyTally());
    const what = await verdict;
    return what === undefined ? undefined : { one, what };
  };
  let best = await attempt(new Set());
  if (best === undefined) return undefined;
  const kind = kindOf(best.what);
  const omitted = new Set<number>();
  for (let size = Math.ceil(best.one.optionalParts / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < best.one.optionalParts; start += size) {
      const range = Array.from({ length: size }, (_, i) => start + i).filter((part) => !omitted.has(part));
      if (range.length === 0) continue;
      const smaller = await attempt(new Set([...omitted, ...range]));
      if (smaller === undefined || kindOf(smaller.what) !== kind) continue;
      best = smaller;
      for (const part of range) omitted.add(part);
    }
  }
  return best;
}

/** A smaller case must fail in the same way. */
function kindOf(what: string): string {
  return what
    .replace(/differ at outcome[\s\S]*/, "")
    .replace(/\d+/g, "N")
    .slice(0, 60);
}
