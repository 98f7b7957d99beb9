/** An option as yargs takes it, and what stands for its value in the help. */
export interface OptionHelp {
  readonly alias?: string;
  readonly placeholder?: string;
  readonly describe: string;
}

export interface Example {
  readonly what: string;
  /** The command line; lines after the first continue it. */
  readonly command: readonly string[];
}

export interface CommandHelp {
  readonly usage: string;
  readonly about: string;
  readonly positionals: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, OptionHelp>>;
  readonly examples: readonly Example[];
}

/** yargs shows no placeholders and a type and default with every option, so the help is written here. */
export function formatHelp(help: CommandHelp, width: number): string {
  const rows = Object.entries(help.options).map(([name, option]) => [flags(name, option), option.describe] as const);
  return [
    `Usage: ${help.usage}`,
    "",
    ...wrap(help.about, width),
    "",
    ...table(Object.entries(help.positionals), width),
    "",
    "Options:",
    ...table([...rows, ...COMMON], width),
    "",
    "Examples:",
    ...help.examples.flatMap(formatExample),
  ].join("\n");
}

const COMMON: readonly (readonly [string, string])[] = [
  ["-h, --help", "Show this help"],
  ["-V, --version", "Show the version"],
];

/** The help of the program: its commands, each with its usage, and how to go on. */
export function formatOverview(
  about: string,
  commands: Readonly<Record<string, { about: string; usage: string }>>,
  examples: readonly Example[],
  width: number,
): string {
  const rows = Object.entries(commands).map(([name, { about }]) => [name, about] as const);
  return [
    "Usage: component-init COMMAND [options]",
    "",
    ...wrap(about, width),
    "",
    "Commands:",
    ...table(rows, width),
    "",
    "Options:",
    ...table(COMMON, width),
    "",
    "Examples:",
    ...examples.flatMap(formatExample),
    "",
    "Run `component-init COMMAND --help` for the options of a command.",
  ].join("\n");
}

function flags(name: string, { alias, placeholder }: OptionHelp): string {
  const short = alias === undefined ? "    " : `-${alias}, `;
  if (placeholder === undefined) return `${short}--${name}`;
  // A value that may be left out belongs to the name.
  return `${short}--${name}${placeholder.startsWith("[=") ? "" : " "}${placeholder}`;
}

function formatExample({ what, command }: Example): string[] {
  return [`  # ${what}`, ...command.map((line, i) => (i === 0 ? `  ${line}` : `      ${line}`))];
}

/** Two columns, the second one wrapped. On a narrow terminal it goes below the first. */
function table(rows: readonly (readonly [string, string])[], width: number): string[] {
  const column = Math.max(...rows.map(([left]) => left.length)) + 4;
  const narrow = width - column < 30;
  return rows.flatMap(([left, right]) => {
    if (narrow) return [`  ${left}`, ...wrap(right, width - 6).map((line) => `      ${line}`)];
    return wrap(right, width - column).map(
      (line, i) => `${i === 0 ? `  ${left}`.padEnd(column) : " ".repeat(column)}${line}`,
    );
  });
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
