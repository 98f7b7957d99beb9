import type { Argv, CommandModule } from "yargs";
import { UsageError } from "./failure.js";
import { parseIfText, readInput, writeOutput } from "./files.js";
import { displayName, parseDir, parseEnv } from "./options.js";
import { Progress, summarize } from "./progress.js";

interface RunArguments {
  readonly input: string;
  readonly output: string;
  readonly "init-func"?: string;
  readonly dir: readonly string[];
  readonly env: readonly string[];
  readonly stdin?: string;
  readonly "keep-init-func": boolean;
  readonly cache: boolean;
  readonly verbose: boolean;
  readonly json: boolean;
  readonly "--"?: readonly (string | number)[];
}

function options(yargs: Argv): Argv<RunArguments> {
  return yargs
    .positional("input", { type: "string", demandOption: true, describe: "The component (.wasm or .wat; - for stdin)" })
    .option("output", {
      alias: "o",
      type: "string",
      demandOption: true,
      requiresArg: true,
      describe: "Where to write the pre-initialized component (- for stdout)",
    })
    .option("init-func", {
      alias: "f",
      type: "string",
      requiresArg: true,
      describe:
        "The init function: an export (init), one of an interface (ns:pkg/iface.start), a call in WAVE ('setup(\"prod\", [1, 2])'), core:NAME for a core module's export, or none. Default: component-init, wizer-initialize or core:wizer.initialize",
    })
    .option("dir", {
      type: "string",
      array: true,
      nargs: 1,
      default: [],
      requiresArg: true,
      describe: "A directory that the guest may read, as HOST[::GUEST]; repeatable",
    })
    .option("env", {
      type: "string",
      array: true,
      nargs: 1,
      default: [],
      requiresArg: true,
      describe: "An environment variable, as NAME=VALUE (NAME alone passes yours on); repeatable",
    })
    .option("stdin", {
      type: "string",
      requiresArg: true,
      describe: "A file that the guest reads as its standard input",
    })
    .option("keep-init-func", { type: "boolean", default: false, describe: "Leave the init function exported" })
    .option("cache", {
      type: "boolean",
      default: true,
      describe: "Keep generated bindings in the cache directory (--no-cache: do not)",
    })
    .option("verbose", {
      alias: "v",
      type: "boolean",
      default: false,
      describe: "Show the phases, what the guest prints, and stack traces",
    })
    .option("json", { type: "boolean", default: false, describe: "Print a report as JSON on stdout" })
    .example("$0 run app.wasm -o app.init.wasm", "Run the export component-init or wizer-initialize")
    .example("$0 run app.wasm -o out.wasm -f 'setup(\"prod\", 3)'", "Call setup with arguments")
    .example(
      "$0 run starling.wasm -o app.wasm --dir ./app::/ -f wasi:cli/run -- starling index.js",
      "Load a JavaScript application",
    ) as unknown as Argv<RunArguments>;
}

export const runCommand: CommandModule<object, RunArguments> = {
  command: "run <input>",
  describe: "Run a component's initialization and write a component that starts initialized",
  builder: options,
  handler: run,
};

async function run(argv: RunArguments): Promise<void> {
  if (argv.json && argv.output === "-") throw new UsageError("--json and -o - would both write to stdout");
  if (argv.input === "-" && argv.stdin === "-")
    throw new UsageError("the component and the guest's input cannot both be stdin");
  const progress = new Progress(argv.verbose, argv.json);
  const preopens = argv.dir.map(parseDir);
  const env = parseEnv(argv.env);
  const input = await parseIfText(await readInput(argv.input), argv.input);
  const stdin = argv.stdin === undefined ? undefined : await readInput(argv.stdin);
  const args = argv["--"]?.map(String);
  const { preinitializeToChunks } = await import("../preinitialize.js");
  try {
    const { chunks, report } = await preinitializeToChunks(input, {
      ...(argv["init-func"] === undefined ? {} : { initFunc: argv["init-func"] }),
      keepInitFunc: argv["keep-init-func"],
      ...(args && { args }),
      env,
      ...(stdin && { stdin }),
      preopens,
      cache: argv.cache,
      onPhase: progress,
      ...(argv.verbose && { onOutput: (_: string, bytes: Uint8Array) => void process.stderr.write(bytes) }),
    });
    await writeOutput(argv.output, chunks);
    progress.clear();
    if (argv.json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
    else for (const line of summarize(displayName(argv.output), report)) process.stderr.write(`${line}\n`);
  } finally {
    progress.clear();
  }
}
