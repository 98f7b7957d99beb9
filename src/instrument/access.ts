import type { Access } from "./model.js";

/** A core instance that runs, with what it was given. */
export interface RunningInstance {
  readonly exports: WebAssembly.Exports;
  readonly imports: WebAssembly.Imports;
}

/** What an access stands for in a running instance. */
export function lookUp(access: Access, { exports, imports }: RunningInstance): WebAssembly.ExportValue {
  const value = access.kind === "export" ? exports[access.name] : imports[access.module]?.[access.name];
  return value as WebAssembly.ExportValue;
}
