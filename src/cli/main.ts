#!/usr/bin/env node
import { checkEngine } from "../check-engine.js";
import { asksForInformation, isOn, splitArguments } from "./arguments.js";
import { failureReport, reportFailure, reportUncaught } from "./failure.js";
import { isWatched, supervise, tell } from "./supervise.js";
import { isWritten, letReadersStop, printJson, printLine } from "./terminal.js";

/** What the process that does the work cannot tell itself is told as it would tell it. */
async function runWatched(argv: readonly string[], own: readonly string[]): Promise<number> {
  try {
    return await supervise(argv);
  } catch (error) {
    if (isOn(own, "--json")) printJson(failureReport(error));
    return reportFailure(error, isOn(own, "--verbose", "-v"));
  }
}

/** What a process alone cannot do to itself. */
const TIMEOUT = /^--timeout(=|$)/;

async function main(argv: readonly string[]): Promise<void> {
  const { own, guest } = splitArguments(argv);
  if (asksForInformation(own)) {
    const { information } = await import("./information.js");
    for (const line of information(own).split("\n")) printLine("stdout", line);
    return;
  }
  checkEngine();
  // This process only waits, so it loads little.
  if (!isWatched() && (own[0] === "run" || own.some((argument) => TIMEOUT.test(argument)))) {
    process.exitCode = await runWatched(argv, own);
    return;
  }
  if (isWatched()) {
    const { holdLifeline } = await import("../isolate/lifeline.js");
    holdLifeline();
  }
  const { execute } = await import("./command-line.js");
  await execute(own, guest);
}

/** What a module for an import leaves uncaught, or has Node warn of, would be printed as it is. */
function speakForNode(): void {
  process.on("uncaughtException", (error) => {
    reportUncaught(error);
    process.exit(1);
  });
  // Unless the user wants none.
  if (process.listenerCount("warning") === 0) return;
  process.removeAllListeners("warning");
  process.on("warning", ({ name, message }) => printLine("stderr", `(node) ${name}: ${message}`));
}

letReadersStop();
speakForNode();

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = reportFailure(error, false);
  if (isOn(splitArguments(process.argv.slice(2)).own, "--json")) printJson(failureReport(error));
}
tell({ done: true });
// A timer or thread that does not end, whatever keeps it, must not keep whoever called us.
setInterval(() => {
  if (isWritten()) process.exit();
}, 100).unref();
