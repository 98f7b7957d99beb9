import type { Activity } from "./activity.js";
import type { HostContext } from "./context.js";
import { type ByteSource, InputStream, OutputStream } from "./streams.js";

/** Thrown by `wasi:cli/exit`: it unwinds the guest's frames up to whoever called the export. */
export class GuestExit extends Error {
  override readonly name = "GuestExit";

  constructor(readonly code: number) {
    super(`the guest exited with code ${code}`);
  }
}

export interface CliOptions {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Uint8Array;
  readonly onOutput: (stream: "stdout" | "stderr", bytes: Uint8Array) => void;
  /** Told of an exit as well: a guest compiled with exceptions can catch the one that is thrown. */
  readonly onExit?: (exit: GuestExit) => void;
}

class TerminalInput {}
class TerminalOutput {}

/** @param stdin - one position for all handles: a second `get-stdin` goes on where the first has stopped */
export function createCli(context: HostContext, options: CliOptions, activity: Activity, stdin: ByteSource) {
  return {
    "wasi:cli/environment": createEnvironment(options, activity),
    "wasi:cli/exit": createExit(options),
    ...createStandardStreams(context, options, stdin),
    // The standard streams are no terminals, so no resource of these two types is ever made.
    "wasi:cli/terminal-input": { TerminalInput },
    "wasi:cli/terminal-output": { TerminalOutput },
    "wasi:cli/terminal-stdin": { getTerminalStdin: () => undefined },
    "wasi:cli/terminal-stdout": { getTerminalStdout: () => undefined },
    "wasi:cli/terminal-stderr": { getTerminalStderr: () => undefined },
  };
}

function createEnvironment({ args, env }: CliOptions, activity: Activity) {
  return {
    getEnvironment: () => {
      activity.environmentRead = true;
      return Object.entries(env);
    },
    getArguments: () => [...args],
    initialCwd: () => undefined,
  };
}

function createExit({ onExit }: CliOptions) {
  const exit = (code: number): never => {
    const error = new GuestExit(code);
    onExit?.(error);
    throw error;
  };
  return {
    exit: (status: { readonly tag: "ok" | "err" }): never => exit(status.tag === "ok" ? 0 : 1),
    // Unstable in WASI 0.2.x (feature cli-exit-with-code).
    exitWithCode: exit,
  };
}

function createStandardStreams(context: HostContext, { onOutput }: CliOptions, stdin: ByteSource) {
  const output = (stream: "stdout" | "stderr") =>
    new OutputStream(context, (bytes) => onOutput(stream, bytes), {
      createdBy: `wasi:cli/${stream}#get-${stream}`,
      detail: stream,
    });
  return {
    "wasi:cli/stdin": {
      getStdin: () => new InputStream(context, stdin, { createdBy: "wasi:cli/stdin#get-stdin", detail: "stdin" }),
    },
    "wasi:cli/stdout": { getStdout: () => output("stdout") },
    "wasi:cli/stderr": { getStderr: () => output("stderr") },
  };
}
