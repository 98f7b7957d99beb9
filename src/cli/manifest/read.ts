import { readFile } from "node:fs/promises";
import type { ParseError } from "jsonc-parser";
import { ComponentInitError } from "../../errors.js";
import { reason } from "../../reason.js";
import type { Manifest } from "./manifest.js";
import { whatIsWrong } from "./validate.js";

/**
 * @returns `undefined` when there is no such file
 * @throws ComponentInitError `io`, `invalid-option`
 */
export async function readManifest(path: string): Promise<Manifest | undefined> {
  const bytes = await readFile(path).catch((cause) => {
    if (cause.code === "ENOENT") return undefined;
    throw new ComponentInitError("io", `cannot read ${path}: ${reason(cause)}`, { cause });
  });
  if (bytes === undefined) return undefined;
  const manifest = await parse(decode(bytes, path), path);
  const wrong = await whatIsWrong(manifest);
  if (wrong !== undefined) refuse(`${path}: ${wrong}`);
  return manifest as Manifest;
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse(`${path} is not UTF-8`);
  }
}

async function parse(text: string, path: string): Promise<unknown> {
  const { parse, printParseErrorCode, visit } = await import("jsonc-parser");
  const errors: ParseError[] = [];
  // Some editors begin a file with a byte order mark.
  const json = text.replace(/^\uFEFF/, " ");
  const tooDeep = findDepth(json, MAX_DEPTH);
  if (tooDeep !== undefined) refuse(`${path}: more than ${MAX_DEPTH} levels (${placeOf(text, tooDeep)})`);
  parse(json, errors, { disallowComments: true });
  const [first] = errors;
  if (first !== undefined) {
    // `CloseBraceExpected`, as words.
    const what = printParseErrorCode(first.error)
      .replace(/\B[A-Z]/g, " $&")
      .toLowerCase();
    refuse(`${path} is not JSON: ${what} (${placeOf(text, first.offset)})`);
  }
  const objects: Set<string>[] = [];
  visit(json, {
    onObjectBegin: () => void objects.push(new Set()),
    onObjectEnd: () => void objects.pop(),
    onObjectProperty: (key, offset) => {
      const keys = objects.at(-1) as Set<string>;
      if (keys.has(key)) refuse(`${path}: the key ${JSON.stringify(key)} is there twice (${placeOf(text, offset)})`);
      keys.add(key);
    },
  });
  // This parser sets the prototype for a key `__proto__`, whose contents the schema would not see.
  return JSON.parse(json) as unknown;
}

/** More than any manifest has; what reads and checks one goes down by recursion. */
const MAX_DEPTH = 100;

/** One text, to its end or that of all, or a bracket. */
const STRUCTURE = /"(?:\\.|[^"\\])*(?:"|\\?$)|[[{]|[\]}]/gs;

/** Where more objects and lists are open than allowed. */
function findDepth(json: string, allowed: number): number | undefined {
  let depth = 0;
  for (const { 0: token, index } of json.matchAll(STRUCTURE)) {
    if (token === "{" || token === "[") depth++;
    if (token === "}" || token === "]") depth--;
    if (depth > allowed) return index;
  }
  return undefined;
}

function placeOf(text: string, offset: number): string {
  const lines = text.slice(0, offset).split("\n");
  return `line ${lines.length}, column ${(lines.at(-1) as string).length + 1}`;
}

function refuse(message: string): never {
  throw new ComponentInitError("invalid-option", message);
}
