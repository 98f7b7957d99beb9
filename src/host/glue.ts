import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import vm from "node:vm";
import { Worker } from "node:worker_threads";
import { ComponentInitError } from "../errors.js";
import { GlueCache } from "./glue-cache.js";
import { patchGlue } from "./glue-patches.js";

/** What jco's bindgen makes of a component: the canonical ABI in JavaScript. */
export interface Glue {
  /** The text of an ES module that exports `instantiate`. */
  readonly source: string;
  /** Core modules that are not the component's own (adapters between nested components), by file name, base64. */
  readonly adapters: Readonly<Record<string, string>>;
}

export type Instantiate = (
  getCoreModule: (name: string) => WebAssembly.Module | Promise<WebAssembly.Module>,
  imports: Readonly<Record<string, unknown>>,
  instantiateCore: (module: WebAssembly.Module, imports: WebAssembly.Imports) => { exports: WebAssembly.Exports },
) => Promise<Record<string, unknown>>;

/** Glue that is ready to run, with its handle tables in view. */
export interface LoadedGlue {
  readonly instantiate: Instantiate;
  readonly adapters: Glue["adapters"];
  readonly handleTables: HandleTables;
}

/** jco's tables of resource handles; see the patch below. */
export interface HandleTables {
  readonly tables: readonly (readonly number[] | undefined)[];
  /** Indices of the tables that hold resources of the host. */
  readonly imported: ReadonlySet<number>;
}

/** Part of the cache key: raised when the options below or the patch change. */
const GLUE_FORMAT = "1";

/**
 * The glue for a component, from the cache where it is there.
 *
 * @param component - Function bodies and data may be left out where no async ABI is used: bindgen then does not read them.
 */
export async function makeGlue(component: Uint8Array, useCache: boolean): Promise<{ glue: Glue; cached: boolean }> {
  if (!useCache) return { glue: await generateGlue(component), cached: false };
  const key = createHash("sha256").update(GLUE_FORMAT).update(jcoVersion()).update(component).digest("hex");
  const cache = new GlueCache();
  const found = await cache.read(key);
  if (found !== undefined) return { glue: found, cached: true };
  const glue = await generateGlue(component);
  await cache.write(key, glue);
  return { glue, cached: false };
}

function jcoVersion(): string {
  // The package does not export its package.json, which stands next to the folder of the bindgen.
  const bindgen = import.meta.resolve("@bytecodealliance/jco-transpile/component");
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", bindgen), "utf8"));
  return (manifest as { version: string }).version;
}

/**
 * Runs bindgen in a thread of its own: a panic leaves jco's instance unusable for good ("cannot enter component
 * instance"), and this way the caller's thread can compile the core modules meanwhile.
 */
function generateGlue(component: Uint8Array): Promise<Glue> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./glue-worker.js", import.meta.url), { workerData: component });
    const fail = (cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      reject(
        new ComponentInitError("unsupported", `jco cannot generate bindings for this component: ${reason}`, { cause }),
      );
    };
    worker.once("message", (answer: { glue: Glue } | { error: string }) => {
      if ("glue" in answer) resolve(answer.glue);
      else fail(answer.error);
    });
    worker.once("error", fail);
    worker.once("exit", (code) => fail(`its thread ended with code ${code}`));
  });
}

/** Compiles glue as a script: that needs neither a file nor jco's module wrapper. */
export function loadGlue(glue: Glue): LoadedGlue {
  const script = new vm.Script(`(function (__tables) { ${patchGlue(glue.source)}\nreturn instantiate; })`, {
    filename: "component-init:glue.js",
  });
  const tables: (number[] | undefined)[] = [];
  const instantiate = (script.runInThisContext() as (tables: unknown) => Instantiate)(tables);
  const imported = new Set(
    [...glue.source.matchAll(/\bconst captureTable(\d+)\s*=/g)].map((match) => Number(match[1])),
  );
  return { instantiate, adapters: glue.adapters, handleTables: { tables, imported } };
}

const T_FLAG = 1 << 30;

/** How many handles are owned in a table: entries are scope and representation, flagged free or owned. */
export function countOwned(table: readonly number[]): number {
  let owned = 0;
  for (let i = 2; i + 1 < table.length; i += 2) {
    const isFree = ((table[i] as number) & T_FLAG) !== 0;
    if (!isFree && (table[i + 1] as number) & T_FLAG) owned++;
  }
  return owned;
}
