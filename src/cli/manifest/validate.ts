import { readFile } from "node:fs/promises";
import type { ErrorObject } from "ajv";
import { nearest } from "../../nearest.js";
import { SCHEMA } from "../package-files.js";

/** @returns a sentence about the first thing that the schema does not allow */
export async function whatIsWrong(manifest: unknown): Promise<string | undefined> {
  const [{ Ajv }, schema] = await Promise.all([import("ajv"), readFile(SCHEMA, "utf8")]);
  const validate = new Ajv({ verbose: true, allowUnionTypes: true }).compile(JSON.parse(schema));
  if (validate(manifest)) return undefined;
  // Of alternatives that all fail, the last error is about them as a whole.
  const error = validate.errors?.at(-1);
  return error && describe(error);
}

function describe(error: ErrorObject): string {
  const place = placeOf(error.instancePath);
  const at = place === "" ? "it" : place;
  switch (error.keyword) {
    case "additionalProperties":
      return unknownKey(error, place);
    case "oneOf":
      if (typeof error.data !== "object" || error.data === null) return `${at} must be ${kindOf({ type: "object" })}`;
      for (const key of Object.keys(error.data)) {
        if (!isKnown(key, error)) return unknownKey({ ...error, params: { additionalProperty: key } }, place);
      }
      return `${at} needs one of ${alternatives(error, ({ required = [] }) => required.join(" and "))}, and not both`;
    case "anyOf":
      return `${at} must be ${alternatives(error, kindOf)}`;
    case "type":
      return `${at} must be ${kindOf({ type: error.params.type })}`;
    case "enum":
      return `${at} must be one of ${(error.params.allowedValues as unknown[]).join(", ")}`;
    case "const":
      return `${at} must be ${error.params.allowedValue}`;
    case "minLength":
      return `${at} is empty`;
    case "propertyNames":
      return `${at}: ${JSON.stringify(error.params.propertyName)} cannot be a name`;
    default:
      return `${at} ${error.message}`;
  }
}

/** How the command line and the library call what has another name or place here. */
const SYNONYMS: Readonly<Record<string, string>> = {
  input: "component",
  initFunc: "init",
  "init-func": "init",
  keepInitFunc: "keepInit",
  "keep-init-func": "keepInit",
  dir: "preopens",
  dirs: "preopens",
  tar: "preopens",
  "allow-network": "network",
  import: "imports",
  importModules: "imports",
  module: "modules",
  timeout: "limits.timeout",
  maxMemory: "limits.memory",
  "max-memory": "limits.memory",
  maxArchiveSize: "limits.archives",
  "max-archive-size": "limits.archives",
  maxWritten: "limits.written",
  "max-written": "limits.written",
};

function isKnown(key: string, { parentSchema }: ErrorObject): boolean {
  return Object.hasOwn((parentSchema as { properties: object }).properties, key);
}

function unknownKey({ params, parentSchema }: ErrorObject, place: string): string {
  const key = params.additionalProperty as string;
  const known = Object.keys((parentSchema as { properties: object }).properties);
  const synonym = place === "" && Object.hasOwn(SYNONYMS, key) ? SYNONYMS[key] : undefined;
  const meant = synonym ?? nearest(key, known);
  const instead = meant === undefined ? `known are ${known.join(", ")}` : `did you mean ${JSON.stringify(meant)}?`;
  return `unknown key ${JSON.stringify(key)}${place === "" ? "" : ` in ${place}`}: ${instead}`;
}

/** The parts of a schema that messages name. */
interface Alternative {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly required?: readonly string[];
}

function alternatives({ schema }: ErrorObject, name: (alternative: Alternative) => string): string {
  return (schema as readonly Alternative[]).map(name).join(" or ");
}

function kindOf({ type, const: constant }: Alternative): string {
  if (type === undefined) return String(constant);
  const names = typeof type === "string" ? [type] : type;
  return names.map((name) => KINDS[name] ?? name).join(" or ");
}

const KINDS: Readonly<Record<string, string>> = {
  array: "a list",
  boolean: "true or false",
  integer: "a whole number",
  object: "an object",
  string: "a text",
};

/** A JSON pointer (RFC 6901) as one writes it: `/preopens/0/host` is `preopens[0].host`. */
function placeOf(pointer: string): string {
  const parts = pointer.split("/").slice(1);
  return parts
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((part, i) => {
      if (/^\d+$/.test(part)) return `[${part}]`;
      if (!/^[\w$]+$/.test(part)) return `[${JSON.stringify(part)}]`;
      return i === 0 ? part : `.${part}`;
    })
    .join("");
}
