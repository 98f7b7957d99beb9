import { expect } from "vitest";
import { type PreinitializeOptions, preinitialize } from "../../src/index.js";
import { loadFixture } from "./fixtures.js";
import { jcoSession } from "./jco.js";
import { type Arg, type Call, comparable, isHandleRef, type Outcome, type WasiSettings } from "./session.js";
import { hasWasmtime, wasmtimeSession } from "./wasmtime.js";

export interface DifferentialCase {
  readonly title: string;
  readonly fixture: string;
  /** What the tool is told; the parts that describe WASI hold for the original too. */
  readonly options: PreinitializeOptions;
  /** The same initialization as a call of the original; absent where instantiation is all. */
  readonly init?: Call;
  /** What happens afterwards. Handles count from the first of these calls. */
  readonly calls: readonly Call[];
  /** What each of these calls must give, in the original and in the output. */
  readonly expected: readonly (Outcome | typeof TRAP)[];
  /** WASI at run time, where the output needs any. */
  readonly later?: WasiSettings;
}

/** A case that may also be refused as unsupported, if the message tells why. */
export interface RefusableCase extends DifferentialCase {
  readonly reason: RegExp;
}

/** Some trap: the engines word them differently. */
export const TRAP = { trap: true } as const;

export interface Engine {
  readonly name: "V8" | "Wasmtime";
  readonly available: boolean;
  readonly session: typeof jcoSession;
}

export const ENGINES: readonly Engine[] = [
  { name: "V8", available: true, session: jcoSession },
  { name: "Wasmtime", available: hasWasmtime, session: wasmtimeSession },
];

/** (initialize, then call) on the original gives what the case expects. */
export async function checkOriginal({ session }: Engine, one: DifferentialCase): Promise<void> {
  const { init, calls, options } = one;
  const all = init === undefined ? calls : [init, ...calls.map(shiftHandles)];
  const component = await loadFixture(one.fixture);
  const { outcomes } = await session(component, { wasi: wasiOf(options), calls: all });
  if (init !== undefined) expect(outcomes[0], "init on the original").toHaveProperty("ok");
  expect(comparable(init === undefined ? outcomes : outcomes.slice(1))).toEqual(one.expected);
}

/** (call) on the output gives the same. */
export async function checkOutput({ session }: Engine, one: DifferentialCase, output: Uint8Array): Promise<void> {
  const { outcomes } = await session(output, { wasi: one.later ?? {}, calls: one.calls });
  expect(comparable(outcomes)).toEqual(one.expected);
}

/** The output of a case: made once, however many engines then run it. */
export function outputOf(one: DifferentialCase): Promise<Uint8Array> {
  const known = outputs.get(one) ?? makeOutput(one);
  outputs.set(one, known);
  return known;
}

const outputs = new Map<DifferentialCase, Promise<Uint8Array>>();

async function makeOutput(one: DifferentialCase): Promise<Uint8Array> {
  const { component } = await preinitialize(await loadFixture(one.fixture), one.options);
  return component;
}

function wasiOf({ args, env, stdin, preopens }: PreinitializeOptions): WasiSettings {
  return {
    ...(args && { args }),
    ...(env && { env }),
    ...(stdin && { stdin }),
    ...(preopens && { preopens }),
  };
}

/** On the original the init call comes first. */
function shiftHandles(call: Call): Call {
  const shift = (arg: Arg): Arg => (isHandleRef(arg) ? { handle: arg.handle + 1 } : arg);
  return { ...call, ...(call.args && { args: call.args.map(shift) }) };
}
