import { access, constants } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { ImportedInterface } from "../component/resolve.js";
import { ComponentInitError } from "../errors.js";
import type { PreinitializeOptions } from "../preinitialize.js";
import { reason } from "./files.js";

type Imports = NonNullable<PreinitializeOptions["imports"]>;
type Exports = Imports[string];

/** A module of JavaScript for an import, from `--import NAME=FILE`. */
export interface ImportModule {
  /** With or without version. */
  readonly name: string;
  readonly path: string;
}

/**
 * Loads the modules, when it is sure that the component imports what they are for.
 *
 * @param component - the input
 */
export async function loadImports(modules: readonly ImportModule[], component: Uint8Array): Promise<Imports> {
  if (modules.length === 0) return {};
  const imported = await importsOf(component);
  const loaded = new Map<string, Exports>();
  for (const module of modules) {
    const item = findImport(module.name, imported);
    if (loaded.has(item.key)) refuse(`--import gives ${item.key} more than once (versions make no difference)`);
    loaded.set(item.key, await load(module, item));
  }
  return Object.fromEntries(loaded);
}

type KeyedImport = ImportedInterface & {
  /** Without the version. */
  readonly key: string;
};

async function importsOf(component: Uint8Array): Promise<KeyedImport[]> {
  const [{ decodeComponent }, { importedInterfaces }, { importKey }] = await Promise.all([
    import("../component/decode.js"),
    import("../component/resolve.js"),
    import("../host/imports.js"),
  ]);
  return importedInterfaces(decodeComponent(component)).map((item) => ({ ...item, key: importKey(item.name) }));
}

function findImport(name: string, imported: readonly KeyedImport[]): KeyedImport {
  const found = imported.find((item) => item.name === name || item.key === name);
  if (found !== undefined) return found;
  const names = imported.map((item) => item.name);
  const known = names.length === 0 ? "it imports nothing" : `it imports ${names.join(", ")}`;
  return refuse(`--import ${name}: the component has no such import: ${known}`);
}

async function load({ name, path }: ImportModule, { functions }: ImportedInterface): Promise<Exports> {
  await access(path, constants.R_OK).catch((cause) => {
    throw new ComponentInitError("io", `--import ${name}: cannot read ${path}: ${reason(cause)}`, { cause });
  });
  const exports = await evaluate(name, path);
  if (functions.includes("") && typeof exports.default !== "function") {
    refuse(`--import ${name}: ${name} is a function, and the default export of ${path} is none`);
  }
  return exports;
}

async function evaluate(name: string, path: string): Promise<Exports> {
  try {
    return (await import(pathToFileURL(resolve(path)).href)) as Exports;
  } catch (cause) {
    const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    const [line = why] = why.split("\n");
    return refuse(`--import ${name}: loading ${path} failed: ${line}`, cause);
  }
}

function refuse(message: string, cause?: unknown): never {
  throw new ComponentInitError("invalid-option", message, { cause });
}
