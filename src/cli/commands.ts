import type { Options } from "yargs";
import type { CommandHelp, OptionHelp } from "./help.js";
import { HOST_HELP } from "./host-options.js";
import { INSPECT_HELP } from "./inspect-lib-help.js";
import { LINK_HELP } from "./link-options.js";
import { RUN_HELP } from "./run-options.js";

/** What the commands say of themselves, by name. */
export const COMMANDS: Readonly<Record<string, CommandHelp>> = {
  run: RUN_HELP,
  link: LINK_HELP,
  "inspect-lib": INSPECT_HELP,
  host: HOST_HELP,
};

/** The names of a command's options. */
export function optionsOf(command: string): string[] {
  return Object.keys(COMMANDS[command]?.options ?? {});
}

/** Those that are on or off, as they are given: `--verbose`, `-v`. */
export function switchesOf(command: string): string[] {
  const options = (COMMANDS[command]?.options ?? {}) as Readonly<Record<string, OptionHelp & Options>>;
  return Object.entries(options).flatMap(([name, { type, alias }]) => {
    if (type !== "boolean") return [];
    return alias === undefined ? [`--${name}`] : [`--${name}`, `-${alias}`];
  });
}
