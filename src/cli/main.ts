#!/usr/bin/env node
import { ComponentInitError } from "../errors.js";
import { asksForInformation, splitArguments } from "./arguments.js";
import { failureReport, reportFailure } from "./failure.js";
import { isWatched, type Progressed, supervise } from "./supervise.js";

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
  if (asksForInformation(own)) {
    const { information } = await import("./information.js");
    process.stdout.write(`${information(own)}\n`);
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

// Who reads our output may stop at any time. Whoever must know is told by the callback of `write`.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = reportFailure(error, false);
  if (process.argv.includes("--json")) process.stdout.write(`${JSON.stringify(failureReport(error), undefined, 2)}\n`);
}
if (isWatched()) process.send?.({ guest: "done" } satisfies Progressed);
// A timer or thread that does not end, whatever keeps it, must not keep whoever called us.
setInterval(() => {
  if (process.stdout.writableLength + process.stderr.writableLength === 0) process.exit();
}, 100).unref();
