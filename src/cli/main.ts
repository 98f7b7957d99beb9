#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { ComponentInitError } from "../errors.js";
import { holdLifeline } from "../isolate/lifeline.js";
import { failureReport, reportFailure, UsageError } from "./failure.js";
import { formatHelp, formatOverview } from "./help.js";
import { withNetworkValues } from "./network-option.js";
import { checkSwitches, clarify, splitArguments } from "./options.js";
import { RUN_HELP, RUN_SWITCHES, runCommand } from "./run.js";
import { isWatched, supervise } from "./supervise.js";

const ABOUT =
  "Pre-initialize WebAssembly components: run their initialization once, at build time, and ship a component " +
  "whose memory, globals and tables already hold the result.";

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return (manifest as { version: string }).version;
}

/** What needs neither a command nor valid options, if that is asked for. */
function information(own: readonly string[]): string | undefined {
  const width = Math.min(100, process.stdout.columns ?? 100);
  if (own.includes("--help") || own.includes("-h") || own[0] === "help") {
    if (own.includes("run")) return formatHelp(RUN_HELP, width);
    return formatOverview(ABOUT, { run: RUN_HELP }, RUN_HELP.examples.slice(0, 2), width);
  }
  return own.includes("--version") || own.includes("-V") ? packageVersion() : undefined;
}

/** Older versions lack what components need, and would fail somewhere in the middle with an error of V8's. */
function checkNode(version: string): void {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 12)) return;
  throw new ComponentInitError("unsupported", `component-init needs Node 22.12 or later, and this is Node ${version}`);
}

/** What the process that does the work cannot tell itself is told as it would tell it. */
async function runWatched(argv: readonly string[], own: readonly string[]): Promise<number> {
  try {
    return await supervise(argv);
  } catch (error) {
    if (own.includes("--json")) process.stdout.write(`${JSON.stringify(failureReport(error), undefined, 2)}\n`);
    return reportFailure(error, own.includes("--verbose") || own.includes("-v"));
  }
}

async function main(argv: readonly string[]): Promise<void> {
  const { own, guest } = splitArguments(argv);
  checkSwitches(own, RUN_SWITCHES);
  const text = information(own);
  if (text !== undefined) {
    process.stdout.write(`${text}\n`);
    return;
  }
  checkNode(process.versions.node);
  if (own[0] === "run" && !isWatched()) {
    process.exitCode = await runWatched(argv, own);
    return;
  }
  if (isWatched()) holdLifeline();
  const { default: yargs } = await import("yargs");
  await yargs(withNetworkValues(own))
    .scriptName("component-init")
    .command(runCommand(guest))
    .demandCommand(1, "a command is missing, for example: component-init run app.wasm -o app.init.wasm")
    .strict()
    // Values are texts, whatever they look like, and options are spelled as the help spells them.
    .parserConfiguration({
      "boolean-negation": false,
      "camel-case-expansion": false,
      "dot-notation": false,
      "greedy-arrays": false,
      "parse-numbers": false,
      "parse-positional-numbers": false,
    })
    .detectLocale(false)
    .help(false)
    .version(false)
    .exitProcess(false)
    .fail((message, error) => {
      if (error !== undefined && error.name !== "YError") throw error;
      throw new UsageError(clarify(message ?? error.message, own));
    })
    .parseAsync();
}

// Who reads our output may stop at any time. Whoever must know is told by the callback of `write`.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = reportFailure(error, false);
}
// All is written by now. A thread that does not end, whatever keeps it, must not keep whoever called us.
setInterval(() => {
  if (process.stdout.writableLength + process.stderr.writableLength === 0) process.exit();
}, 1000).unref();
