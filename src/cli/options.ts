import { basename } from "node:path";
import type { DirectoryPreopen } from "../preinitialize.js";
import { UsageError } from "./failure.js";

/** `HOST[::GUEST]`, as `wasmtime run --dir` takes it. Without `GUEST` the guest sees the path as it was given. */
export function parseDir(text: string): DirectoryPreopen {
  const at = text.indexOf("::");
  const host = at < 0 ? text : text.slice(0, at);
  const guest = at < 0 ? text : text.slice(at + 2);
  if (host === "") throw new UsageError(`--dir ${text}: the host directory is missing (HOST::GUEST)`);
  if (guest === "") throw new UsageError(`--dir ${text}: the guest path is missing after '::' (write / for the root)`);
  return { host, guest };
}

/** `NAME=VALUE`, or `NAME` alone to pass on the variable of this process, as wasmtime does. */
export function parseEnv(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf("=");
      const name = at < 0 ? text : text.slice(0, at);
      const value = at < 0 ? process.env[name] : text.slice(at + 1);
      if (name === "") throw new UsageError(`--env ${text}: the name is missing (NAME=VALUE)`);
      if (value === undefined) throw new UsageError(`--env ${text}: ${name} is not set in the environment`);
      return [name, value];
    }),
  );
}

/** What stands for a file in messages. */
export function displayName(path: string): string {
  return path === "-" ? "standard input" : basename(path);
}
