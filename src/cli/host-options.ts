import type { Options } from "yargs";
import type { CommandHelp, OptionHelp } from "./help.js";
import { RUN_OPTIONS } from "./run-options.js";

const { dir, tar, env, stdin, clock, seed, random, module, component, verbose } = RUN_OPTIONS;

export const HOST_OPTIONS = {
  invoke: {
    type: "string",
    array: true,
    nargs: 1,
    placeholder: "CALL",
    describe:
      "A function to call, with its arguments in WAVE (add(1, 2)); repeatable, the calls are made one after the other. By " +
      "default wasi:cli/run",
  },
  "dl-openable": {
    ...RUN_OPTIONS["dl-openable"],
    describe: "A library that the program can open by its name, or an archive or directory of them; repeatable",
  },
  "library-path": {
    ...RUN_OPTIONS["library-path"],
    describe: "Where to look for libraries that the program opens by name; repeatable",
  },
  dir,
  tar,
  env,
  stdin,
  "allow-network": RUN_OPTIONS["allow-network"],
  clock,
  seed,
  random,
  import: RUN_OPTIONS.import,
  module,
  component,
  timeout: RUN_OPTIONS.timeout,
  "max-memory": RUN_OPTIONS["max-memory"],
  verbose,
} satisfies Readonly<Record<string, OptionHelp & Options>>;

export const HOST_HELP: CommandHelp = {
  usage: "component-init host INPUT [options] [-- GUEST-ARGUMENTS]",
  about:
    "Run a component that may open libraries while it runs (component-init:dlopen, a prototype of dlopen for components), and call " +
    "functions of it. Like run, it grants nothing by default.",
  positionals: {
    INPUT: "The component, binary or text (.wasm, .wat); - for standard input",
    "GUEST-ARGUMENTS": "What the guest gets as its arguments, the program's name first",
  },
  options: HOST_OPTIONS,
  examples: [
    {
      what: "Call functions of a program that opens plug-ins",
      command: ["component-init host app.wasm --dir plugins --invoke 'load(\"/plugins/a.so\")' --invoke 'call(1)'"],
    },
  ],
};
