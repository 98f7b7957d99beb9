import type { CommandModule } from "yargs";
import type { InspectedLibrary } from "../link/library.js";
import { inspectLibrary } from "../link/library.js";
import { worldExports } from "../link/worlds.js";
import { declareCommand } from "./command.js";
import { UsageError } from "./failure.js";
import { INSPECT_HELP } from "./inspect-lib-help.js";
import { parseLibrary, readAll } from "./libraries.js";
import { formatBytes } from "./progress.js";
import { during } from "./supervise.js";
import { printJson, printLine } from "./terminal.js";
import { applyTimeout } from "./timeout.js";

interface InspectArguments {
  readonly libraries?: readonly string[];
  readonly timeout?: string | readonly string[];
  readonly json?: boolean;
  readonly verbose?: boolean;
}

export function inspectCommand(): CommandModule<object, InspectArguments> {
  const takes = { type: "string", array: true } as const;
  const declared = { syntax: "inspect-lib [libraries..]", help: INSPECT_HELP, positional: "libraries", takes };
  return declareCommand<InspectArguments>(declared, inspect);
}

async function inspect({ libraries: texts = [], timeout, json = false, verbose = false }: InspectArguments) {
  applyTimeout(timeout);
  if (texts.length === 0) throw new UsageError("a library is missing: component-init inspect-lib LIBRARY...");
  const files = texts.map((text) => parseLibrary("inspect-lib", text, false));
  const inputs = await during("read", () => readAll(files));
  const libraries = inputs.map((input) => describe(inspectLibrary(input), input.bytes));
  if (json) printJson(libraries);
  else
    for (const [i, one] of libraries.entries()) {
      if (i > 0) printLine("stdout", "");
      for (const line of format(one, verbose)) printLine("stdout", line);
    }
}

interface Description {
  readonly name: string;
  readonly bytes: number;
  readonly memory: { readonly size: number; readonly alignment: number };
  readonly table: { readonly size: number; readonly alignment: number };
  readonly needed: readonly string[];
  readonly runtimePath: readonly string[];
  /** Symbols of other libraries, weak ones with a question mark. */
  readonly wants: {
    readonly functions: readonly string[];
    readonly data: readonly string[];
    readonly tags: readonly string[];
  };
  readonly defines: {
    readonly functions: readonly string[];
    readonly data: readonly string[];
    readonly tags: readonly string[];
  };
  /** Imports of the component or of adapters, by module. */
  readonly imports: Readonly<Record<string, readonly string[]>>;
  /** What its world exports. */
  readonly exports: readonly string[];
  readonly constructors?: string;
  /** Why it cannot be linked; empty where it can. */
  readonly problems: readonly string[];
}

function describe({ library, problems }: InspectedLibrary, bytes: Uint8Array): Description {
  const { name, dylink, functions, functionAddresses, dataAddresses, tags, outside, constructors } = library;
  const mark = (one: { readonly name: string; readonly isWeak: boolean }) => (one.isWeak ? `${one.name}?` : one.name);
  const imports: Record<string, string[]> = Object.create(null);
  for (const item of outside) (imports[item.module] ??= []).push(item.name);
  return {
    name,
    bytes: bytes.length,
    memory: dylink.memory,
    table: dylink.table,
    needed: dylink.needed,
    runtimePath: dylink.runtimePath,
    wants: {
      functions: [...new Set([...functions, ...functionAddresses].map(mark))],
      data: dataAddresses.map(mark),
      tags: tags.map(mark),
    },
    defines: {
      functions: [...library.definedFunctions.keys()],
      data: [...library.definedData.keys()],
      tags: [...library.definedTags.keys()],
    },
    imports,
    exports: worldExports(library),
    ...(constructors !== undefined && { constructors }),
    problems: [...new Set(problems)],
  };
}

function format(one: Description, verbose: boolean): string[] {
  const list = (items: readonly string[]) => (verbose ? items.join(" ") : String(items.length));
  const row = (label: string, text: string) => (text === "" || text === "0" ? [] : [`  ${label.padEnd(20)}${text}`]);
  const { memory, table, wants, defines } = one;
  return [
    `${one.name}: ${formatBytes(one.bytes)}`,
    ...row("memory", `${formatBytes(memory.size)}, aligned to ${memory.alignment}`),
    ...row("table", `${table.size} entries, aligned to ${table.alignment}`),
    ...row("needs", one.needed.join(" ")),
    ...row("runtime path", one.runtimePath.join(" ")),
    ...row("world exports", one.exports.join(" ")),
    ...row("constructors", one.constructors ?? ""),
    ...row("wants functions", list(wants.functions)),
    ...row("wants data", list(wants.data)),
    ...row("wants tags", list(wants.tags)),
    ...row("defines functions", list(defines.functions)),
    ...row("defines data", list(defines.data)),
    ...row("defines tags", list(defines.tags)),
    ...row("cannot be linked", told(one.problems)),
    ...Object.entries(one.imports).flatMap(([module, names]) => row(`imports`, `${module}: ${list(names)}`)),
  ];
}

/** There can be one for each symbol. */
function told([first = "", ...others]: readonly string[]): string {
  return others.length === 0 ? first : `${first} (and ${others.length} more)`;
}
