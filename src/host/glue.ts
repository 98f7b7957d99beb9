import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import vm from "node:vm";
import { ComponentInitError } from "../errors.js";
import type { Bindings } from "../jco/jco-worker.js";
import type { AsyncRuntime } from "./async-runtime.js";
import { GlueCache } from "./glue-cache.js";
import type { GuestHandles } from "./guest-handles.js";

/** What jco's bindgen makes of a component, patched: see `patchGlue`. */
export interface Glue extends Bindings {
  /** V8's compiled form of `source`, base64: a third of the time to load it. */
  readonly codeCache?: string;
  /** Hashes of outputs' skeletons that were found valid. */
  readonly validated?: readonly string[];
}

export type Instantiate = (
  getCoreModule: (name: string) => WebAssembly.Module | Promise<WebAssembly.Module>,
  imports: Readonly<Record<string, unknown>>,
  instantiateCore: (module: WebAssembly.Module, imports: WebAssembly.Imports) => { exports: WebAssembly.Exports },
) => Promise<Record<string, unknown>>;

/** Part of the cache key: raised when the options of bindgen or the patches change. */
const GLUE_FORMAT = "12";

/** Glue with its place in the cache. */
export class CachedGlue {
  private constructor(
    private glue: Glue,
    private readonly key: string | undefined,
    /** Whether it was in the cache. */
    readonly wasCached: boolean,
  ) {}

  /**
   * The glue for a component, from the cache where it is there.
   *
   * @param shape - the ranges of the component that the glue depends on
   * @param generate - generates it
   */
  static async make(
    shape: readonly Uint8Array[],
    generate: () => Promise<Glue>,
    useCache: boolean,
  ): Promise<CachedGlue> {
    if (!useCache) return new CachedGlue(await generate(), undefined, false);
    const key = cacheKey(shape);
    const cache = new GlueCache();
    const found = await cache.read(key);
    if (found !== undefined) return new CachedGlue(found, key, true);
    const glue = await generate();
    await cache.write(key, glue);
    return new CachedGlue(glue, key, false);
  }

  load(): LoadedGlue {
    return new LoadedGlue(this.glue);
  }

  isValidated(hash: string): boolean {
    return this.glue.validated?.includes(hash) ?? false;
  }

  /** Keeps what a run found out, for the next one. */
  async remember(codeCache: Uint8Array | undefined, validated: readonly string[]): Promise<void> {
    const isKnown = validated.every((hash) => this.isValidated(hash));
    if (this.key === undefined || (isKnown && codeCache === undefined)) return;
    // A few init functions and flags per component; a tool that goes through more of them validates again.
    const others = (this.glue.validated ?? []).filter((hash) => !validated.includes(hash));
    const known = [...others, ...validated].slice(-16);
    const code = codeCache === undefined ? {} : { codeCache: Buffer.from(codeCache).toString("base64") };
    this.glue = { ...this.glue, ...code, validated: known };
    await new GlueCache().write(this.key, this.glue);
  }
}

function cacheKey(shape: readonly Uint8Array[]): string {
  const hash = createHash("sha256").update(`${GLUE_FORMAT} ${jcoVersion()}\n`);
  // A length before each range, so that no two lists of ranges read the same.
  for (const range of shape) hash.update(`${range.length}\n`).update(range);
  return hash.digest("hex");
}

function jcoVersion(): string {
  // The package does not export its package.json, which stands next to the folder of the bindgen.
  const bindgen = import.meta.resolve("@bytecodealliance/jco-transpile/component");
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", bindgen), "utf8"));
  return (manifest as { version: string }).version;
}

/** Glue that is compiled: a script, which needs neither a file nor jco's module wrapper. */
export class LoadedGlue {
  private readonly script: vm.Script;
  /** Whether V8 had to compile the text. */
  private readonly isFresh: boolean;
  private readonly adapters = new Map<string, WebAssembly.Module>();

  constructor(private readonly glue: Glue) {
    const cachedData = glue.codeCache === undefined ? undefined : Buffer.from(glue.codeCache, "base64");
    this.script = compileScript(glue.source, cachedData);
    // Another version or other flags of V8 reject it.
    this.isFresh = cachedData === undefined || this.script.cachedDataRejected === true;
  }

  /** For one life of the component: handles and tasks are its own. */
  open(handles: GuestHandles, runtime: AsyncRuntime): Instantiate {
    const makeInstantiate = this.script.runInThisContext() as (...own: [GuestHandles, AsyncRuntime]) => Instantiate;
    return makeInstantiate(handles, runtime);
  }

  /** A core module that is not the component's own, by file name. */
  adapter(name: string): WebAssembly.Module {
    let module = this.adapters.get(name);
    if (module === undefined) {
      const bytes = this.glue.adapters[name];
      if (bytes === undefined) throw new Error(`the glue asks for a core module ${name} that nobody has`);
      module = new WebAssembly.Module(Buffer.from(bytes, "base64"));
      this.adapters.set(name, module);
    }
    return module;
  }

  /** What V8 compiled so far, after a run all that a run needs; `undefined` when that is cached already. */
  codeCache(): Uint8Array | undefined {
    return this.isFresh ? this.script.createCachedData() : undefined;
  }
}

/** jco writes names of the component into its text as they are, and a few of them collide with its own. */
function compileScript(source: string, cachedData: Buffer | undefined): vm.Script {
  try {
    return new vm.Script(source, { filename: "component-init:glue.js", ...(cachedData && { cachedData }) });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ComponentInitError(
      "unsupported",
      `the bindings that jco generates for this component are not valid JavaScript (${reason}): rename the export`,
      { cause },
    );
  }
}
