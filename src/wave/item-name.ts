import { LABEL } from "./lexer.js";
import { syntaxError } from "./source.js";

const CORE_PREFIX = "core:";

/** One way to read a function name. `instance` is spelled as the component's export: `wasi:cli/run@0.2.0`. */
export type ItemName =
  /** Whatever followed `core:`; whether a `/` in it separates module and export is for the component to say. */
  | { kind: "core"; name: string }
  /** A function of the root, or of the only instance that has one of that name. */
  | { kind: "function"; name: string }
  | { kind: "member"; instance: string; name: string }
  /** An instance that must have a single function. */
  | { kind: "instance"; instance: string };

// Package names are WIT's (`ns:pkg/interface`), nested ones included; versions are semver or shortened (`1`, `0.2`).
const PACKAGE = `(?:${LABEL}:)+${LABEL}(?:/${LABEL})+`;
const VERSION = "[0-9][0-9A-Za-z.+-]*";
const NAME = new RegExp(
  `${PACKAGE}(?:[.#]${LABEL}(?:@${VERSION})?|@${VERSION}(?:[#]${LABEL})?)?|${LABEL}(?:[.#]${LABEL})?`,
  "y",
);

/** The name at the start of a call, and where it ends. */
export function scanName(text: string): { name: string; end: number } {
  const start = text.length - text.trimStart().length;
  // A core export's name may be any string, parentheses and spaces included, so nothing after `core:` is ours to read.
  if (text.startsWith(CORE_PREFIX, start)) return scanCoreName(text, start);
  NAME.lastIndex = start;
  const name = NAME.exec(text)?.[0];
  if (name === undefined) {
    throw syntaxError(text, start, "expected a function name such as init, ns:pkg/iface.init or core:init");
  }
  const end = start + name.length;
  const rest = /^[\p{L}\p{N}_$.-]+/u.exec(text.slice(end))?.[0];
  if (rest !== undefined) throw syntaxError(text, start, notAName(name + rest));
  return { name, end };
}

/** The names of core exports often come this way: `my_init`, `componentize.wizer.init`. */
function notAName(name: string): string {
  return `'${name}' is not a WIT function name, which is in kebab-case (a core export is written core:${name})`;
}

function scanCoreName(text: string, start: number): { name: string; end: number } {
  if (text.length === start + CORE_PREFIX.length) {
    throw syntaxError(text, text.length, "the name of a core export must follow 'core:'");
  }
  return { name: text.slice(start), end: text.length };
}

/**
 * The ways to read a name that `parseCall` returned, the likeliest first. There is more than one when a version is
 * followed by a dot: `a:b/c@1.0.0-rc.start` is a function of `a:b/c@1.0.0-rc`, or an instance.
 */
export function parseItemName(name: string): ItemName[] {
  if (name.startsWith(CORE_PREFIX)) return [{ kind: "core", name: name.slice(CORE_PREFIX.length) }];
  const plain = name.replaceAll("%", "");
  const hash = plain.indexOf("#");
  if (hash >= 0) return [{ kind: "member", instance: plain.slice(0, hash), name: plain.slice(hash + 1) }];
  const at = plain.indexOf("@");
  return at < 0 ? parseUnversioned(plain) : parseVersioned(plain.slice(0, at), plain.slice(at + 1));
}

function parseUnversioned(name: string): ItemName[] {
  const dot = name.indexOf(".");
  if (dot >= 0) return [{ kind: "member", instance: name.slice(0, dot), name: name.slice(dot + 1) }];
  return [name.includes(":") ? { kind: "instance", instance: name } : { kind: "function", name }];
}

function parseVersioned(path: string, version: string): ItemName[] {
  const dot = path.indexOf(".");
  // wit-parser's `ItemName`, which `wasmtime run --invoke` takes, has the version at the very end.
  if (dot >= 0) return [{ kind: "member", instance: `${path.slice(0, dot)}@${version}`, name: path.slice(dot + 1) }];
  const readings: ItemName[] = [];
  const suffix = FUNCTION_SUFFIX.exec(version);
  if (suffix?.[1] !== undefined && suffix[2] !== undefined) {
    readings.push({ kind: "member", instance: `${path}@${suffix[1]}`, name: suffix[2] });
  }
  if (suffix === null || PRERELEASE.test(version)) readings.push({ kind: "instance", instance: `${path}@${version}` });
  return readings;
}

const FUNCTION_SUFFIX = new RegExp(`^(.+)\\.(${LABEL})$`);
const PRERELEASE = /^[0-9]+\.[0-9]+\.[0-9]+[-+]/;
