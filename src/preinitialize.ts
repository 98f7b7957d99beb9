import { createHash } from "node:crypto";
import { encodeComponent } from "./component/encode.js";
import { checkGiven } from "./dlopen/check-given.js";
import { DL_INTERFACE, opensLibraries } from "./dlopen/interface.js";
import type { DlPlan } from "./dlopen/plan.js";
import { refuseOnto, withLibraries } from "./dlopen/with-libraries.js";
import { ComponentInitError } from "./errors.js";
import { hostWarnings } from "./host/host-report.js";
import type { ImportModules } from "./host/import-modules.js";
import {
  compile,
  type DlopenOptions as HostDlopenOptions,
  type HostOptions,
  type Initialized,
  initialize,
  type Prepared,
} from "./host/initialize.js";
import type { HandlePolicy, HeldHandles } from "./host/live-handles.js";
import { chooseInit } from "./instrument/choose-init.js";
import { formatInitFunction, type InitFunction } from "./instrument/init-func.js";
import { instrument } from "./instrument/instrument.js";
import type { Instrumented } from "./instrument/model.js";
import type { InstrumentOptions } from "./instrument/module.js";
import { JcoThread } from "./jco/jco-thread.js";
import type { DlImports } from "./loader/imports.js";
import type { CoreModule } from "./module/model.js";
import type { DlReport, MemoryReport, PhaseName, Report, TableReport } from "./report.js";
import { findCorrespondence, initInTarget } from "./rewrite/correspondence.js";
import { type Rewritten, rewrite } from "./rewrite/rewrite.js";
import { shortened } from "./shortened.js";
import { NULL_ENTRY, type Snapshot } from "./snapshot/model.js";
import { takeSnapshot } from "./snapshot/take.js";
import type { Specialized, Supply } from "./specialize/model.js";
import { specialize } from "./specialize/specialize.js";
import { validateInput } from "./verify/input.js";
import { verifyState } from "./verify/state.js";
import { verify } from "./verify/verify.js";
import { asLine } from "./visible.js";
import { type DeterminismOptions, determinismOf } from "./wasi/determinism.js";
import type { Preopen } from "./wasi/filesystem/preopens.js";

export interface DlopenOptions extends HostDlopenOptions {
  /** Leave the import by which libraries are opened, for hosts that have it (default false). */
  readonly keep?: boolean;
}

export interface PreinitializeOptions extends DeterminismOptions {
  /**
   * A WIT item name (`init`, `local:app/lifecycle.start`), a WAVE call (`setup("prod", [1, 2])`), `core:NAME` for an
   * export of a core module, or `none`. By default the first of `component-init`, `wizer-initialize` and
   * `core:wizer.initialize` that exists.
   */
  readonly initFunc?: string;
  /** Leave the init function exported. */
  readonly keepInitFunc?: boolean;
  /** All of the guest's arguments, the program's name included. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: Uint8Array;
  /** Directories and archives that the guest finds in its file system. */
  readonly preopens?: readonly Preopen[];
  /** How many bytes the archives may have together, decompressed (default 4 GiB). */
  readonly maxArchiveSize?: number;
  /** How many bytes the guest may write to files, in all of them together (default 1 GiB). */
  readonly maxWritten?: number;
  /** How large each memory may become while initializing, in bytes; the output keeps its own maximum. */
  readonly maxMemory?: number;
  /**
   * Let the guest use the network while it initializes (default: no): all of it, or only these destinations, `HOST:PORT`
   * with a name, an IPv4 or an [IPv6] address, and a number or `*`.
   */
  readonly network?: HostOptions["network"];
  /** Further imports, by interface, in jco's conventions. */
  readonly imports?: HostOptions["imports"];
  /** Further imports, each from an ES module. */
  readonly importModules?: ImportModules;
  /** Run in a process of its own (default: with `timeout`): what the guest does to that one is an error, no more. */
  readonly isolate?: boolean;
  /** How long all of it may take, in milliseconds. */
  readonly timeout?: number;
  /** Gets what the guest prints while it prints it. */
  readonly onOutput?: HostOptions["onOutput"];
  /** Told of every call of an import when it has returned. */
  readonly onHostCall?: HostOptions["onHostCall"];
  /**
   * What to do about resources that the guest still holds when initialization ends: refuse the component (`error`, the
   * default), or take the snapshot with a warning in the report (`warn`) or without (`allow`). `report.handles` lists them.
   */
  readonly handles?: HandlePolicy;
  /**
   * Write the snapshot into this component instead, whose core modules correspond to those of the initialized one: for
   * instance the same libraries with stubs in the place of WASI.
   */
  readonly onto?: Uint8Array;
  /** Core instances of the initialized component and of `onto` that correspond although their modules differ, by name. */
  readonly correspondence?: Readonly<Record<string, string>>;
  /** Core modules for those that the component imports, by import name. They become part of the output. */
  readonly modules?: Readonly<Record<string, Uint8Array>>;
  /** Components for those that the component imports, by import name. They become part of the output. */
  readonly components?: Readonly<Record<string, Uint8Array>>;
  /**
   * Remove from core modules what the component cannot reach: functions, globals, types and so on (default false). It
   * drops DWARF, which would not fit the code any more.
   */
  readonly gc?: boolean;
  /** Instantiate the output and compare every memory, global and table with the snapshot (default false). */
  readonly verify?: boolean;
  /**
   * What the guest is made to forget of this host when it has been initialized, by default all of it: its adapter from WASI
   * preview 1 starts afresh, and wasi-libc looks again for `preopens` and, where the guest exports the function for it, for
   * the `environ`.
   */
  readonly forget?: HostOptions["forget"];
  /** Libraries that the guest opens while it initializes. */
  readonly dlopen?: DlopenOptions;
  /** Told of every phase. */
  readonly onPhase?: PhaseListener;
}

export interface PhaseListener {
  start(phase: PhaseName): void;
  end(phase: PhaseName, milliseconds: number): void;
}

export interface Preinitialized {
  /** The component as ranges in order: joined they are the file. */
  readonly chunks: readonly Uint8Array[];
  readonly report: Report;
}

/** What a guest finds as its own name unless arguments are given: the same on every machine. */
const DEFAULT_ARGS = ["component.wasm"];

/**
 * Runs a component's initialization in this process.
 *
 * @param bytes - the component; not changed
 * @throws ComponentInitError
 */
export async function preinitializeToChunks(
  bytes: Uint8Array,
  options: PreinitializeOptions = {},
): Promise<Preinitialized> {
  const thread = new JcoThread();
  try {
    return await runPhases(bytes, options, thread);
  } finally {
    await thread.close();
  }
}

/** The phases in order, with a thread that may serve many runs. */
export async function runPhases(
  bytes: Uint8Array,
  options: PreinitializeOptions,
  thread: JcoThread,
): Promise<Preinitialized> {
  const clock = new PhaseClock(options.onPhase);
  determinismOf(options);
  const supply: Supply = { modules: options.modules ?? {}, components: options.components ?? {} };
  const { specialized, init } = await clock.time("decode", () => {
    const specialized = specialize(bytes, supply);
    return { specialized, init: chooseInit(specialized, options.initFunc) };
  });
  checkGiven(specialized.component, options.dlopen);
  checkPlan(options.dlopen?.plan, bytes);
  const instrumented = await clock.time("instrument", () =>
    instrument(specialized, instrumentOptions(specialized, options)),
  );
  return withValidInput(bytes, supply, thread, async () => {
    const modules = await clock.time("compile", () => compile(instrumented));
    const prepared: Prepared = { instrumented, modules };
    if (!specialized.isUnchanged) await validateInput(bytes, supply, thread);
    const initialized = await clock.time("initialize", async () => {
      const imports = await providedImports(options, instrumented);
      return initialize(prepared, init, { ...hostOptions(options), imports });
    });
    const snapshot = await clock.time("snapshot", () => takeSnapshot(initialized));
    thread.prepare();
    const rewritten = await clock.time("rewrite", () => write(bytes, supply, snapshot, init, options));
    const output = encodeComponent(rewritten.component);
    await clock.time("verify", async () => {
      await verify(rewritten, thread, compiledBodies(instrumented));
      if (options.verify) await verifyOutput(output.toBytes(), { rewritten, snapshot, initialized }, options);
    });
    const name = formatInitFunction(init);
    const report: Omit<Report, "totalMs"> = {
      version: 1,
      ...(name === undefined ? {} : { init: name }),
      phases: clock.phases,
      inputBytes: bytes.length,
      outputBytes: output.length,
      memories: memoryReports(instrumented, snapshot, rewritten),
      tables: tableReports(instrumented, snapshot),
      globals: snapshot.instances.reduce((sum, { globals, references }) => sum + globals.length + references.length, 0),
      verified: options.verify === true,
      ...(rewritten.collected && { removed: rewritten.collected }),
      ...(initialized.dl && { dlopen: dlReport(bytes, snapshot, initialized.dl) }),
      host: initialized.host,
      stdout: initialized.stdout,
      stderr: initialized.stderr,
      ...heldReport(initialized.handles),
      warnings: [
        ...initialized.warnings,
        ...rewritten.warnings,
        ...instrumentWarnings(instrumented),
        ...hostWarnings(initialized.host),
      ].map(asLine),
    };
    const chunks = output.toChunks();
    // The last step: what fails before it has changed nothing.
    const remaining = await (writesToHost(options)
      ? clock.time("commit", () => initialized.files.commit())
      : initialized.files.commit());
    const warnings = [...report.warnings, ...remaining.map(remainWarning).map(asLine)];
    return { chunks, report: { ...report, totalMs: clock.total, warnings } };
  });
}

/** The core modules whose functions the engine has checked when it compiled them. */
function compiledBodies({ modules }: Instrumented): CoreModule[] {
  return modules.flatMap(({ unchangedBodies }) => unchangedBodies ?? []);
}

/** What is wrong with the input says more than what that does to its initialization and its output. */
async function withValidInput<T>(
  bytes: Uint8Array,
  supply: Supply,
  thread: JcoThread,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    await validateInput(bytes, supply, thread);
    throw error;
  }
}

/** @throws ComponentInitError `plan-mismatch` */
function checkPlan(plan: DlPlan | undefined, component: Uint8Array): void {
  if (plan === undefined || plan.sha256 === sha256(component)) return;
  throw new ComponentInitError("plan-mismatch", "the linking plan is for another component: let another one be made");
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function dlReport(bytes: Uint8Array, { dl }: Snapshot, { loads, failures, failuresOmitted }: DlImports): DlReport {
  const open = dl?.libraries.map(({ planned }) => planned.name) ?? [];
  return {
    open,
    failures,
    ...(failuresOmitted > 0 && { failuresOmitted }),
    plan: { version: 1, sha256: sha256(bytes), loads },
  };
}

/** Brings the output to life and looks whether its state is that of the snapshot. */
async function verifyOutput(
  output: Uint8Array,
  { rewritten, snapshot, initialized }: { rewritten: Rewritten; snapshot: Snapshot; initialized: Initialized },
  options: PreinitializeOptions,
): Promise<void> {
  const { onto } = options;
  const instrumented = instrument(specialize(output));
  const prepared = { instrumented, modules: await compile(instrumented) };
  // It opens nothing while it is instantiated, and shall stay as it is.
  const host = { ...hostOptions({ forget: [] }), imports: { [DL_INTERFACE]: {} } };
  const alive = await initialize(prepared, { kind: "none" }, host);
  // Another component may give its tables other contents that nobody changed.
  const original = onto === undefined ? { initialized } : {};
  const { instances, indexOf } = rewritten;
  verifyState(alive, { snapshot, instances, indexOf, ...original });
}

/** Into the component itself, or into another one for a staged pre-initialization. */
async function write(
  bytes: Uint8Array,
  supply: Supply,
  snapshot: Snapshot,
  init: InitFunction,
  options: PreinitializeOptions,
): Promise<Rewritten> {
  const { onto, correspondence, keepInitFunc, gc = false, dlopen } = options;
  if (snapshot.dl !== undefined) {
    if (onto !== undefined) refuseOnto();
    const keep = dlopen?.keep ?? false;
    const baked = await withLibraries(bytes, supply, snapshot.dl, keep);
    const remove = keepInitFunc ? undefined : initInTarget(init, baked.correspondence);
    return rewrite(baked.specialized, snapshot, {
      gc,
      correspondence: baked.correspondence,
      replacedImports: baked.replacedImports,
      ...(keep && { exporting: baked.definers }),
      ...(remove && { remove }),
    });
  }
  const source = specialize(bytes, supply);
  if (onto === undefined) return rewrite(source, snapshot, { gc, ...(keepInitFunc ? {} : { remove: init }) });
  const target = specialize(onto, supply);
  const pairs = findCorrespondence(source, target, correspondence);
  const remove = keepInitFunc ? undefined : initInTarget(init, pairs);
  return rewrite(target, snapshot, { gc, correspondence: pairs, ...(remove && { remove }) });
}

function instrumentOptions({ component }: Specialized, { maxMemory }: PreinitializeOptions): InstrumentOptions {
  return { growTables: opensLibraries(component), ...(maxMemory !== undefined && { maxMemory }) };
}

/** What the caller provides, as objects and as modules. */
async function providedImports({ imports, importModules }: PreinitializeOptions, { imports: imported }: Instrumented) {
  if (importModules === undefined) return imports ?? {};
  const { loadImportModules } = await import("./host/import-modules.js");
  return { ...imports, ...(await loadImportModules(importModules, imported)) };
}

/** Whether directories of the host get the guest's changes. */
function writesToHost({ preopens = [] }: PreinitializeOptions): boolean {
  return preopens.some(({ mode }) => mode === "rw");
}

function hostOptions(options: PreinitializeOptions): HostOptions {
  return {
    args: options.args ?? DEFAULT_ARGS,
    env: options.env ?? {},
    stdin: options.stdin ?? new Uint8Array(),
    preopens: options.preopens ?? [],
    ...(options.maxArchiveSize !== undefined && { maxArchiveSize: options.maxArchiveSize }),
    ...(options.maxWritten !== undefined && { maxWritten: options.maxWritten }),
    ...(options.network && { network: options.network }),
    ...(options.clock !== undefined && { clock: options.clock }),
    ...(options.seed !== undefined && { seed: options.seed }),
    ...(options.random !== undefined && { random: options.random }),
    ...(options.onOutput && { onOutput: options.onOutput }),
    ...(options.handles && { handles: options.handles }),
    ...(options.forget && { forget: options.forget }),
    ...(options.dlopen && { dlopen: options.dlopen }),
    ...(options.onHostCall && { onHostCall: options.onHostCall }),
  };
}

function instrumentWarnings({ modules }: Instrumented): string[] {
  const relaxed = modules.some(({ usesRelaxedSimd }) => usesRelaxedSimd);
  const open = [...new Set(modules.flatMap(({ openImports }) => openImports))];
  return [
    ...(relaxed
      ? ["the component uses relaxed SIMD: what initialization computed with it may differ on other machines"]
      : []),
    ...(open.length > 0 ? [openImportsWarning(open)] : []),
  ];
}

function openImportsWarning(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(", ");
  return (
    `element segments have imported functions whose types have subtypes (${shown}${names.length > 5 ? ", …" : ""}): where one is ` +
    "of a subtype, V8 (Node, browsers) lets call_indirect with that trap, other engines do not"
  );
}

function heldReport({ listed, count }: HeldHandles): Pick<Report, "handles" | "handlesOmitted"> {
  const handlesOmitted = count - listed.length;
  return { handles: listed, ...(handlesOmitted > 0 && { handlesOmitted }) };
}

function remainWarning(path: string): string {
  return `${path} could not be removed: it is an old file or directory that the guest has replaced or removed`;
}

function memoryReports(
  instrumented: Instrumented,
  snapshot: Snapshot,
  { moduleOf, indexOf }: Rewritten,
): MemoryReport[] {
  return snapshot.instances.flatMap(({ instance, memories }) => {
    const info = instrumented.instances[instance];
    const state = info && instrumented.modules[info.module]?.state;
    return memories.map(({ index, pages }) => {
      const segments = (moduleOf.get(instance)?.data ?? []).filter(
        ({ mode }) => mode.kind === "active" && mode.memory === indexOf(instance, "memory", index),
      );
      return {
        instance: shortened(info?.name ?? String(instance)),
        index,
        pagesBefore: state?.memories.find((memory) => memory.index === index)?.initialPages ?? 0,
        pagesAfter: pages,
        bytes: segments.reduce((sum, { bytes }) => sum + bytes.length, 0),
        segments: segments.length,
      };
    });
  });
}

function tableReports({ instances }: Instrumented, snapshot: Snapshot): TableReport[] {
  return snapshot.instances.flatMap(({ instance, tables }) =>
    tables.map(({ index, entries }) => ({
      instance: shortened(instances[instance]?.name ?? String(instance)),
      index,
      size: entries.length,
      entries: entries.reduce((count, entry) => count + (entry === NULL_ENTRY ? 0 : 1), 0),
    })),
  );
}

/** Times the phases. */
class PhaseClock {
  readonly phases: { name: PhaseName; ms: number }[] = [];
  private readonly started = performance.now();

  constructor(private readonly listener: PhaseListener | undefined) {}

  get total(): number {
    return performance.now() - this.started;
  }

  async time<T>(name: PhaseName, work: () => T | Promise<T>): Promise<T> {
    const start = performance.now();
    this.listener?.start(name);
    const result = await work();
    const ms = performance.now() - start;
    this.phases.push({ name, ms });
    this.listener?.end(name, ms);
    return result;
  }
}
