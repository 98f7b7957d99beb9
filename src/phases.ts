import { checkEngine } from "./check-engine.js";
import { checkComponent } from "./check-options.js";
import { encodeComponent } from "./component/encode.js";
import { checkGiven } from "./dlopen/check-given.js";
import { opensLibraries } from "./dlopen/interface.js";
import { refuseOnto, type WithLibraries, withLibraries } from "./dlopen/with-libraries.js";
import * as host from "./host/initialize.js";
import { chooseInit } from "./instrument/choose-init.js";
import type { InitFunction } from "./instrument/init-func.js";
import { instrument as instrumentComponent } from "./instrument/instrument.js";
import type { Instrumented as InstrumentedState } from "./instrument/model.js";
import type { InstrumentOptions } from "./instrument/module.js";
import { JcoThread } from "./jco/jco-thread.js";
import { type Correspondence, findCorrespondence, initInTarget } from "./rewrite/correspondence.js";
import { rewrite as rewriteComponent } from "./rewrite/rewrite.js";
import type { Snapshot } from "./snapshot/model.js";
import { takeSnapshot as takeSnapshotOf } from "./snapshot/take.js";
import type { Specialized, Supply } from "./specialize/model.js";
import { specialize } from "./specialize/specialize.js";
import { verify } from "./verify/verify.js";

/** The phases one by one, for callers that initialize several times or with a host of their own. */

export type Instrumented = InstrumentedState & {
  /** What was supplied for imports of core modules and components. */
  readonly supply: Supply;
  /** The instrumented component's file. A host that instantiates it finds the state under the names in `modules`. */
  encode(): Uint8Array;
};

export type Prepared = host.Prepared & { readonly instrumented: Instrumented };
export type { Initialized } from "./host/initialize.js";

/**
 * Makes the state of a component visible to its host.
 *
 * @param supply - for imports of core modules and components
 * @throws ComponentInitError `not-a-component`, `malformed`, `unsupported`, `invalid-option`
 */
export function instrument(
  component: Uint8Array,
  supply: Supply = {},
  options: Pick<InstrumentOptions, "maxMemory"> = {},
): Instrumented {
  checkEngine();
  checkComponent(component);
  const specialized = specialize(component, supply);
  const instrumented = instrumentComponent(specialized, {
    ...options,
    growTables: opensLibraries(specialized.component),
  });
  const encode = () => encodeComponent(instrumented.component, instrumented.chunksOf).toBytes();
  return { ...instrumented, supply, encode };
}

/**
 * Compiles an instrumented component for the host of this package. One prepared component can be initialized any number
 * of times, each time afresh.
 */
export async function prepare(instrumented: Instrumented): Promise<Prepared> {
  return { instrumented, modules: await host.compile(instrumented) };
}

/**
 * Instantiates a prepared component and runs its init function.
 *
 * @param initFunc - as in `PreinitializeOptions.initFunc`
 * @throws ComponentInitError
 */
export function initialize(
  prepared: Prepared,
  initFunc: string | undefined,
  options: Partial<host.HostOptions> = {},
): Promise<host.Initialized> {
  const { original, supply } = prepared.instrumented;
  const specialized = specialize(original, supply);
  checkGiven(specialized.component, options.dlopen);
  const init = chooseInit(specialized, initFunc);
  return host.initialize(prepared, init, { ...DEFAULTS, ...options });
}

const DEFAULTS = { args: ["component.wasm"], env: {}, stdin: new Uint8Array(), preopens: [] };

/**
 * Runs a component as a host does: instantiates it and calls functions of it, one after the other. It can open libraries
 * (`component-init:dlopen`).
 *
 * @param calls - as in `PreinitializeOptions.initFunc`
 * @returns what they returned, in jco's conventions
 * @throws ComponentInitError
 */
export function invoke(
  prepared: Prepared,
  calls: readonly string[],
  options: Partial<host.HostOptions> = {},
): Promise<host.Invoked> {
  const { original, supply } = prepared.instrumented;
  const specialized = specialize(original, supply);
  checkGiven(specialized.component, options.dlopen);
  const functions = calls.map((call) => chooseInit(specialized, call));
  return host.invoke(prepared, functions, { ...DEFAULTS, ...options });
}

/** Reads the state of an initialized component. Its ranges are views of live memory. */
export function takeSnapshot(initialized: host.Initialized): Snapshot {
  return takeSnapshotOf(initialized);
}

export interface RewriteOptions {
  /** The init function to take out, as in `PreinitializeOptions.initFunc`; nothing is taken out without it. */
  readonly removeInitFunc?: string;
  /** The component that the snapshot was taken of, where it is another one than the component to write into. */
  readonly snapshotOf?: Uint8Array;
  /** What to supply for imports of core modules and components. */
  readonly supply?: Supply;
  /** Core instances of `snapshotOf` and of the component to write that correspond although they differ, by name. */
  readonly correspondence?: Readonly<Record<string, string>>;
  /** As in `PreinitializeOptions.gc`. */
  readonly gc?: boolean;
  /** As in `PreinitializeOptions.dlopen.keep`. */
  readonly keepDlopen?: boolean;
}

interface RewriteTarget {
  readonly target: Specialized;
  /** From positions in the snapshot; `undefined` where they are the same. */
  readonly pairs: Correspondence | undefined;
  readonly exporting?: WithLibraries["definers"];
  readonly replacedImports?: WithLibraries["replacedImports"];
  readonly remove: InitFunction | undefined;
}

async function targetOf(component: Uint8Array, { dl }: Snapshot, options: RewriteOptions): Promise<RewriteTarget> {
  const { snapshotOf, correspondence, supply = {}, keepDlopen = false, removeInitFunc } = options;
  const target = specialize(component, supply);
  const init = removeInitFunc === undefined ? undefined : chooseInit(target, removeInitFunc);
  if (dl === undefined) {
    const pairs = snapshotOf && findCorrespondence(specialize(snapshotOf, supply), target, correspondence);
    return { target, pairs, remove: init };
  }
  if (snapshotOf !== undefined) refuseOnto();
  const baked = await withLibraries(component, supply, dl, keepDlopen);
  const { specialized, correspondence: pairs, definers, replacedImports } = baked;
  // A library can export what the program does.
  const remove = init && initInTarget(init, pairs);
  return { target: specialized, pairs, replacedImports, ...(keepDlopen && { exporting: definers }), remove };
}

/**
 * Writes a snapshot into a component and checks the result.
 *
 * @returns the component's file
 * @throws ComponentInitError `no-correspondence`, `invalid-output`
 */
export async function rewrite(
  component: Uint8Array,
  snapshot: Snapshot,
  options: RewriteOptions = {},
): Promise<Uint8Array> {
  checkEngine();
  checkComponent(component);
  const { gc = false } = options;
  const { target, pairs, exporting, replacedImports, remove } = await targetOf(component, snapshot, options);
  const rewritten = rewriteComponent(target, snapshot, {
    gc,
    ...(remove && { remove }),
    ...(pairs && { correspondence: pairs }),
    ...(exporting && { exporting }),
    ...(replacedImports && { replacedImports }),
  });
  const thread = new JcoThread();
  try {
    await verify(rewritten, thread);
  } finally {
    await thread.close();
  }
  return encodeComponent(rewritten.component).toBytes();
}
