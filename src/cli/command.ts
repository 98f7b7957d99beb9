import type { Argv, CommandModule, Options, PositionalOptions } from "yargs";
import { failureReport, reportFailure } from "./failure.js";
import type { CommandHelp, OptionHelp } from "./help.js";
import { printJson } from "./terminal.js";

/** What every command takes. */
interface Common {
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** A command as yargs takes it. */
export interface Declared {
  /** `run [input]` */
  readonly syntax: string;
  readonly help: CommandHelp;
  readonly positional: string;
  readonly takes: PositionalOptions;
}

/** @param action - what it throws is reported, in JSON too where that is asked for */
export function declareCommand<T extends Common>(
  { syntax, help, positional, takes }: Declared,
  action: (argv: T) => Promise<void>,
): CommandModule<object, T> {
  return {
    command: syntax,
    describe: help.about,
    builder: (yargs) => {
      const declared = yargs.positional(positional, takes);
      // yargs reads a positional once more as an option's value; without `nargs` it would read `-` as an empty one.
      if (!takes.array) declared.nargs(positional, 1);
      for (const [name, { placeholder: _, describe: __, ...option }] of Object.entries<OptionHelp & Options>(
        help.options,
      )) {
        // The help is ours; yargs would lay out its own before every run.
        declared.option(name, { ...option, hidden: true });
      }
      return declared as unknown as Argv<T>;
    },
    handler: async (argv) => {
      try {
        // The names are not camel case, which yargs is told not to add.
        await action(argv as unknown as T);
      } catch (error) {
        process.exitCode = reportFailure(error, argv.verbose === true);
        if (argv.json) printJson(failureReport(error));
      }
    },
  };
}
