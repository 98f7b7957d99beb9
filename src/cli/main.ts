#!/usr/bin/env node
import { ComponentInitError } from "../errors.js";
import { asksForInformation, splitArguments } from "./arguments.js";
import { failureReport, reportFailure, reportUncaught } from "./failure.js";
import { isWatched, type Progressed, supervise } from "./supervise.js";
import { isWritten, letReadersStop, printJson, printLine } from "./terminal.js";

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
    if (own.includes("--json")) printJson(failureReport(error));
    return reportFailure(error, own.includes("--verbose") || own.includes("-v"));
  }
}

async function main(argv: readonly string[]): Promise<void> {
  const { own, guest } = splitArguments(argv);
  if (asksForInformation(own)) {
    const { information } = await import("./information.js");
    for (const line of information(own).split("\n")) printLine("stdout", line);
    return;
  }
  checkNode(process.versions.node);
  // This process only waits, so it loads little.
  if (own[0] === "run" && !isWatched()) {
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

letReadersStop();
// What a module for an import has left uncaught. Node would print it as it is.
process.on("uncaughtException", (error) => {
  reportUncaught(error);
  process.exit(1);
});

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = reportFailure(error, false);
  if (process.argv.includes("--json")) printJson(failureReport(error));
}
if (isWatched()) process.send?.({ guest: "done" } satisfies Progressed);
// A timer or thread that does not end, whatever keeps it, must not keep whoever called us.
setInterval(() => {
  if (isWritten()) process.exit();
}, 100).unref();
