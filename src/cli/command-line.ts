import yargs from "yargs";
import { optionsOf, switchesOf } from "./commands.js";
import { UsageError } from "./failure.js";
import { hostCommand } from "./host.js";
import { inspectCommand } from "./inspect-lib.js";
import { linkCommand } from "./link.js";
import { withNetworkValues } from "./network-option.js";
import { checkSwitches, clarify } from "./options.js";
import { runCommand } from "./run.js";

/**
 * Does what the command line says.
 *
 * @param own - what is ours of it
 * @param guest - what follows `--`
 * @throws UsageError
 */
export async function execute(own: readonly string[], guest: readonly string[] | undefined): Promise<void> {
  const [command = ""] = own;
  checkSwitches(own, switchesOf(command));
  let failure: string | undefined;
  const parser = yargs(withNetworkValues(own))
    .scriptName("component-init")
    .command(runCommand(guest))
    .command(linkCommand())
    .command(inspectCommand())
    .command(hostCommand(guest))
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
      if (error === undefined || error.name === "YError") failure = message ?? error.message;
      throw error ?? new Error(message);
    });
  try {
    await parser.parseAsync();
  } catch (error) {
    throw failure === undefined ? error : new UsageError(clarify(failure, own, optionsOf(command)));
  }
}
