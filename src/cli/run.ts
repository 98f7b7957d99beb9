import type { Argv, CommandModule, Options } from "yargs";
import { tuneEngine } from "../isolate/engine-flags.js";
import type { PhaseListener, PreinitializeOptions } from "../preinitialize.js";
import { parseDeterminism } from "./determinism.js";
import { failureReport, reportFailure, UsageError } from "./failure.js";
import { checkOutput, displayName, parseIfText, readInput, writeOutput } from "./files.js";
import type { CommandHelp, OptionHelp } from "./help.js";
import { checkMounts, parseDir, parseTar } from "./mounts.js";
import { parseNetwork } from "./network-option.js";
import { parseDuration, parseEnv, parseHandles, parseSize, parseSupply, single } from "./options.js";
import { Progress, summarize } from "./progress.js";
import { isWatched, type Progressed } from "./supervise.js";
import { TraceFile } from "./trace.js";

interface RunArguments {
  readonly input: string;
  readonly output: string | readonly string[];
  readonly "init-func"?: string | readonly string[];
  readonly dir?: readonly string[];
  readonly tar?: readonly string[];
  readonly "max-archive-size"?: string | readonly string[];
  readonly env?: readonly string[];
  readonly stdin?: string | readonly string[];
  readonly handles?: string | readonly string[];
  readonly "allow-network"?: readonly string[];
  readonly timeout?: string | readonly string[];
  readonly "max-memory"?: string | readonly string[];
  readonly clock?: string | readonly string[];
  readonly seed?: string | readonly string[];
  readonly random?: string | readonly string[];
  readonly import?: readonly string[];
  readonly trace?: string | readonly string[];
  readonly "keep-init-func"?: boolean;
  readonly module?: readonly string[];
  readonly component?: readonly string[];
  readonly gc?: boolean;
  readonly verify?: boolean;
  readonly "no-cache"?: boolean;
  readonly verbose?: boolean;
  readonly json?: boolean;
}

/** How yargs reads each option, and what the help says about it. */
const OPTIONS: Readonly<Record<string, OptionHelp & Options>> = {
  output: {
    alias: "o",
    type: "string",
    nargs: 1,
    demandOption: true,
    placeholder: "FILE",
    describe: "Where to write the pre-initialized component; - for standard output",
  },
  "init-func": {
    alias: "f",
    type: "string",
    nargs: 1,
    placeholder: "FUNC",
    describe:
      "The function that initializes: an export (init), a function of an exported interface (ns:pkg/iface.start), " +
      'a call with arguments in WAVE (setup("prod", [1, 2])), an export of a core module (core:NAME), or none to ' +
      "only instantiate. By default the first that exists of component-init, wizer-initialize and " +
      "core:wizer.initialize",
  },
  "keep-init-func": { type: "boolean", describe: "Leave that function exported" },
  dir: {
    type: "string",
    array: true,
    nargs: 1,
    placeholder: "HOST[::GUEST][::MODE]",
    describe:
      "A directory that the guest may read while it initializes, and the path it finds it at; with the mode rw it gets " +
      "the guest's changes when all has succeeded, with overlay they are in memory only; repeatable",
  },
  tar: {
    type: "string",
    array: true,
    nargs: 1,
    placeholder: "ARCHIVE[::GUEST]",
    describe:
      "A .tar, .tar.gz or .tar.zst whose contents the guest may read, at / unless said otherwise; it may write to it in memory after a last ::overlay; repeatable",
  },
  "max-archive-size": {
    type: "string",
    nargs: 1,
    placeholder: "SIZE",
    describe: "What the archives may have together when decompressed, such as 512MiB; by default 4GiB",
  },
  env: {
    type: "string",
    array: true,
    nargs: 1,
    placeholder: "NAME=VALUE",
    describe: "An environment variable of the guest (NAME alone passes yours on); repeatable",
  },
  stdin: { type: "string", nargs: 1, placeholder: "FILE", describe: "What the guest reads as its standard input" },
  handles: {
    type: "string",
    nargs: 1,
    placeholder: "error|warn|allow",
    describe:
      "What to do about files and other resources that the guest still holds at the end (default: error); a snapshot " +
      "with any is right only where they are never used again",
  },
  "allow-network": {
    type: "string",
    array: true,
    nargs: 1,
    placeholder: "[=HOST:PORT]",
    describe:
      "Let the guest use the network while it initializes, all of it or only this destination (HOST:* for any port); " +
      "repeatable",
  },
  timeout: {
    type: "string",
    nargs: 1,
    placeholder: "DURATION",
    describe: "How long the guest may run, such as 30s, 500ms or 2m; without it as long as it takes",
  },
  "max-memory": {
    type: "string",
    nargs: 1,
    placeholder: "SIZE",
    describe:
      "How large each memory may become while initializing, such as 512MiB; growing it further fails in the guest",
  },
  clock: {
    type: "string",
    nargs: 1,
    placeholder: "INSTANT|real",
    describe:
      "When the guest's clock starts (by default 2025-01-01T00:00:00Z); a millisecond passes at each look. Or the real " +
      "clock",
  },
  seed: { type: "string", nargs: 1, placeholder: "N", describe: "The seed of the guest's random numbers, 64 bits" },
  random: {
    type: "string",
    nargs: 1,
    placeholder: "real",
    describe: "Real random numbers; what init draws of them is the same in every instance of the output",
  },
  import: {
    type: "string",
    array: true,
    nargs: 1,
    placeholder: "NAME=FILE.js",
    describe: "The ES module whose exports the guest gets for an interface or function that it imports; repeatable",
  },
  module: {
    type: "string",
    array: true,
    nargs: 1,
    placeholder: "NAME=FILE",
    describe: "The core module for an import of one; it becomes part of the output; repeatable",
  },
  component: {
    type: "string",
    array: true,
    nargs: 1,
    placeholder: "NAME=FILE",
    describe: "The component for an import of one; it becomes part of the output; repeatable",
  },
  gc: {
    type: "boolean",
    describe: "Remove from core modules what the component cannot reach; drops DWARF, which would not fit any more",
  },
  verify: {
    type: "boolean",
    describe: "Instantiate the output and compare its memories, globals and tables with the snapshot",
  },
  "no-cache": { type: "boolean", describe: "Neither use nor keep generated bindings in the cache directory" },
  trace: {
    type: "string",
    nargs: 1,
    placeholder: "FILE",
    describe: "Write every call of an import to a file, a line of JSON each, while the guest runs",
  },
  json: { type: "boolean", describe: "Print a report as JSON on standard output" },
  verbose: {
    alias: "v",
    type: "boolean",
    describe: "Show how long each phase takes, what the guest prints, and stack traces",
  },
};

/** The options that take no value. */
export const RUN_SWITCHES: readonly string[] = Object.keys(OPTIONS).filter((name) => OPTIONS[name]?.type === "boolean");

export const RUN_HELP: CommandHelp = {
  usage: "component-init run INPUT -o OUTPUT [options] [-- GUEST-ARGUMENTS]",
  about: "Run a component's initialization and write a component that starts already initialized.",
  positionals: {
    INPUT: "The component, binary or text (.wasm, .wat); - for standard input. It is never changed",
    "GUEST-ARGUMENTS": "What the guest gets as its arguments, the program's name first",
  },
  options: OPTIONS,
  examples: [
    {
      what: "Run the export component-init (or wizer-initialize)",
      command: ["component-init run app.wasm -o app.init.wasm"],
    },
    {
      what: "Call an export with arguments",
      command: ["component-init run app.wasm -o app.init.wasm -f 'setup(\"prod\", [1, 2])'"],
    },
    {
      what: "Load a JavaScript application into StarlingMonkey",
      command: [
        "component-init run starling.wasm -o app.wasm --dir ./app::/ -f wasi:cli/run \\",
        "-- starling index.js",
      ],
    },
    {
      what: "Provide an import of the component in JavaScript",
      command: ["component-init run app.wasm -o app.init.wasm --import local:host/log=log.js"],
    },
    {
      what: "In a pipe",
      command: ["cat app.wat | component-init run - -o - > app.init.wasm"],
    },
  ],
};

/** @param guestArguments - what follows `--`, which yargs would interpret */
export function runCommand(guestArguments: readonly string[] | undefined): CommandModule<object, RunArguments> {
  return {
    command: "run <input>",
    describe: RUN_HELP.about,
    builder: (yargs) => {
      // yargs reads a positional once more as an option's value; without `nargs` it would read `-` as an empty one.
      const declared = yargs.positional("input", { type: "string", demandOption: true }).nargs("input", 1);
      for (const [name, { placeholder: _, ...option }] of Object.entries(OPTIONS)) {
        declared.option(name, option);
      }
      return declared as unknown as Argv<RunArguments>;
    },
    handler: async (argv) => {
      try {
        await run(argv, guestArguments);
      } catch (error) {
        process.exitCode = reportFailure(error, argv.verbose === true);
        if (argv.json) printJson(failureReport(error));
      }
    },
  };
}

async function run(argv: RunArguments, guestArguments: readonly string[] | undefined): Promise<void> {
  const { input: inputPath, verbose = false, json = false } = argv;
  const outputPath = single("output", argv.output) as string;
  const stdinPath = single("stdin", argv.stdin);
  checkStreams(inputPath, outputPath, stdinPath, json);
  const options = {
    ...optional("initFunc", single("init-func", argv["init-func"])),
    keepInitFunc: argv["keep-init-func"] === true,
    ...optional("args", guestArguments),
    env: parseEnv(argv.env ?? []),
    ...optional("handles", parseHandles(single("handles", argv.handles))),
    preopens: [...(argv.dir ?? []).map(parseDir), ...(argv.tar ?? []).map(parseTar)],
    ...optional("maxArchiveSize", parseSize("max-archive-size", single("max-archive-size", argv["max-archive-size"]))),
    ...optional("maxMemory", parseSize("max-memory", single("max-memory", argv["max-memory"]))),
    ...parseDeterminism(single("clock", argv.clock), single("seed", argv.seed), single("random", argv.random)),
    cache: argv["no-cache"] !== true,
    gc: argv.gc === true,
    verify: argv.verify === true,
  } satisfies PreinitializeOptions;
  const timeout = parseDuration("timeout", single("timeout", argv.timeout));
  const network = await parseNetwork(argv["allow-network"] ?? []);
  await checkMounts(options.preopens);
  const modules = parseSupply("module", argv.module ?? []);
  const components = parseSupply("component", argv.component ?? []);
  const importModules = parseSupply("import", argv.import ?? []);
  const supplied = [...modules, ...components, ...importModules].map(({ path }) => path);
  const inputs = [inputPath, ...(stdinPath === undefined ? [] : [stdinPath]), ...supplied];
  await checkOutput(outputPath, inputs);
  const tracePath = single("trace", argv.trace);
  const trace = tracePath === undefined ? undefined : await TraceFile.open(tracePath, [outputPath, ...inputs]);
  tuneEngine();
  const [file, { preinitializeToChunks }] = await Promise.all([readInput(inputPath), import("../preinitialize.js")]);
  const input = await parseIfText(file, inputPath);
  const stdin = stdinPath === undefined ? undefined : await readInput(stdinPath);
  const progress = new Progress(verbose, json && !verbose);
  try {
    const { chunks, report } = await preinitializeToChunks(input, {
      ...options,
      ...optional("stdin", stdin),
      ...optional("network", network),
      modules: await readSupply(modules),
      components: await readSupply(components),
      onPhase: isWatched() ? watchedListener(progress, timeout) : progress,
      importModules: Object.fromEntries(importModules.map(({ name, path }) => [name, path])),
      ...optional("onHostCall", trace?.write),
      ...(verbose && { onOutput: progress.guestOutput }),
    });
    await writeOutput(outputPath, chunks);
    progress.stop();
    if (json) printJson(report);
    else for (const line of summarize(displayName(outputPath, "output"), report)) process.stderr.write(`${line}\n`);
  } finally {
    progress.stop();
    trace?.close();
  }
}

/** Tells the process that watches this one when the guest runs. */
function watchedListener(listener: PhaseListener, timeout: number | undefined): PhaseListener {
  const tell = (progressed: Progressed) => process.send?.(progressed);
  return {
    start(phase) {
      if (phase === "initialize") tell({ guest: "runs", ...optional("timeout", timeout) });
      listener.start(phase);
    },
    end(phase, milliseconds) {
      if (phase === "initialize") tell({ guest: "ended" });
      listener.end(phase, milliseconds);
    },
  };
}

async function readSupply(files: readonly { name: string; path: string }[]): Promise<Record<string, Uint8Array>> {
  const read = async ({ name, path }: { name: string; path: string }) =>
    [name, await parseIfText(await readInput(path), path)] as const;
  return Object.fromEntries(await Promise.all(files.map(read)));
}

/** Each of the standard streams can be one thing only. */
function checkStreams(input: string, output: string, stdin: string | undefined, json: boolean): void {
  if (input === "") throw new UsageError("the input's name is empty");
  if (json && output === "-") throw new UsageError("--json and -o - would both write to standard output");
  if (input === "-" && stdin === "-") throw new UsageError("the input and --stdin cannot both be standard input");
  if (output === "-" && process.stdout.isTTY) {
    throw new UsageError("-o - would write binary data to the terminal: redirect it, or name a file");
  }
}

function optional<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [key in K]: V });
}

function printJson(value: object): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}
