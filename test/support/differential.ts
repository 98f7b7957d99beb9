import { expect } from "vitest";
import { decodeComponent } from "../../src/component/decode.js";
import { encodeComponent } from "../../src/component/encode.js";
import { definitionsOfKind, removeDefinitions } from "../../src/component/graph.js";
import type { Entity } from "../../src/component/model.js";
import { type PreinitializeOptions, preinitialize } from "../../src/index.js";
import { nest } from "./compose.js";
import { loadFixture, loadFixtureFile } from "./fixtures.js";
import { jcoSession } from "./jco.js";
import {
  type Arg,
  type Call,
  comparable,
  directoriesOf,
  InstantiationError,
  isHandleRef,
  type Outcome,
  type WasiSettings,
} from "./session.js";
import { hasWasmtime, isAvailable, sessionIn, wasmtimeSession } from "./wasmtime.js";
import { OLDER, type WasmtimeVersion } from "./wasmtime-versions.js";

export interface DifferentialCase {
  readonly title: string;
  readonly fixture: string;
  /** What the tool is told; the parts that describe WASI hold for the original too. */
  readonly options: PreinitializeOptions;
  /** The same initialization as a call of the original; absent where instantiation is all. */
  readonly init?: Call;
  /** The fixture of a component that does the same, where not both engines run this one. */
  readonly equivalent?: string;
  /** How jco fails on the original, where the bindings that it generates are wrong: Wasmtime alone says what is right. */
  readonly jcoFails?: RegExp;
  /** What the fixture's imports are to be, by import name: files next to its component.wat. */
  readonly supply?: {
    readonly modules?: Readonly<Record<string, string>>;
    readonly components?: Readonly<Record<string, string>>;
  };
  /** Neither jco nor Wasmtime runs a component that exports a core module or component; without these exports they do. */
  readonly withoutOpaqueExports?: boolean;
  /** The fixture is put into another component, once for each of these prefixes of its exports' names. */
  readonly nested?: readonly string[];
  /** What happens afterwards. Handles count from the first of these calls. */
  readonly calls: readonly Call[];
  /** What each of these calls must give, in the original and in the output. */
  readonly expected: readonly (Outcome | typeof TRAP)[];
  /** WASI at run time, where the output needs any. */
  readonly later?: WasiSettings;
}

/** Some trap: the engines word them differently. */
export const TRAP = { trap: true } as const;

/** What not every version has. */
export type Feature = "exceptions" | "directories";

export interface Engine {
  readonly name: string;
  readonly lacks?: readonly Feature[];
  readonly available: boolean;
  readonly session: typeof jcoSession;
}

export const ENGINES: readonly Engine[] = [
  { name: "V8", available: true, session: jcoSession },
  { name: "Wasmtime", available: hasWasmtime, session: wasmtimeSession },
];

/** Versions that users have for long, with what is turned on in them by default. */
export const OLDER_ENGINES = OLDER.map((version) => olderEngine(version, "default"));

/** The same with all that they have. */
export const OLDER_ENGINES_WITH_ALL = OLDER.map((version) => olderEngine(version, "all"));

function olderEngine(version: WasmtimeVersion, features: "default" | "all"): Engine {
  return {
    name: features === "all" ? `${version.name} with all features` : version.name,
    lacks: version.hasComponents ? [] : ["exceptions", "directories"],
    available: isAvailable(version),
    session: (component, options) => sessionIn(version, component, { ...options, features }),
  };
}

/** For what uses nothing that is newer than these. */
export const ALL_ENGINES: readonly Engine[] = [...ENGINES, ...OLDER_ENGINES];

export function enginesWith(feature: Feature | undefined): readonly Engine[] {
  return ALL_ENGINES.filter(({ lacks }) => feature === undefined || !lacks?.includes(feature));
}

/** (initialize, then call) on the original gives what the case expects. */
export async function checkOriginal({ session }: Engine, one: DifferentialCase): Promise<void> {
  const { init, jcoFails } = one;
  const running = runOriginal(session, one);
  if (session === jcoSession && jcoFails !== undefined) {
    const failure = await running.then((outcomes) => JSON.stringify(outcomes[0]), String);
    expect(failure).toMatch(jcoFails);
    return;
  }
  const outcomes = await running;
  if (init !== undefined) expect(outcomes[0], "init on the original").toHaveProperty("ok");
  expect(comparable(init === undefined ? outcomes : outcomes.slice(1))).toEqual(one.expected);
}

async function runOriginal(session: Engine["session"], one: DifferentialCase): Promise<readonly Outcome[]> {
  const { init, calls, options } = one;
  const all = init === undefined ? calls : [init, ...calls.map(shiftHandles)];
  const component = await load(one, one.equivalent ?? one.fixture);
  return (await session(component, { wasi: wasiOf(options), calls: all })).outcomes;
}

/** What keeps an engine from running the original of a case as far as the case goes; `undefined` where nothing does. */
export async function obstacleTo({ session }: Engine, one: DifferentialCase): Promise<string | undefined> {
  try {
    const outcomes = await runOriginal(session, one);
    const later = one.init === undefined ? outcomes : outcomes.slice(1);
    const unexpected = later.find((outcome, i) => "trap" in outcome && one.expected[i] !== TRAP);
    const trapped = "trap" in (outcomes[0] as Outcome) && one.init !== undefined ? outcomes[0] : unexpected;
    return trapped && (trapped as { readonly trap: string }).trap;
  } catch (error) {
    if (error instanceof InstantiationError) return error.message;
    throw error;
  }
}

/** (call) on the output gives the same. */
export async function checkOutput({ session }: Engine, one: DifferentialCase, output: Uint8Array): Promise<void> {
  const component = one.withoutOpaqueExports ? withoutOpaqueExports(output) : output;
  const { outcomes } = await session(component, { wasi: one.later ?? {}, calls: one.calls });
  expect(comparable(outcomes)).toEqual(one.expected);
}

function withoutOpaqueExports(bytes: Uint8Array): Uint8Array {
  const component = decodeComponent(bytes);
  const isOpaque = ({ sort }: Entity) => sort === "core module" || sort === "component";
  removeDefinitions(component, new Set(definitionsOfKind(component, "export").filter(isOpaque)));
  return encodeComponent(component).toBytes();
}

/** The output of a case: made once, however many engines then run it. */
export function outputOf(one: DifferentialCase, gc = false): Promise<Uint8Array> {
  const outputs = gc ? collectedOutputs : plainOutputs;
  const known = outputs.get(one) ?? makeOutput(one, gc);
  outputs.set(one, known);
  return known;
}

const plainOutputs = new Map<DifferentialCase, Promise<Uint8Array>>();
const collectedOutputs = new Map<DifferentialCase, Promise<Uint8Array>>();

async function makeOutput(one: DifferentialCase, gc: boolean): Promise<Uint8Array> {
  const { fixture, supply, options } = one;
  const modules = await supplied(fixture, supply?.modules);
  const components = await supplied(fixture, supply?.components);
  const { component } = await preinitialize(await load(one, fixture), {
    ...options,
    modules,
    components,
    gc,
    verify: true,
  });
  return component;
}

async function load({ nested }: DifferentialCase, fixture: string): Promise<Uint8Array> {
  const component = await loadFixture(fixture);
  return nested === undefined ? component : nest(component, nested);
}

async function supplied(fixture: string, files: Readonly<Record<string, string>> = {}) {
  const entries = Object.entries(files).map(async ([name, file]) => [name, await loadFixtureFile(fixture, file)]);
  return Object.fromEntries(await Promise.all(entries)) as Record<string, Uint8Array>;
}

function wasiOf({ args, env, stdin, preopens }: PreinitializeOptions): WasiSettings {
  return {
    ...(args && { args }),
    ...(env && { env }),
    ...(stdin && { stdin }),
    ...(preopens && { preopens: directoriesOf(preopens) }),
  };
}

/** On the original the init call comes first. */
function shiftHandles(call: Call): Call {
  const shift = (arg: Arg): Arg => (isHandleRef(arg) ? { handle: arg.handle + 1 } : arg);
  return { ...call, ...(call.args && { args: call.args.map(shift) }) };
}
