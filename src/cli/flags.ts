import { parseDeterminism } from "./determinism.js";
import { adaptersOf, librariesOf, parseDlopen } from "./libraries.js";
import { parseDir, parseTar } from "./mounts.js";
import { parseNetwork } from "./network-option.js";
import { parseDuration, parseEnv, parseForget, parseHandles, parseSize, parseSupply, single } from "./options.js";
import type { RunOption } from "./run-options.js";
import { defined, type Settings } from "./settings.js";

type Text = string | readonly string[];

/** What yargs makes of a command line: an option of one value that is given more than once has several. */
export type RunArguments = { readonly input?: string } & {
  readonly [K in Exclude<RunOption, RepeatableOption | SwitchOption>]?: Text;
} & { readonly [K in RepeatableOption]?: readonly string[] } & { readonly [K in SwitchOption]?: boolean };

type RepeatableOption =
  | "lib"
  | "dl-openable"
  | "adapt"
  | "library-path"
  | "dir"
  | "tar"
  | "env"
  | "allow-network"
  | "import"
  | "module"
  | "component";
type SwitchOption = "stub-missing-functions" | "keep-dlopen" | "keep-init-func" | "gc" | "verify" | "json" | "verbose";

/** What the command line says. */
export async function settingsOfFlags(argv: RunArguments, guestArguments?: readonly string[]): Promise<Settings> {
  const value = (name: Exclude<RunOption, RepeatableOption | SwitchOption>) => single(name, argv[name]);
  const parsed = <T>(
    name: Exclude<RunOption, RepeatableOption | SwitchOption>,
    parse: (label: string, text: string) => T,
  ): T | undefined => {
    const text = value(name);
    return text === undefined ? undefined : parse(`--${name}`, text);
  };
  return defined({
    input: argv.input,
    libraries: librariesOf(argv.lib ?? [], argv["dl-openable"] ?? []),
    adapters: adaptersOf(argv.adapt ?? []),
    libraryPath: argv["library-path"] ?? [],
    stackSize: parsed("stack-size", parseSize),
    stubMissingFunctions: argv["stub-missing-functions"],
    dlopen: parsed("dlopen", parseDlopen),
    keepDlopen: argv["keep-dlopen"],
    plan: value("plan"),
    output: value("output"),
    initFunc: value("init-func"),
    keepInitFunc: argv["keep-init-func"],
    args: guestArguments,
    env: parseEnv(argv.env ?? []),
    stdin: value("stdin"),
    handles: parsed("handles", (_, text) => parseHandles(text)),
    forget: parsed("forget", (_, text) => parseForget(text)),
    preopens: [...(argv.dir ?? []).map(parseDir), ...(argv.tar ?? []).map(parseTar)],
    maxArchiveSize: parsed("max-archive-size", parseSize),
    maxWritten: parsed("max-written", parseSize),
    maxMemory: parsed("max-memory", parseSize),
    timeout: parsed("timeout", parseDuration),
    ...parseDeterminism(value("clock"), value("seed"), value("random")),
    network: await parseNetwork(argv["allow-network"] ?? []),
    importModules: parseSupply("import", argv.import ?? []),
    modules: parseSupply("module", argv.module ?? []),
    components: parseSupply("component", argv.component ?? []),
    gc: argv.gc,
    verify: argv.verify,
    trace: value("trace"),
  });
}
