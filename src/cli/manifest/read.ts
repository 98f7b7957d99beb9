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
  const text = await readFile(path, "utf8").catch((cause) => {
    if (cause.code === "ENOENT") return undefined;
    throw new ComponentInitError("io", `cannot read ${path}: ${reason(cause)}`, { cause });
  });
  if (text === undefined) return undefined;
  const manifest = await parse(text, path);
  const wrong = await whatIsWrong(manifest);
  if (wrong !== undefined) throw new ComponentInitError("invalid-option", `${path}: ${wrong}`);
  return manifest as Manifest;
}

async function parse(text: string, path: string): Promise<unknown> {
  const { parse, printParseErrorCode } = await import("jsonc-parser");
  const errors: ParseError[] = [];
  // Some editors begin a file with a byte order mark.
  const json = text.replace(/^\uFEFF/, " ");
  parse(json, errors, { disallowComments: true });
  const [first] = errors;
  // This parser sets the prototype for a key `__proto__`, whose contents the schema would not see.
  if (first === undefined) return JSON.parse(json) as unknown;
  // `CloseBraceExpected`, as words.
  const what = printParseErrorCode(first.error)
    .replace(/\B[A-Z]/g, " $&")
    .toLowerCase();
  throw new ComponentInitError("invalid-option", `${path} is not JSON: ${what} (${placeOf(text, first.offset)})`);
}

function placeOf(text: string, offset: number): string {
  const lines = text.slice(0, offset).split("\n");
  return `line ${lines.length}, column ${(lines.at(-1) as string).length + 1}`;
}
