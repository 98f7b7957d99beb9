import { readFile } from "node:fs/promises";
import { decodeModule } from "../module/decode.js";
import type { MemoryType } from "../module/extern-types.js";
import { collectGarbage } from "../module/gc.js";
import type { CoreModule } from "../module/model.js";
import type { DlFunction } from "./interface.js";

/** How strings are lowered. (No valid component lowers functions asynchronously that are not of asynchronous types.) */
export type StringEncoding = "utf8" | "utf16" | "latin1+utf16";

const TEMPLATES = {
  adapter: { 32: "adapter.wasm", 64: "adapter64.wasm" },
  forwarder: { 32: "forwarder.wasm", 64: "forwarder64.wasm" },
};

/** The name under which an adapter has a lowered function: `adapter.c` gives them. */
export function adapterExport(encoding: StringEncoding, func: DlFunction): string {
  return `${encoding.replace("+", "_")} ${func}`;
}

/**
 * The core module that a program calls, and that calls the lookup module.
 *
 * @param memory - the type of the memory that strings and results are in
 * @param exported - what the program has of it
 * @param asksHost - whether it imports the host's functions
 */
export async function adapterModule(
  memory: MemoryType,
  exported: ReadonlySet<string>,
  asksHost: boolean,
): Promise<CoreModule> {
  const file = TEMPLATES[asksHost ? "forwarder" : "adapter"][memory.is64 ? 64 : 32];
  const template = decodeModule(await readFile(new URL(`../../shared-libs/dlopen/${file}`, import.meta.url)));
  const module = template.copy();
  module.exports = template.exports.filter(({ name }) => exported.has(name));
  const { pageSizeLog2 } = memory;
  module.imports = template.imports.map((item) =>
    item.kind === "memory" ? { ...item, type: { ...item.type, pageSizeLog2 } } : item,
  );
  return collectGarbage(module).module;
}
