import type { Options } from "yargs";
import type { CommandHelp, OptionHelp } from "./help.js";
import { TIMEOUT_OPTION } from "./timeout-option.js";

/** Options about libraries, which `run` has too. */
export const LIBRARY_OPTIONS = {
  "dl-openable": {
    type: "string",
    array: true,
    nargs: 1,
    placeholder: "[NAME=]FILE",
    describe:
      "A library that the program can open by its name (dlopen), or an archive or directory of them; repeatable",
  },
  dlopen: {
    type: "string",
    nargs: 1,
    placeholder: "WHAT",
    describe:
      "What dlopen opens: linked, the libraries that are linked with --dl-openable (the default), or init, any library that the " +
      "program finds while it initializes, which becomes part of the output",
  },
  adapt: {
    type: "string",
    array: true,
    nargs: 1,
    placeholder: "[NAME=]FILE",
    describe: "The adapter for a core module that libraries import from, such as wasi_snapshot_preview1; repeatable",
  },
  "library-path": {
    alias: "L",
    type: "string",
    array: true,
    nargs: 1,
    placeholder: "DIR",
    describe: "Where to look for libraries that others need; repeatable",
  },
  "stack-size": {
    type: "string",
    nargs: 1,
    placeholder: "SIZE",
    describe: "The size of the stack, such as 8MiB; by default 1MiB",
  },
  "stub-missing-functions": {
    type: "boolean",
    describe: "Let functions that no library defines trap when they are called",
  },
} satisfies Readonly<Record<string, OptionHelp & Options>>;

export const LINK_OPTIONS = {
  output: {
    alias: "o",
    type: "string",
    nargs: 1,
    placeholder: "FILE",
    describe: "Where to write the component; - for standard output",
  },
  ...LIBRARY_OPTIONS,
  timeout: TIMEOUT_OPTION,
  json: { type: "boolean", describe: "Print what was linked as JSON on standard output" },
  verbose: { alias: "v", type: "boolean", describe: "Show where each library is, and stack traces" },
} satisfies Readonly<Record<string, OptionHelp & Options>>;

export const LINK_HELP: CommandHelp = {
  usage: "component-init link [NAME=]LIBRARY... -o OUTPUT [options]",
  about:
    "Link dynamic libraries (compiled with -fPIC, linked with -shared) into one component, whose world is that of their " +
    "component-type sections.",
  positionals: {
    LIBRARY:
      "A library, or an archive (.tar, .tar.gz, .tar.zst) or directory of them. The first that defines a symbol is the " +
      "one that all use",
  },
  options: LINK_OPTIONS,
  examples: [
    {
      what: "Link a program with the C library",
      command: [
        "component-init link app.so libc.so -o app.wasm \\",
        "--adapt wasi_snapshot_preview1=wasi_snapshot_preview1.reactor.wasm",
      ],
    },
    {
      what: "Add a plug-in for dlopen",
      command: ["component-init link app.so libc.so --dl-openable plugin.so -o app.wasm"],
    },
  ],
};
