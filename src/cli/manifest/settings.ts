import { dirname, isAbsolute, join } from "node:path";
import { ComponentInitError } from "../../errors.js";
import type { Preopen } from "../../wasi/filesystem/preopens.js";
import { parseClock, parseSeed } from "../determinism.js";
import { UsageError } from "../failure.js";
import type { LibraryFile } from "../libraries.js";
import { checkDestinations } from "../network-option.js";
import { ownVariable, parseDuration, parseSize } from "../options.js";
import { defined, type Settings } from "../settings.js";
import type { Manifest, ManifestLibrary, ManifestPreopen } from "./manifest.js";

/**
 * What a manifest says. Its paths are relative to the directory that it is in.
 *
 * @throws ComponentInitError `invalid-option`
 */
export async function settingsOfManifest(manifest: Manifest, path: string): Promise<Settings> {
  try {
    return await convert(manifest, path);
  } catch (error) {
    // The options' help is no help here.
    throw error instanceof UsageError ? new ComponentInitError("invalid-option", error.message) : error;
  }
}

async function convert(manifest: Manifest, path: string): Promise<Settings> {
  const isLinked = (library: string | ManifestLibrary) => typeof library === "string" || library.dlOpenable !== true;
  if (manifest.component !== undefined && manifest.sharedLibs?.some(isLinked)) {
    throw new UsageError(
      `${path}: component and sharedLibs exclude each other, but for libraries that are dlOpenable: others are linked in its place`,
    );
  }
  const { component, output, stdin, trace, init, keepInit, args, handles, forget, gc, verify } = manifest;
  // As on the command line, `-` is a standard stream.
  const locate = (file: string) => (isAbsolute(file) || file === "-" ? file : join(dirname(path), file));
  const locatedAll = (files: Readonly<Record<string, string>> = {}) =>
    Object.fromEntries(Object.entries(files).map(([name, file]) => [name, locate(file)]));
  return defined({
    input: component === undefined ? undefined : locate(component),
    libraries: manifest.sharedLibs?.map((library) => libraryOf(library, locate)),
    adapters: locatedAll(manifest.adapters),
    libraryPath: manifest.libraryPath?.map(locate),
    stackSize:
      manifest.stackSize === undefined ? undefined : parseSize(`${path}: stackSize`, String(manifest.stackSize)),
    stubMissingFunctions: manifest.stubMissingFunctions,
    dlopen: manifest.dlopen,
    keepDlopen: manifest.keepDlopen,
    plan: manifest.plan === undefined ? undefined : locate(manifest.plan),
    output: output === undefined ? undefined : locate(output),
    stdin: stdin === undefined ? undefined : locate(stdin),
    trace: trace === undefined ? undefined : locate(trace),
    initFunc: init,
    keepInitFunc: keepInit,
    args,
    env: valuesOf(manifest.env ?? {}, path),
    preopens: manifest.preopens?.map((preopen) => preopenOf(preopen, locate)),
    ...limitsOf(manifest, path),
    ...(await randomnessAndNetworkOf(manifest, path)),
    handles,
    forget,
    importModules: locatedAll(manifest.imports),
    modules: locatedAll(manifest.modules),
    components: locatedAll(manifest.components),
    gc,
    verify,
  });
}

function libraryOf(library: string | ManifestLibrary, locate: (file: string) => string): LibraryFile {
  const { file, ...rest } = typeof library === "string" ? { file: library } : library;
  return { path: locate(file), ...rest };
}

function valuesOf(env: NonNullable<Manifest["env"]>, path: string): Record<string, string> {
  const find = (name: string, value: string | true): string => {
    const actual = value === true ? ownVariable(name) : value;
    if (actual !== undefined) return actual;
    throw new UsageError(`${path}: env.${name} is not set in your environment: set it, or write a value for true`);
  };
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, find(name, value)]));
}

function preopenOf({ host, archive, guest, mode }: ManifestPreopen, locate: (file: string) => string): Preopen {
  if (host !== undefined) return { host: locate(host), guest: guest ?? host, ...(mode !== undefined && { mode }) };
  if (mode === "rw") throw new UsageError(`${archive}: an archive stays as it is (overlay keeps changes in memory)`);
  return { archive: locate(archive as string), guest: guest ?? "/", ...(mode !== undefined && { mode }) };
}

function limitsOf({ limits = {} }: Manifest, path: string): Settings {
  const { timeout, memory, archives, written } = limits;
  const size = (key: string, value: string | number | undefined) =>
    value === undefined ? undefined : parseSize(`${path}: limits.${key}`, String(value));
  return defined({
    timeout: timeout === undefined ? undefined : parseDuration(`${path}: limits.timeout`, timeout),
    maxMemory: size("memory", memory),
    maxArchiveSize: size("archives", archives),
    maxWritten: size("written", written),
  });
}

async function randomnessAndNetworkOf({ clock, seed, random, network }: Manifest, path: string) {
  if (seed !== undefined && random !== undefined) {
    throw new UsageError(`${path}: seed and random exclude each other: real random numbers have no seed`);
  }
  if (typeof seed === "number" && !Number.isSafeInteger(seed)) {
    throw new UsageError(`${path}: seed ${seed} is too large for a number of JSON: write it as a text`);
  }
  return {
    clock: clock === undefined ? undefined : parseClock(`${path}: clock`, clock),
    seed: seed === undefined ? undefined : parseSeed(`${path}: seed`, String(seed)),
    random,
    network: Array.isArray(network) ? await checkDestinations(`${path}: network`, network) : network || undefined,
  };
}
