import { readFileSync } from "node:fs";
import { HELP } from "./arguments.js";
import { COMMANDS } from "./commands.js";
import { formatHelp, formatOverview } from "./help.js";
import { MANIFEST } from "./package-files.js";
import { RUN_HELP } from "./run-options.js";
import { width } from "./terminal.js";

const ABOUT =
  "Pre-initialize WebAssembly components: run their initialization once, at build time, and ship a component " +
  "whose memory, globals and tables already hold the result.";

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(MANIFEST, "utf8"));
  return (manifest as { version: string }).version;
}

/** What is asked for then. */
export function information(own: readonly string[]): string {
  const columns = Math.min(100, width());
  if (own[0] === "help" || HELP.some((option) => own.includes(option))) {
    const command = Object.keys(COMMANDS).find((name) => own.includes(name));
    const help = command && COMMANDS[command];
    return help ? formatHelp(help, columns) : formatOverview(ABOUT, COMMANDS, RUN_HELP.examples.slice(0, 2), columns);
  }
  return packageVersion();
}
