import type { CommandModule } from "yargs";
import { declareCommand } from "./command.js";
import { UsageError } from "./failure.js";
import { checkOutput, displayName, writeOutput } from "./files.js";
import { adaptersOf, librariesOf, parseDlopen, parseLibrary } from "./libraries.js";
import { linkFiles } from "./link-files.js";
import { LINK_HELP } from "./link-options.js";
import { describeLinked } from "./link-report.js";
import { parseSize, single } from "./options.js";
import { defined } from "./settings.js";
import { during } from "./supervise.js";
import { printJson, printLine } from "./terminal.js";
import { applyTimeout } from "./timeout.js";

interface LinkArguments {
  readonly libraries: readonly string[];
  readonly output?: string | readonly string[];
  readonly "dl-openable"?: readonly string[];
  readonly adapt?: readonly string[];
  readonly "library-path"?: readonly string[];
  readonly "stack-size"?: string | readonly string[];
  readonly "stub-missing-functions"?: boolean;
  readonly dlopen?: string | readonly string[];
  readonly timeout?: string | readonly string[];
  readonly json?: boolean;
  readonly verbose?: boolean;
}

export function linkCommand(): CommandModule<object, LinkArguments> {
  const takes = { type: "string", array: true } as const;
  const declared = { syntax: "link [libraries..]", help: LINK_HELP, positional: "libraries", takes };
  return declareCommand<LinkArguments>(declared, linkTo);
}

async function linkTo(argv: LinkArguments): Promise<void> {
  const { libraries: texts = [], json = false, verbose = false } = argv;
  const output = single("output", argv.output);
  applyTimeout(argv.timeout);
  if (texts.length === 0) throw new UsageError("a library is missing: component-init link LIBRARY... -o OUTPUT");
  if (output === undefined) throw new UsageError("the output is missing: add -o FILE (- for standard output)");
  if (json && output === "-") throw new UsageError("--json and -o - would both write to standard output");
  const stackSize = single("stack-size", argv["stack-size"]);
  const libraries = [
    ...texts.map((text) => parseLibrary("link", text, false)),
    ...librariesOf([], argv["dl-openable"] ?? []),
  ];
  const dlopenText = single("dlopen", argv.dlopen);
  const dlopen = dlopenText === undefined ? undefined : parseDlopen("--dlopen", dlopenText);
  if (dlopen === "init" && (argv["dl-openable"] ?? []).length > 0) {
    throw new UsageError("--dlopen init: what is opened while initializing is not linked, give --dl-openable to run");
  }
  const adapters = adaptersOf(argv.adapt ?? []);
  const settings = defined({
    libraryPath: argv["library-path"] ?? [],
    stackSize: stackSize === undefined ? undefined : parseSize("--stack-size", stackSize),
    stubMissingFunctions: argv["stub-missing-functions"],
    dlopen,
  });
  const inputs = [...libraries.map(({ path }) => path), ...Object.values(adapters)];
  await checkOutput(output, inputs);
  const { chunks, report } = await during("link", () => linkFiles({ libraries, adapters, ...settings }));
  await during("write", () => writeOutput(output, chunks));
  if (json) printJson(report);
  else for (const line of describeLinked(displayName(output, "output"), report, verbose)) printLine("stderr", line);
}
