import { access, constants } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { ImportedInterface } from "../component/resolve.js";
import { ComponentInitError } from "../errors.js";
import { reason } from "../reason.js";
import { importKey, type Provided } from "./imports.js";
import { settledOrStuck } from "./settled.js";

/** Modules of JavaScript (paths or `file:` URLs), by the import that their exports are for, with or without version. */
export type ImportModules = Readonly<Record<string, string | URL>>;

type Exports = Provided[string];

/**
 * Loads the modules, when it is sure that the component imports what they are for.
 *
 * @throws ComponentInitError `invalid-option`, `io`
 */
export async function loadImportModules(
  modules: ImportModules,
  imported: readonly ImportedInterface[],
): Promise<Provided> {
  const loaded = new Map<string, Exports>();
  for (const [name, module] of Object.entries(modules)) {
    const item = findImport(name, imported);
    const key = importKey(item.name);
    if (loaded.has(key)) refuse(`${key} is provided by more than one module (versions make no difference)`);
    loaded.set(key, await load(name, module instanceof URL ? fileURLToPath(module) : module, item));
  }
  return Object.fromEntries(loaded);
}

function findImport(name: string, imported: readonly ImportedInterface[]): ImportedInterface {
  const found = imported.find((item) => item.name === name || importKey(item.name) === name);
  if (found !== undefined) return found;
  const names = imported.map((item) => item.name);
  const known = names.length === 0 ? "it imports nothing" : `it imports ${names.join(", ")}`;
  return refuse(`a module is given for the import ${name}, and the component has no such import: ${known}`);
}

async function load(name: string, path: string, { functions }: ImportedInterface): Promise<Exports> {
  await access(path, constants.R_OK).catch((cause) => {
    throw new ComponentInitError("io", `cannot read ${path}, for the import ${name}: ${reason(cause)}`, { cause });
  });
  const exports = await evaluate(name, path);
  if (functions.includes("") && typeof exports.default !== "function") {
    refuse(`the import ${name} is a function, and the default export of ${path} is none`);
  }
  return exports;
}

async function evaluate(name: string, path: string): Promise<Exports> {
  try {
    const loading: Promise<Exports> = import(pathToFileURL(resolve(path)).href);
    return await settledOrStuck(loading, "its top-level await does not end");
  } catch (cause) {
    const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    const [line = why] = why.split("\n");
    return refuse(`loading ${path}, for the import ${name}, failed: ${line}`, cause);
  }
}

function refuse(message: string, cause?: unknown): never {
  throw new ComponentInitError("invalid-option", message, { cause });
}
