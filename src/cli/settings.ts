import type { Dlopen } from "../link/libdl.js";
import type { PreinitializeOptions } from "../preinitialize.js";
import type { Preopen } from "../wasi/filesystem/preopens.js";
import type { LibraryFile } from "./libraries.js";

/** The options that mean the same to the library. */
type Passed =
  | "args"
  | "clock"
  | "forget"
  | "gc"
  | "handles"
  | "initFunc"
  | "keepInitFunc"
  | "maxArchiveSize"
  | "maxMemory"
  | "maxWritten"
  | "network"
  | "random"
  | "seed"
  | "timeout"
  | "verify";

type Paths = Readonly<Record<string, string>>;

/** What is linked in the place of an input. */
export interface LinkSettings {
  readonly libraries?: readonly LibraryFile[];
  readonly adapters?: Paths;
  readonly libraryPath?: readonly string[];
  readonly stackSize?: number;
  readonly stubMissingFunctions?: boolean;
  readonly dlopen?: Dlopen;
}

/** What a run is to do, as a manifest and as the command line say it. Paths are those of this process. */
export interface Settings extends Pick<PreinitializeOptions, Passed>, LinkSettings {
  readonly input?: string;
  readonly output?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly preopens?: readonly Preopen[];
  readonly stdin?: string;
  readonly trace?: string;
  readonly keepDlopen?: boolean;
  /** A file with a linking plan. */
  readonly plan?: string;
  readonly importModules?: Paths;
  readonly modules?: Paths;
  readonly components?: Paths;
}

/** Without what is undefined, which spreading would take for a value. */
export function defined<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Single values come from `over`; lists and names of `base` stay unless `over` says something of the same path or name. */
export function mergeSettings(base: Settings, over: Settings): Settings {
  const { seed, random, ...rest } = base;
  // Real random numbers have no seed: the last word on either is the last on both.
  const randomness = over.seed !== undefined || over.random !== undefined ? {} : { seed, random };
  return defined({
    ...rest,
    ...randomness,
    ...over,
    env: { ...base.env, ...over.env },
    importModules: { ...base.importModules, ...over.importModules },
    modules: { ...base.modules, ...over.modules },
    components: { ...base.components, ...over.components },
    libraries: [...(base.libraries ?? []), ...(over.libraries ?? [])],
    adapters: { ...base.adapters, ...over.adapters },
    libraryPath: [...(over.libraryPath ?? []), ...(base.libraryPath ?? [])],
    preopens: mergePreopens(base.preopens ?? [], over.preopens ?? []),
    network: mergeNetwork(base.network, over.network),
  });
}

function mergePreopens(base: readonly Preopen[], over: readonly Preopen[]): Preopen[] {
  const replaced = new Set(over.map(({ guest }) => guest));
  return [...base.filter(({ guest }) => !replaced.has(guest)), ...over];
}

function mergeNetwork(base: Settings["network"], over: Settings["network"]): Settings["network"] {
  if (base === undefined || over === undefined) return over ?? base;
  return base === true || over === true ? true : [...base, ...over];
}
