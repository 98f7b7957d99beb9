import type { CommandModule } from "yargs";
import { ComponentInitError } from "../errors.js";
import { toVisibleJson } from "../visible.js";
import { declareCommand } from "./command.js";
import { UsageError } from "./failure.js";
import { parseIfText, readInput, readNamed, withInputName } from "./files.js";
import { type RunArguments, settingsOfFlags } from "./flags.js";
import { HOST_HELP } from "./host-options.js";
import { namedLibraries } from "./libraries.js";
import { checkMounts } from "./mounts.js";
import { warning } from "./progress.js";
import { defined, type Settings } from "./settings.js";
import { during, tell } from "./supervise.js";
import { passOn, printLine } from "./terminal.js";

type HostArguments = RunArguments & { readonly invoke?: readonly string[] };

const DEFAULT_CALL = "wasi:cli/run";

/** @param guestArguments - what follows `--`, which yargs would interpret */
export function hostCommand(guestArguments: readonly string[] | undefined): CommandModule<object, HostArguments> {
  const declared = { syntax: "host [input]", help: HOST_HELP, positional: "input", takes: { type: "string" } } as const;
  return declareCommand<HostArguments>(declared, (argv) => host(argv, guestArguments));
}

async function host(argv: HostArguments, guestArguments: readonly string[] | undefined): Promise<void> {
  const settings = await settingsOfFlags(argv, guestArguments);
  const { input, timeout } = settings;
  if (timeout !== undefined) tell({ timeout });
  if (input === undefined) throw new UsageError("the input is missing: component-init host INPUT");
  if (input === "-" && settings.stdin === "-")
    throw new UsageError("the input and --stdin cannot both be standard input");
  await checkMounts(settings.preopens ?? []);
  const component = await during("read", async () => parseIfText(await readInput(input), input));
  const calls = argv.invoke ?? [DEFAULT_CALL];
  const { results, files } = await during("run", () =>
    call(component, calls, settings).catch((error) => {
      throw withInputName(error, input);
    }),
  );
  const remaining = files && (await during("commit", () => files.commit()));
  for (const path of remaining ?? []) printLine("stderr", warning(`${path} could not be removed`));
  for (const result of results) if (result !== undefined) printLine("stdout", format(result));
}

async function call(component: Uint8Array, calls: readonly string[], settings: Settings) {
  const { modules = {}, components = {}, importModules = {}, libraries = [], libraryPath } = settings;
  const { maxMemory, args, env, preopens, network, clock, seed, random } = settings;
  const { instrument, prepare, invoke } = await import("../phases.js");
  const { loadImportModules } = await import("../host/import-modules.js");
  const supply = { modules: await readNamed(modules), components: await readNamed(components) };
  const instrumented = instrument(component, supply, defined({ maxMemory }));
  const prepared = await prepare(instrumented);
  const options = {
    ...defined({ args, env, preopens, network, clock, seed, random }),
    ...(settings.stdin !== undefined && { stdin: await readInput(settings.stdin) }),
    imports: await loadImportModules(importModules, instrumented.imports),
    dlopen: defined({ libraries: await namedLibraries(libraries), libraryPath }),
    onOutput: passOn,
  };
  return invoke(prepared, calls, options).catch(exitAsGuest);
}

/** The guest has ended the process that it believes to be. */
function exitAsGuest(error: unknown): { readonly results: readonly unknown[]; readonly files: undefined } {
  const { cause } = error as { cause?: { name?: string; code?: number } };
  if (!(error instanceof ComponentInitError) || error.code !== "init-exited") throw error;
  process.exitCode = cause?.code ?? 1;
  return { results: [], files: undefined };
}

/** As JSON, with 64-bit numbers as numbers. */
function format(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return `[${[...(value as unknown[])].map(format).join(",")}]`;
  if (typeof value !== "object" || value === null) return toVisibleJson(value ?? null);
  return `{${Object.entries(value).map(([name, member]) => `${toVisibleJson(name)}:${format(member)}`)}}`;
}
