import { textLibrary } from "../../support/dlopen.js";
import type { Prng } from "../prng.js";

/** What a function adds to its parameter. Functions call only those of lower numbers, whoever defines these, so calls end. */
export type Term =
  | { readonly kind: "call" | "call address" | "read" | "increment"; readonly name: string }
  | { readonly kind: "calls so far" };

export interface FunctionSpec {
  readonly name: string;
  readonly constant: number;
  readonly terms: readonly Term[];
}

export interface LibrarySpec {
  readonly name: string;
  readonly needed: readonly string[];
  readonly functions: readonly FunctionSpec[];
  readonly data: readonly { readonly name: string; readonly value: number }[];
  /** Imports that may be missing: only their addresses are used. */
  readonly weak: ReadonlySet<string>;
  /** Where there is one, it sums up what the constructors of needed libraries have found, and adds a number of its own to the program's. */
  readonly hook?: { readonly found: string; readonly constant: number; readonly sum: readonly string[] };
  /** What its start function sets the number of calls to. */
  readonly start: number | undefined;
}

/** What is added for what is weak and missing. */
export const MISSING = 7777;

export const FUNCTIONS = ["f0", "f1", "f2", "f3", "f4"];
export const DATA = ["d0", "d1", "d2"];

/** Some libraries that need each other, in circles too, and define the same symbols again and again. */
export function randomLibraries(random: Prng): LibrarySpec[] {
  const count = random.between(1, 7);
  const isCircular = random.chance(0.3);
  const hasConstructors = !isCircular && random.chance(0.7);
  const hasBase = random.chance(0.7);
  const specs: LibrarySpec[] = [];
  for (let i = 0; i < count; i++) {
    const others = Array.from({ length: isCircular ? count : i }, (_, other) => other).filter((other) => other !== i);
    const needed = random.some(others, 2 / count).map(nameOf);
    // Symbols are missing often enough where nobody has all of them.
    if (hasBase && i > 0 && !needed.includes(BASE)) needed.push(BASE);
    const isConstructed = hasConstructors && random.chance(0.7);
    specs.push(
      randomLibrary(nameOf(i), random.shuffled(needed), isConstructed, hasBase && i === 0 ? 1 : 0.5, specs, random),
    );
  }
  return specs;
}

const nameOf = (i: number) => `l${i}.so`;
const BASE = nameOf(0);

/** Where the constructor of a library writes to. */
export const foundBy = (name: string) => `found_by_${name.slice(0, -3)}`;

function randomLibrary(
  name: string,
  needed: readonly string[],
  isConstructed: boolean,
  share: number,
  known: readonly LibrarySpec[],
  random: Prng,
): LibrarySpec {
  const functions = random.some(FUNCTIONS, share).map((func): FunctionSpec => {
    const callees = FUNCTIONS.slice(0, FUNCTIONS.indexOf(func));
    const terms = Array.from({ length: random.below(4) }, () => randomTerm(callees, random));
    return { name: func, constant: random.below(1000), terms };
  });
  const called = functions.flatMap(({ terms }) => terms.flatMap((term) => (term.kind === "call" ? [term.name] : [])));
  const others = functions.flatMap(({ terms }) => terms.flatMap((term) => ("name" in term ? [term.name] : [])));
  const weak = random.some([...new Set(others)], 0.7).filter((one) => !called.includes(one));
  const sum = known.flatMap((one) => (needed.includes(one.name) ? (one.hook?.found ?? []) : []));
  return {
    name,
    needed,
    functions,
    data: random.some(DATA, share).map((one) => ({ name: one, value: random.below(1000) })),
    weak: new Set(weak),
    ...(isConstructed && {
      hook: { found: foundBy(name), constant: random.below(1000), sum },
    }),
    start: random.chance(0.2) ? random.below(100) : undefined,
  };
}

function randomTerm(callees: readonly string[], random: Prng): Term {
  const kind = random.pick(["call", "call address", "read", "increment", "calls so far"] as const);
  if (kind === "calls so far") return { kind };
  if (kind === "read" || kind === "increment") return { kind, name: random.pick(DATA) };
  return callees.length === 0 ? { kind: "calls so far" } : { kind, name: random.pick(callees) };
}

/** The library as text. Its data: the number of calls, what it defines, and what its constructor has found. */
export function textOf({ needed, functions, data, weak, hook, start }: LibrarySpec): string {
  const terms = functions.flatMap((one) => one.terms);
  const named = (kinds: readonly Term["kind"][]) => {
    return [...new Set(terms.flatMap((term) => ("name" in term && kinds.includes(term.kind) ? [term.name] : [])))];
  };
  const summed = hook === undefined ? [] : [...hook.sum, "host_value"];
  const words = [...data, ...(hook === undefined ? [] : [{ name: hook.found, value: 0 }])];
  const bytes = [0, ...words.map(({ value }) => value)].map(escaped).join("");
  const dylink = [
    `(mem-info (memory ${4 * (words.length + 1)} 2))`,
    ...(needed.length > 0 ? [`(needed ${needed.map((name) => `"${name}"`).join(" ")})`] : []),
    '(runtime-path "$ORIGIN")',
    ...[...weak].map((name) => `(import-info "env" "${name}" binding-weak undefined)`),
  ];
  return textLibrary(
    dylink.join(" "),
    `(type $f (func (param i32) (result i32)))
    ${named(["call"])
      .map((name) => `(import "env" "${name}" (func $${name} (type $f)))`)
      .join(" ")}
    ${named(["call address"])
      .map((name) => `(import "GOT.func" "${name}" (global $${name} (mut i32)))`)
      .join(" ")}
    ${[...new Set([...named(["read", "increment"]), ...summed])].map((name) => `(import "GOT.mem" "${name}" (global $${name} (mut i32)))`).join(" ")}
    (data (global.get $memory_base) "${bytes}")
    ${words.map(({ name }, i) => `(global (export "${name}") i32 (i32.const ${4 * (i + 1)}))`).join(" ")}
    ${functions.map(functionText).join("\n")}
    ${hook === undefined ? "" : constructorText(hook, words.length)}
    ${start === undefined ? "" : `(func $start (i32.store (global.get $memory_base) (i32.const ${start}))) (start $start)`}`,
  );
}

function functionText({ name, constant, terms }: FunctionSpec): string {
  const first = `(local.set $sum (i32.add (local.get $n) (i32.const ${constant})))`;
  const added = terms.map((term) => `(local.set $sum (i32.add (local.get $sum) ${termText(term)}))`);
  return `(func (export "${name}") (param $n i32) (result i32) (local $sum i32) ${first} ${added.join(" ")} (local.get $sum))`;
}

function termText(term: Term): string {
  if (term.kind === "calls so far") {
    const more = "(i32.add (i32.load (global.get $memory_base)) (i32.const 1))";
    return `(block (result i32) (i32.store (global.get $memory_base) ${more}) (i32.load (global.get $memory_base)))`;
  }
  const address = `(global.get $${term.name})`;
  const orMissing = (there: string) => {
    return `(if (result i32) ${address} (then ${there}) (else (i32.const ${MISSING})))`;
  };
  const argument = "(i32.add (local.get $n) (i32.const 1))";
  switch (term.kind) {
    case "call":
      return `(call $${term.name} ${argument})`;
    case "call address":
      return orMissing(`(call_indirect $table (type $f) ${argument} ${address})`);
    case "read":
      return orMissing(`(i32.load ${address})`);
    case "increment":
      return orMissing(`(i32.store ${address} (i32.add (i32.load ${address}) (i32.const 1))) (i32.load ${address})`);
  }
}

function constructorText({ constant, sum }: NonNullable<LibrarySpec["hook"]>, word: number): string {
  const terms = sum.map((name) => `(i32.load (global.get $${name}))`);
  const found = terms.reduce((left, right) => `(i32.add ${left} ${right})`, `(i32.const ${constant})`);
  const program = "(global.get $host_value)";
  return `(func (export "__wasm_call_ctors")
    (i32.store offset=${4 * word} (global.get $memory_base) ${found})
    (i32.store ${program} (i32.add (i32.load ${program}) (i32.const ${constant}))))`;
}

function escaped(word: number): string {
  const bytes = [word, word >>> 8, word >>> 16, word >>> 24].map((byte) => byte & 255);
  return bytes.map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
}
