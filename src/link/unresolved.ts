import { ComponentInitError } from "../errors.js";
import { nearest } from "../nearest.js";
import type { Library, WantedFunction } from "./library.js";
import { namesOf } from "./order.js";
import type { Symbols } from "./symbols.js";

/** Tags that code throws and that no library needs to define: those of C++ exceptions and of `longjmp`. */
const COMMON_TAGS: ReadonlyMap<string, string> = new Map([
  ["__cpp_exception", "[i32] -> []"],
  ["__c_longjmp", "[i32] -> []"],
]);

/** Whether the linker itself provides a tag that no library defines. */
export function isCommonTag({ name, signature }: WantedFunction): boolean {
  return COMMON_TAGS.get(name) === signature;
}

/** Thousands are missing together, where a library is, and each is compared with all names that there are. */
const MAX_HINTS = 50;

/** A symbol that a library wants and that nobody has. */
interface Missing {
  readonly library: Library;
  readonly name: string;
  readonly what: string;
}

/**
 * @param allowStubs - let functions that nobody has trap when they are called
 * @throws ComponentInitError `link-failed`
 */
export function checkResolved(libraries: readonly Library[], symbols: Symbols, allowStubs: boolean): void {
  checkNeeded(libraries);
  const missing = libraries.flatMap((library) => missingOf(library, symbols, allowStubs));
  const [first] = missing;
  if (first === undefined) return;
  const others = missing.length === 1 ? "" : ` and ${missing.length - 1} more`;
  const { names } = symbols;
  const details = missing.map((one, i) => describe(one, i < MAX_HINTS ? nearest(one.name, names) : undefined));
  fail(
    `no library defines ${first.name}, which ${first.library.name} needs${others}: add the library that does`,
    details,
  );
}

function checkNeeded(libraries: readonly Library[]): void {
  const names = namesOf(libraries);
  const missing = libraries.flatMap(({ name, dylink }) => {
    const absent = dylink.needed.filter((needed) => !names.has(needed));
    return absent.length === 0 ? [] : [{ name, absent }];
  });
  const [first] = missing;
  if (first === undefined) return;
  const details = missing.map(({ name, absent }) => `  ${name} needs ${absent.join(", ")}`);
  fail(`${first.name} needs the library ${first.absent[0]}, which is not given`, details);
}

function missingOf(library: Library, symbols: Symbols, allowStubs: boolean): Missing[] {
  const functions = library.functions.filter((wanted) => {
    if (symbols.callee(wanted) !== undefined) return false;
    checkSignature(library, wanted, symbols);
    return !wanted.isWeak && !allowStubs;
  });
  const called = new Set(library.functions.map(({ name }) => name));
  const addresses = library.functionAddresses.filter(({ name, isWeak }) => {
    return !isWeak && !allowStubs && !called.has(name) && symbols.pointee(name) === undefined;
  });
  const data = library.dataAddresses.filter(({ name, isWeak }) => !isWeak && symbols.data(name) === undefined);
  const tags = library.tags.filter((tag) => !isCommonTag(tag) && symbols.tag(tag) === undefined);
  return [
    ...functions.map(({ name, signature }) => ({ library, name, what: `function ${signature}` })),
    ...addresses.map(({ name }) => ({ library, name, what: "function" })),
    ...data.map(({ name }) => ({ library, name, what: "data" })),
    ...tags.map(({ name, signature }) => ({ library, name, what: `tag ${signature}` })),
  ];
}

/** A weak function of another type than it is called with is a mistake, too. */
function checkSignature(library: Library, { name, signature }: WantedFunction, symbols: Symbols): void {
  const [other] = symbols.functions(name);
  if (other === undefined) return;
  fail(
    `${library.name} calls ${name} as ${signature}, and ${other.library.name} defines it as ${other.func.signature}: ` +
      "compile both with the same declaration",
  );
}

function describe({ library, name, what }: Missing, similar: string | undefined): string {
  const hint = similar === name ? "; there is one of another type" : `; there is ${similar}`;
  return `  ${library.name} needs ${name} (${what})${similar === undefined ? "" : hint}`;
}

function fail(message: string, details: readonly string[] = []): never {
  throw new ComponentInitError("link-failed", message, { details });
}
