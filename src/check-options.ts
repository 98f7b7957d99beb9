import { isUint8Array } from "node:util/types";
import { ComponentInitError } from "./errors.js";
import { nearest } from "./nearest.js";
import type { PreinitializeOptions } from "./preinitialize.js";

/** Types do not reach every caller, and an option that nobody reads is a directory that the guest does not get. */

interface Kind {
  readonly name: string;
  /** @returns where inside of the value something is wrong (`[0].guest`) and what it must be, if anything is */
  wrong(value: unknown): Wrong | undefined;
}

interface Wrong {
  readonly at: string;
  readonly wanted: string;
}

function kind(name: string, fits: (value: unknown) => boolean): Kind {
  return { name, wrong: (value) => (fits(value) ? undefined : { at: "", wanted: name }) };
}

const BOOLEAN = kind("true or false", (value) => typeof value === "boolean");
const STRING = kind("a string", (value) => typeof value === "string");
const FUNCTION = kind("a function", (value) => typeof value === "function");
const BYTES = kind("a Uint8Array", isUint8Array);
const BYTE_COUNT = kind("a number of bytes", (value) => Number.isSafeInteger(value) && (value as number) >= 0);
const PATH = kind("a path or a file: URL", (value) => typeof value === "string" || value instanceof URL);
const OBJECT = kind("an object", isObject);
/** Another check has the last word. */
const ANY: Kind = { name: "", wrong: () => undefined };

function listOf(item: Kind): Kind {
  return inside("a list", Array.isArray, item, (index) => `[${index}]`);
}

function mapOf(item: Kind): Kind {
  return inside("an object", isObject, item, (key) => `[${JSON.stringify(key)}]`);
}

function inside(name: string, fits: (value: unknown) => boolean, item: Kind, at: (key: string) => string): Kind {
  return {
    name,
    wrong(value) {
      if (!fits(value)) return { at: "", wanted: name };
      for (const [key, member] of Object.entries(value as object)) {
        const wrong = item.wrong(member);
        if (wrong !== undefined) return { at: at(key) + wrong.at, wanted: wrong.wanted };
      }
      return undefined;
    },
  };
}

function oneOf(...values: readonly string[]): Kind {
  return kind(values.map((value) => JSON.stringify(value)).join(" or "), (value) => values.includes(value as string));
}

/** A list of strings, or `true`. */
const NETWORK: Kind = {
  name: "true or a list of HOST:PORT",
  wrong: (value) =>
    typeof value === "boolean" || (Array.isArray(value) && value.every((item) => typeof item === "string"))
      ? undefined
      : { at: "", wanted: NETWORK.name },
};

const PREOPEN: Kind = {
  name: "an object with host or archive",
  wrong(value) {
    if (!isObject(value) || "host" in value === "archive" in value) return { at: "", wanted: PREOPEN.name };
    const unknown = Object.keys(value).find((key) => !["host", "archive", "guest", "mode"].includes(key));
    if (unknown !== undefined) return { at: `.${unknown}`, wanted: "left out: known are host, archive, guest, mode" };
    const strings = ["host" in value ? "host" : "archive", ...("host" in value || "guest" in value ? ["guest"] : [])];
    const wrong = strings.find((key) => typeof value[key] !== "string");
    return wrong === undefined ? undefined : { at: `.${wrong}`, wanted: "a string" };
  },
};

const LISTENER: Kind = {
  name: "an object with the functions start and end",
  wrong: (value) =>
    isObject(value) && typeof value.start === "function" && typeof value.end === "function"
      ? undefined
      : { at: "", wanted: LISTENER.name },
};

const PLAN: Kind = {
  name: "a linking plan of this version",
  wrong: (value) =>
    isObject(value) && value.version === 1 && Array.isArray(value.loads) ? undefined : { at: "", wanted: PLAN.name },
};

/** An object of which all members are known and optional. */
function shape(members: Readonly<Record<string, Kind>>): Kind {
  return {
    name: "an object",
    wrong(value) {
      if (!isObject(value)) return { at: "", wanted: "an object" };
      for (const [key, member] of Object.entries(value)) {
        const known = Object.hasOwn(members, key) ? members[key] : undefined;
        if (known === undefined)
          return { at: `.${key}`, wanted: `left out: known are ${Object.keys(members).join(", ")}` };
        const wrong = member === undefined ? undefined : known.wrong(member);
        if (wrong !== undefined) return { at: `.${key}${wrong.at}`, wanted: wrong.wanted };
      }
      return undefined;
    },
  };
}

const OPTIONS: Readonly<Record<keyof PreinitializeOptions, Kind>> = {
  initFunc: STRING,
  keepInitFunc: BOOLEAN,
  args: listOf(STRING),
  env: mapOf(STRING),
  stdin: BYTES,
  preopens: listOf(PREOPEN),
  maxArchiveSize: BYTE_COUNT,
  maxWritten: BYTE_COUNT,
  maxMemory: BYTE_COUNT,
  network: NETWORK,
  imports: mapOf(OBJECT),
  importModules: mapOf(PATH),
  isolate: BOOLEAN,
  timeout: ANY,
  onOutput: FUNCTION,
  onHostCall: FUNCTION,
  handles: oneOf("error", "warn", "allow"),
  forget: listOf(oneOf("adapter", "preopens", "environ")),
  onto: BYTES,
  correspondence: mapOf(STRING),
  modules: mapOf(BYTES),
  components: mapOf(BYTES),
  dlopen: shape({ libraries: mapOf(BYTES), libraryPath: listOf(STRING), keep: BOOLEAN, plan: PLAN }),
  gc: BOOLEAN,
  verify: BOOLEAN,
  onPhase: LISTENER,
  clock: ANY,
  seed: ANY,
  random: ANY,
};

/** @throws ComponentInitError `invalid-option` */
export function checkOptions(options: unknown): void {
  if (!isObject(options)) refuse(`the options must be an object, not ${describe(options)}`);
  for (const [name, value] of Object.entries(options)) {
    const known = Object.hasOwn(OPTIONS, name) ? OPTIONS[name as keyof PreinitializeOptions] : unknownOption(name);
    const wrong = value === undefined ? undefined : known.wrong(value);
    if (wrong === undefined) continue;
    const got = wrong.at === "" ? `, not ${describe(value)}` : "";
    refuse(`${name}${wrong.at} must be ${wrong.wanted}${got}`);
  }
}

/** @throws ComponentInitError `invalid-option` */
export function checkComponent(bytes: unknown): void {
  if (isUint8Array(bytes)) return;
  const hint = typeof bytes === "string" ? ": read the file, or parse the text, first" : "";
  refuse(`the component must be a Uint8Array, not ${describe(bytes)}${hint}`);
}

function unknownOption(name: string): never {
  const known = Object.keys(OPTIONS);
  const meant = nearest(name, known);
  refuse(
    `there is no option ${name}: ${meant === undefined ? `known are ${known.join(", ")}` : `did you mean ${meant}?`}`,
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (typeof value === "string") return value.length > 50 ? "a string" : JSON.stringify(value);
  if (value === null || typeof value !== "object") return typeof value === "function" ? "a function" : String(value);
  return Array.isArray(value) ? "a list" : `an object of ${value.constructor?.name ?? "no class"}`;
}

function refuse(message: string): never {
  throw new ComponentInitError("invalid-option", message);
}
