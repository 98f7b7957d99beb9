import type { Options } from "yargs";
import type { CommandHelp, OptionHelp } from "./help.js";
import { TIMEOUT_OPTION } from "./timeout-option.js";

export const INSPECT_OPTIONS = {
  timeout: TIMEOUT_OPTION,
  json: { type: "boolean", describe: "Print it as JSON" },
  verbose: { alias: "v", type: "boolean", describe: "Show every symbol, and stack traces" },
} satisfies Readonly<Record<string, OptionHelp & Options>>;

export const INSPECT_HELP: CommandHelp = {
  usage: "component-init inspect-lib [NAME=]LIBRARY... [options]",
  about: "Show what dynamic libraries need, what they define and what room they take.",
  positionals: { LIBRARY: "A library, or an archive (.tar, .tar.gz, .tar.zst) or directory of them" },
  options: INSPECT_OPTIONS,
  examples: [{ what: "See what a plug-in needs", command: ["component-init inspect-lib -v plugin.so"] }],
};
