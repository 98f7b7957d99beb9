#!/usr/bin/env node
import { readFileSync } from "node:fs";
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { reportFailure, UsageError } from "./failure.js";
import { runCommand } from "./run.js";

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return (manifest as { version: string }).version;
}

const parser = yargs(hideBin(process.argv))
  .scriptName("component-init")
  .usage("$0 <command>\n\nPre-initialize WebAssembly components: initialization runs once, at build time.")
  .command(runCommand)
  .demandCommand(1, "a command is needed, for example: component-init run app.wasm -o app.init.wasm")
  .strict()
  .parserConfiguration({ "populate--": true, "duplicate-arguments-array": true, "greedy-arrays": false })
  .version(packageVersion())
  .help()
  .alias({ h: "help", V: "version" })
  .wrap(Math.min(110, process.stdout.columns ?? 100))
  .exitProcess(false)
  .fail((message, error) => {
    throw error ?? new UsageError(message);
  });

try {
  await parser.parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error, process.argv.includes("--verbose") || process.argv.includes("-v"));
}
