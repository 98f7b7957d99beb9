/** The command line in two: what is ours, and what the guest gets after `--`, byte for byte. */
export function splitArguments(argv: readonly string[]): { own: string[]; guest: string[] | undefined } {
  const at = argv.indexOf("--");
  return at < 0 ? { own: [...argv], guest: undefined } : { own: argv.slice(0, at), guest: argv.slice(at + 1) };
}

export const HELP = ["--help", "-h"];
const VERSION = ["--version", "-V"];

/** Whether a switch is on, for whoever does not read the whole command line. The last word counts. */
export function isOn(own: readonly string[], ...flags: readonly string[]): boolean {
  const last = own.findLast((arg) => flags.some((flag) => arg === flag || arg.startsWith(`${flag}=`)));
  return last !== undefined && !last.endsWith("=false");
}

/** Whether something is asked for that needs neither a command nor valid options. */
export function asksForInformation(own: readonly string[]): boolean {
  return own[0] === "help" || [...HELP, ...VERSION].some((option) => own.includes(option));
}
