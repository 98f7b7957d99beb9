import { FORGOTTEN, type Forgotten } from "../host/forgotten.js";
import type { HandlePolicy } from "../host/live-handles.js";
import { nearest } from "../nearest.js";
import { COMMANDS } from "./commands.js";
import { UsageError } from "./failure.js";

/** Import names may be such as `locked-dep=<ns:pkg@1.0.0>,integrity=<...>` (component-model Explainer.md). */
const SUPPLY = /^((?:[a-z-]+=<[^>]*>,?)+|[^=]+)=(.+)$/s;

/** `NAME=FILE`, for imports that files are supplied for. */
export function parseSupply(option: string, texts: readonly string[]): Record<string, string> {
  const supplied = texts.map((text) => {
    const [, name, path] = SUPPLY.exec(text) ?? [];
    if (name === undefined || path === undefined) throw new UsageError(`--${option} ${text}: NAME=FILE is expected`);
    return [name, path] as const;
  });
  const twice = supplied.find(([name], i) => supplied.findIndex(([other]) => other === name) < i);
  if (twice !== undefined) throw new UsageError(`--${option} supplies the import ${twice[0]} more than once`);
  return Object.fromEntries(supplied);
}

/** `NAME=VALUE`, or `NAME` alone to pass on the variable of this process, as wasmtime does. */
export function parseEnv(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf("=");
      const name = at < 0 ? text : text.slice(0, at);
      const value = at < 0 ? ownVariable(name) : text.slice(at + 1);
      if (name === "") throw new UsageError(`--env ${text}: the name is missing (NAME=VALUE)`);
      if (value === undefined) {
        throw new UsageError(`--env ${text}: ${name} is not set in your environment (give a value: ${name}=VALUE)`);
      }
      return [name, value];
    }),
  );
}

/** `process.env` has what every object has, `toString` for instance, and that is no text. */
export function ownVariable(name: string): string | undefined {
  return Object.hasOwn(process.env, name) ? process.env[name] : undefined;
}

const DURATION_UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** `30` or `30s`, `500ms`, `2m`, as wasmtime takes its timeouts. @returns milliseconds */
export function parseDuration(label: string, text: string): number {
  const [, number, unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const milliseconds = Number(number) * DURATION_UNITS[unit as keyof typeof DURATION_UNITS];
  // Node's timers hold no more.
  if (number === undefined || milliseconds < 1 || milliseconds >= 2 ** 31) {
    throw new UsageError(
      `${label} ${text}: a duration such as 30s, 500ms or 2m is expected (without a unit, seconds; 24 days at most)`,
    );
  }
  return milliseconds;
}

const SIZE_UNITS = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, kB: 1e3, MB: 1e6, GB: 1e9 } as const;

/** `512MiB`, `1GB`, or a number of bytes. @returns bytes */
export function parseSize(label: string, text: string): number {
  const [, number, unit = "B"] = /^(\d+(?:\.\d+)?)\s*(B|[KMG]iB|kB|MB|GB)?$/.exec(text) ?? [];
  const bytes = Math.floor(Number(number) * SIZE_UNITS[unit as keyof typeof SIZE_UNITS]);
  if (number === undefined || !Number.isSafeInteger(bytes)) {
    throw new UsageError(`${label} ${text}: a size such as 512MiB, 1GiB or a number of bytes is expected`);
  }
  return bytes;
}

/** What becomes of handles that are held at the end. */
export function parseHandles(text: string): HandlePolicy {
  if (text === "error" || text === "warn" || text === "allow") return text;
  throw new UsageError(`--handles ${text}: error, warn or allow is expected`);
}

/** What the guest is made to forget: names of it, or none. */
export function parseForget(text: string): Forgotten[] {
  const names = text === "none" ? [] : text.split(",");
  return names.map((name) => {
    const known = FORGOTTEN.find((one) => one === name);
    if (known !== undefined) return known;
    throw new UsageError(`--forget ${text}: none, or some of ${FORGOTTEN.join(",")} is expected`);
  });
}

/** yargs makes an array of an option that is given twice, which nothing that takes one value could mean. */
export function single(name: string, value: string | readonly string[] | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw new UsageError(`--${name} is given ${value.length} times, but takes one value`);
  if (value === "") throw new UsageError(`--${name} needs a value, and got an empty one`);
  return value;
}

/** yargs takes any value of a switch but `true` for "off". */
export function checkSwitches(own: readonly string[], flags: readonly string[]): void {
  const given = own.find((arg) => flags.some((flag) => arg.startsWith(`${flag}=`)) && !/=(true|false)$/.test(arg));
  if (given !== undefined) throw new UsageError(`${given}: ${given.split("=")[0]} takes true or false, or no value`);
}

/** Says what yargs says in the words of the help. */
export function clarify(message: string, own: readonly string[], options: readonly string[]): string {
  const [command] = own;
  if (command !== undefined && !command.startsWith("-") && !(command in COMMANDS)) {
    return `there is no command ${command}: component-init run INPUT -o OUTPUT`;
  }
  const following = /^Not enough arguments following: (.*)$/.exec(message)?.[1];
  if (following !== undefined) return `${dashed(following)} needs a value`;
  const unknown = /^Unknown arguments?: (.*)$/.exec(message)?.[1]?.split(", ")[0];
  if (unknown === undefined) return message;
  if (own.some((arg) => arg.startsWith("-") && isOption(arg, unknown))) return noOption(unknown, options);
  return `${unknown} is one argument too many: one component is taken, -o names the output, and the guest's arguments follow --`;
}

function noOption(name: string, options: readonly string[]): string {
  const [, off = ""] = /^no-(.*)$/.exec(name) ?? [];
  if (options.includes(off)) return `there is no option ${dashed(name)}: a switch is turned off by --${off}=false`;
  const meant = name.length > 1 ? nearest(name, options) : undefined;
  return `there is no option ${dashed(name)}${meant === undefined ? "" : `: did you mean ${dashed(meant)}?`}`;
}

function isOption(arg: string, name: string): boolean {
  const given = arg.split("=")[0] as string;
  return given === `--${name}` || (!given.startsWith("--") && name.length === 1 && given.includes(name));
}

function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}
