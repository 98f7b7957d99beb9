import type { Options } from "yargs";
import type { CommandHelp, OptionHelp } from "./help.js";
import { LIBRARY_OPTIONS } from "./link-options.js";
import { TIMEOUT_OPTION } from "./timeout-option.js";

/** How yargs reads each option, and what the help says about it. */
export const RUN_OPTIONS = {
  output: {
    alias: "o",
    type: "string",
    nargs: 1,
    placeholder: "FILE",
    describe: "Where to write the pre-initialized component; - for standard output",
  },
  "init-func": {
    alias: "f",
    type: "string",
    nargs: 1,
    placeholder: "FUNC",
    describe:
      "The function that initializes: an export (init), a function of an exported interface (ns:pkg/iface.start), " +
      'a call with arguments in WAVE (setup("prod", [1, 2])), an export of a core module (core:NAME), or none to ' +
      "only instantiate. By default the first that exists of component-init, wizer-initialize and " +
      "core:wizer.initialize",
  },
  "keep-init-func": { type: "boolean", describe: "Leave that function exported" },
  lib: {
    type: "string",
    array: true,
    nargs: 1,
    placeholder: "[NAME=]FILE",
    describe: "A dynamic library (or an archive or directory of them) to link, in the place of an INPUT; repeatable",
  },
  ...LIBRARY_OPTIONS,
  "keep-dlopen": {
    type: "boolean",
    describe: "Let the output open libraries that initialization has not opened, on hosts that let it",
  },
  plan: {
    type: "string",
    nargs: 1,
    placeholder: "FILE",
    describe:
      "Where to write what was decided about libraries that initialization opens (JSON); a file that is there is obeyed instead",
  },
  dir: {
    type: "string",
    array: true,
    nargs: 1,
    placeholder: "HOST[::GUEST][::MODE]",
    describe:
      "A directory that the guest may read while it initializes, and the path it finds it at; with the mode rw it gets " +
      "the guest's changes when all has succeeded, with overlay they are in memory only; repeatable",
  },
  tar: {
    type: "string",
    array: true,
    nargs: 1,
    placeholder: "ARCHIVE[::GUEST]",
    describe:
      "A .tar, .tar.gz or .tar.zst whose contents the guest may read, at / unless said otherwise; it may write to it in memory after a last ::overlay; repeatable",
  },
  "max-archive-size": {
    type: "string",
    nargs: 1,
    placeholder: "SIZE",
    describe:
      "What the archives may have together when decompressed, such as 512MiB (a number alone is bytes, as for all sizes); " +
      "by default 4GiB",
  },
  "max-written": {
    type: "string",
    nargs: 1,
    placeholder: "SIZE",
    describe: "What the guest may write to files altogether, such as 64MiB; by default 1GiB",
  },
  env: {
    type: "string",
    array: true,
    nargs: 1,
    placeholder: "NAME=VALUE",
    describe: "An environment variable of the guest (NAME alone passes yours on); repeatable",
  },
  stdin: { type: "string", nargs: 1, placeholder: "FILE", describe: "What the guest reads as its standard input" },
  handles: {
    type: "string",
    nargs: 1,
    placeholder: "error|warn|allow",
    describe:
      "What to do about files and other resources that the guest still holds at the end (default: error); a snapshot " +
      "with any is right only where they are never used again",
  },
  forget: {
    type: "string",
    nargs: 1,
    placeholder: "none|WHAT,…",
    describe:
      "What the guest is made to forget at the end (default: adapter,preopens,environ): what its WASI preview 1 adapter " +
      "holds, and what wasi-libc knows of directories and, where the guest exports the function for it, variables",
  },
  "allow-network": {
    type: "string",
    array: true,
    nargs: 1,
    placeholder: "[=HOST:PORT]",
    describe:
      "Let the guest use the network while it initializes, all of it or only this destination (HOST:* for any port); " +
      "repeatable",
  },
  timeout: TIMEOUT_OPTION,
  "max-memory": {
    type: "string",
    nargs: 1,
    placeholder: "SIZE",
    describe:
      "How large each memory may become while initializing, such as 512MiB; growing it further fails in the guest",
  },
  clock: {
    type: "string",
    nargs: 1,
    placeholder: "INSTANT|real",
    describe:
      "When the guest's clock starts (by default 2025-01-01T00:00:00Z); a millisecond passes at each look. Or the real " +
      "clock",
  },
  seed: { type: "string", nargs: 1, placeholder: "N", describe: "The seed of the guest's random numbers, 64 bits" },
  random: {
    type: "string",
    nargs: 1,
    placeholder: "real",
    describe: "Real random numbers; what init draws of them is the same in every instance of the output",
  },
  import: {
    type: "string",
    array: true,
    nargs: 1,
    placeholder: "NAME=FILE.js",
    describe: "The ES module whose exports the guest gets for an interface or function that it imports; repeatable",
  },
  module: {
    type: "string",
    array: true,
    nargs: 1,
    placeholder: "NAME=FILE",
    describe: "The core module for an import of one; it becomes part of the output; repeatable",
  },
  component: {
    type: "string",
    array: true,
    nargs: 1,
    placeholder: "NAME=FILE",
    describe: "The component for an import of one; it becomes part of the output; repeatable",
  },
  gc: {
    type: "boolean",
    describe: "Remove from core modules what the component cannot reach; drops DWARF, which would not fit any more",
  },
  verify: {
    type: "boolean",
    describe: "Instantiate the output and compare its memories, globals and tables with the snapshot",
  },
  manifest: {
    type: "string",
    nargs: 1,
    placeholder: "FILE",
    describe:
      "A file like component-init.json that says what is to be done; options add to it and come first, --gc=false too",
  },
  trace: {
    type: "string",
    nargs: 1,
    placeholder: "FILE",
    describe: "Write every call of an import to a file, a line of JSON each, while the guest runs",
  },
  json: { type: "boolean", describe: "Print a report as JSON on standard output" },
  verbose: {
    alias: "v",
    type: "boolean",
    describe: "Show how long each phase takes, what the guest prints, and stack traces",
  },
} satisfies Readonly<Record<string, OptionHelp & Options>>;

export type RunOption = keyof typeof RUN_OPTIONS;

export const RUN_HELP: CommandHelp = {
  usage: "component-init run [INPUT -o OUTPUT] [options] [-- GUEST-ARGUMENTS]",
  about: "Run a component's initialization and write a component that starts already initialized.",
  positionals: {
    INPUT:
      "The component, binary or text (.wasm, .wat); - for standard input. It is never changed. Without it, what " +
      "component-init.json in the current directory says",
    "GUEST-ARGUMENTS": "What the guest gets as its arguments, the program's name first",
  },
  options: RUN_OPTIONS,
  examples: [
    {
      what: "Run the export component-init (or wizer-initialize)",
      command: ["component-init run app.wasm -o app.init.wasm"],
    },
    {
      what: "Call an export with arguments",
      command: ["component-init run app.wasm -o app.init.wasm -f 'setup(\"prod\", [1, 2])'"],
    },
    {
      what: "Load a JavaScript application into StarlingMonkey",
      command: [
        "component-init run starling.wasm -o app.wasm --dir ./app::/ -f wasi:cli/run \\",
        "-- starling index.js",
      ],
    },
    {
      what: "Link libraries and initialize what comes out",
      command: ["component-init run --lib app.so --lib libc.so -o app.init.wasm --adapt preview1.wasm -f init"],
    },
    {
      what: "Provide an import of the component in JavaScript",
      command: ["component-init run app.wasm -o app.init.wasm --import local:host/log=log.js"],
    },
    {
      what: "In a pipe",
      command: ["cat app.wat | component-init run - -o - > app.init.wasm"],
    },
  ],
};
