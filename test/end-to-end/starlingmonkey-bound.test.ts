import { afterAll, describe, expect, test } from "vitest";
import { type PreinitializeOptions, preinitialize, type Report } from "../../src/index.js";
import { refusal } from "../support/refusal.js";
import type { Call, Outcome } from "../support/session.js";
import { comparable, directoriesOf } from "../support/session.js";
import {
  type BoundWorld,
  bindWorld,
  boundOptions,
  callInNode,
  callInV8,
  Directories,
  type LoadedComponent,
  loadInV8,
  wasiHost,
} from "../support/starlingmonkey.js";
import { hasWasmtime, wasmtimeSession } from "../support/wasmtime.js";
import { validate, wit } from "../support/wat.js";

const directories = new Directories();
afterAll(() => directories.remove());

const KINDS_WIT = `
package test:kinds@0.1.0;

interface registry {
  flags rights { read, write, all }
  enum level { junior, senior, team-lead }
  record person {
    id: u32,
    name: string,
    email: option<string>,
    tags: list<string>,
    position: tuple<f64, s16>,
    rights: rights,
    level: level,
  }
  variant shape { dot, circle(f64), polygon(list<tuple<f64, f64>>), named(string) }
  variant problem { unknown(u32), refused(string), empty }

  get: func(id: u32) -> result<person, problem>;
  put: func(entry: person) -> result<u32, problem>;
  search: func(text: string) -> list<u32>;
  area: func(shape: shape) -> option<f64>;
  unit: func(name: string) -> shape;
  rename: func(id: u32, name: string) -> option<string>;
  inverted: func(rights: rights) -> rights;
  promoted: func(level: level) -> option<level>;
  checksum: func(bytes: list<u8>) -> string;
  divide: func(a: s64, b: s64) -> result<s64>;
  next-char: func(c: char) -> char;
  nested: func(values: list<option<result<u8, string>>>) -> list<string>;
}

interface facts {
  drawn: func() -> list<f64>;
  started: func() -> f64;
  table: func(index: u32) -> u64;
  prime: func(n: u32) -> bool;
  total: func() -> f64;
  kind: func() -> string;
  year: func(line: string) -> option<u16>;
}

interface later {
  say: func(line: string) -> u32;
  random: func() -> list<f64>;
  bytes: func(count: u32) -> list<u8>;
  clock: func() -> f64;
  wait: func(milliseconds: u32) -> string;
}

world kinds {
  export registry;
  export facts;
  export later;
  export greet: func(name: string) -> string;
  export counted: func() -> u32;
}
`;

const KINDS_APP = `
const levels = ["junior", "senior", "team-lead"];
class Person {
  #secret;
  constructor(id) {
    this.id = id;
    this.name = "Person " + id;
    this.email = id % 3 === 0 ? undefined : "p" + id + "@example.org";
    this.tags = [...new Set(["t" + (id % 7), "t" + (id % 5), "é€😀"])];
    this.position = [id / 8, 1 - id];
    this.rights = { read: true, write: id % 2 === 0, all: id % 10 === 0 };
    this.level = levels[id % 3];
    this.#secret = id * 2;
  }
  get secret() { return this.#secret; }
}
// Everything down here is computed before the snapshot.
const people = new Map();
for (let id = 0; id < 20000; id++) people.set(id, new Person(id));
const byTag = new Map();
for (const { id, tags } of people.values()) for (const tag of tags) {
  if (!byTag.has(tag)) byTag.set(tag, new Set());
  byTag.get(tag).add(id);
}
const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});
const bigTable = new BigUint64Array(1 << 16);
for (let i = 0, x = 1n; i < bigTable.length; i++) bigTable[i] = x = (x * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
const sieve = new Uint8Array(1000).fill(1);
sieve[0] = sieve[1] = 0;
for (let p = 2; p < 1000; p++) if (sieve[p]) for (let q = p * p; q < 1000; q += p) sieve[q] = 0;
const floats = new Float64Array(new ArrayBuffer(8 * 512)).map((_, i) => Math.sqrt(i));
const date = /(?<year>\\d{4})-(?<month>\\d\\d)/u;
const drawn = Array.from({ length: 4 }, () => Math.random());
const started = Date.now();
const kind = Symbol("kind");
const tagged = Object.freeze({ [kind]: "symbol", ...{ spread: 1 } });
const weak = new WeakMap([[tagged, "weak"]]);
const greeters = ["Hello", "Guten Tag"].map((word, i) => (name) => word + ", " + name + "!".repeat(i + 1));
function* numbers() { let n = 40; for (;;) yield ++n; }
const sequence = numbers();
sequence.next();

export const registry = {
  get(id) {
    const found = people.get(id);
    if (!found) throw { tag: "unknown", val: id };
    return found;
  },
  put(entry) {
    if (entry.name === "") throw { tag: "empty" };
    if (entry.rights.all) throw { tag: "refused", val: entry.name };
    people.set(entry.id, entry);
    return people.size;
  },
  search: (tag) => [...(byTag.get(tag) ?? [])].slice(0, 5),
  area(shape) {
    switch (shape.tag) {
      case "circle": return Math.PI * shape.val ** 2;
      case "polygon": {
        let sum = 0;
        shape.val.forEach(([x, y], i, all) => { const [u, v] = all[(i + 1) % all.length]; sum += x * v - u * y; });
        return Math.abs(sum) / 2;
      }
      default: return undefined;
    }
  },
  unit: (name) => name === "circle" ? { tag: "circle", val: 1 } : name === "square" ? { tag: "polygon", val: [[0, 0], [1, 0], [1, 1], [0, 1]] } : name === "" ? { tag: "dot" } : { tag: "named", val: name },
  rename(id, name) {
    const found = people.get(id);
    const before = found?.name;
    if (found) found.name = name;
    return before;
  },
  inverted: ({ read, write, all }) => ({ read: !read, write: !write, all: !all }),
  promoted: (level) => levels[levels.indexOf(level) + 1],
  checksum(bytes) {
    let crc = -1;
    for (const byte of bytes) crc = crcTable[(crc ^ byte) & 255] ^ (crc >>> 8);
    return ((crc ^ -1) >>> 0).toString(16);
  },
  divide(a, b) {
    if (b === 0n) throw undefined;
    return a / b;
  },
  nextChar: (c) => String.fromCodePoint(c.codePointAt(0) + 1),
  nested: (values) => values.map((v) => v === undefined || v === null ? "none" : v.tag + " " + v.val),
};
export const facts = {
  drawn: () => drawn,
  started: () => started,
  table: (i) => bigTable[i],
  prime: (n) => sieve[n] === 1,
  total: () => floats.reduce((a, b) => a + b, 0),
  kind: () => tagged[kind] + " " + weak.get(tagged) + " " + people.get(21).secret,
  year: (line) => { const m = date.exec(line); return m ? Number(m.groups.year) : undefined; },
};
let said = 0;
export const later = {
  say(line) { console.log(line); console.error("also: " + line); return ++said; },
  random: () => Array.from({ length: 4 }, () => Math.random()),
  bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  clock: () => Date.now(),
  async wait(ms) {
    const order = [];
    await Promise.all([
      new Promise((resolve) => setTimeout(() => { order.push("late"); resolve(); }, ms)),
      new Promise((resolve) => setTimeout(() => { order.push("soon"); resolve(); }, 1)),
    ]);
    return order.join(" ");
  },
};
export const greet = (name) => greeters.map((greeter) => greeter(name)).join(" ");
export const counted = () => sequence.next().value;
`;

const ACCOUNTS_WIT = `
package test:accounts@1.2.3;

interface bank {
  resource account {
    constructor(owner: string, opening: u64);
    deposit: func(amount: u64) -> result<u64, string>;
    owner: func() -> string;
    richer: static func(one: borrow<account>, other: borrow<account>) -> string;
    merged: static func(one: account, other: account) -> account;
  }
  founder: func() -> account;
  total: func() -> u64;
}

interface rates {
  record quote { currency: string, value: f64 }
  variant failure { unknown(string), closed }
  rate: func(currency: string) -> result<quote, failure>;
  publish: func(quotes: list<quote>) -> u32;
}

interface vault {
  resource key {
    constructor(name: string);
    sign: func(text: string) -> string;
  }
}

world accounts {
  import rates;
  import vault;
  import host-name: func() -> string;
  export bank;
  export convert: func(amount: f64, currency: string) -> result<f64, string>;
  export publish-all: func() -> u32;
  export signed: func(text: string) -> string;
  export place: func() -> string;
}
`;

const ACCOUNTS_APP = `
import { rate, publish } from "test:accounts/rates@1.2.3";
import { Key } from "test:accounts/vault@1.2.3";
import hostName from "host-name";

const accounts = new Set();
class Account {
  #owner; #balance;
  constructor(owner, opening) { this.#owner = owner; this.#balance = opening; accounts.add(this); }
  get balance() { return this.#balance; }
  deposit(amount) {
    if (amount === 0n) throw this.#owner + " deposits nothing";
    return (this.#balance += amount);
  }
  owner() { return this.#owner; }
  static richer(one, other) { return (one.balance >= other.balance ? one : other).owner(); }
  static merged(one, other) {
    accounts.delete(one); accounts.delete(other);
    return new Account(one.owner() + " & " + other.owner(), one.balance + other.balance);
  }
}
// Class instances of an exported resource, made before the snapshot.
const founder = new Account("founder", 1_000_000n);
for (let i = 0; i < 1000; i++) new Account("member " + i, BigInt(i));
const known = new Map([["EUR", 1]]);

export const bank = {
  Account,
  founder: () => founder,
  total: () => [...accounts].reduce((sum, { balance }) => sum + balance, 0n),
};
export function convert(amount, currency) {
  try {
    if (!known.has(currency)) known.set(currency, rate(currency).value);
  } catch (e) {
    throw e.payload ? "no rate: " + e.payload.tag + " " + (e.payload.val ?? "") : String(e);
  }
  return amount * known.get(currency);
}
export const publishAll = () => publish([...known].map(([currency, value]) => ({ currency, value })));
export const signed = (text) => new Key("of " + founder.owner()).sign(text);
export const place = () => "at " + hostName();
`;

interface Initialized {
  readonly world: BoundWorld;
  readonly options: PreinitializeOptions;
  readonly output: Uint8Array;
  readonly report: Report;
  readonly loaded: LoadedComponent;
}

/** Made once, however many tests use it. */
function initialized(text: string, name: string, app: string): () => Promise<Initialized> {
  let made: Promise<Initialized> | undefined;
  const make = async () => {
    const world = await bindWorld(text, name);
    const options = await optionsFor(world, app);
    const { component, report } = await preinitialize(world.component, options);
    return { world, options, output: component, report, loaded: await loadInV8(component) };
  };
  return () => (made ??= make());
}

async function optionsFor(world: BoundWorld, app: string): Promise<PreinitializeOptions> {
  const directory = await directories.withFiles({ "initializer.js": world.initializer, "app.js": app });
  return boundOptions(world, directory);
}

/** The uninitialized component, initialized by the same instance that then answers. */
async function atRunTime({ world, options }: Initialized, imports: object, calls: readonly Call[]) {
  const original = await (await loadInV8(world.component)).instantiate({
    ...wasiHost({ ...options, preopens: directoriesOf(options.preopens) }).imports,
    ...imports,
  });
  original.core("componentize.wizer");
  return { after: original.core("check_init"), outcomes: await callInV8(original, calls) };
}

const REGISTRY = "test:kinds/registry@0.1.0";
const FACTS = "test:kinds/facts@0.1.0";
const LATER = "test:kinds/later@0.1.0";
const registry = (name: string, ...args: NonNullable<Call["args"]>): Call => ({ export: [REGISTRY, name], args });
const facts = (name: string, ...args: NonNullable<Call["args"]>): Call => ({ export: [FACTS, name], args });
const later = (name: string, ...args: NonNullable<Call["args"]>): Call => ({ export: [LATER, name], args });

const entry = {
  id: 50_000,
  name: "Zoë",
  email: "z@example.org",
  tags: ["new", ""],
  position: [-0.5, -7],
  rights: { read: true, write: false, all: false },
  level: "team-lead",
} as const;

// StarlingMonkey itself, initialized or not, takes a negative s64 for a large one and gives a wrong u32 from 2^31 on: the
// calls stay out of both.
const KNOWN: readonly (readonly [Call, Outcome])[] = [
  [registry("checksum", new TextEncoder().encode("123456789")), { ok: "cbf43926" }],
  [registry("divide", 7n, 2n), { ok: "3n" }],
  [registry("divide", 1n, 0n), { err: null }],
  [registry("get", 20_000), { err: { tag: "unknown", val: 20_000 } }],
  [facts("prime", 997), { ok: true }],
  [facts("prime", 999), { ok: false }],
  [facts("year", "built 2024-11"), { ok: 2024 }],
  [{ export: "greet", args: ["Welt"] }, { ok: "Hello, Welt! Guten Tag, Welt!!" }],
  [{ export: "counted" }, { ok: 42 }],
  [{ export: "counted" }, { ok: 43 }],
];
const KINDS_CALLS: readonly Call[] = [
  ...KNOWN.map(([call]) => call),
  registry("get", 19_999),
  registry("get", 0),
  registry("get", 50_000),
  registry("put", entry),
  registry("get", 50_000),
  registry("put", { ...entry, name: "" }),
  registry("put", { ...entry, rights: { read: false, write: false, all: true } }),
  registry("search", "t3"),
  registry("search", "é€😀"),
  registry("search", "nothing"),
  registry("area", { tag: "dot" }),
  registry("area", { tag: "circle", val: 2.5 }),
  registry("area", {
    tag: "polygon",
    val: [
      [0, 0],
      [4, 0],
      [4, 3],
    ],
  }),
  registry("unit", "circle"),
  registry("unit", "square"),
  registry("unit", ""),
  registry("unit", "blob"),
  registry("rename", 7, "Sieben"),
  registry("rename", 7, "Seven"),
  registry("rename", 70_000, "nobody"),
  registry("inverted", { read: true, write: false, all: true }),
  registry("promoted", "junior"),
  registry("promoted", "team-lead"),
  registry("checksum", new Uint8Array()),
  registry("next-char", "😀"),
  registry("nested", [null, { tag: "ok", val: 255 }, { tag: "err", val: "why" }]),
  facts("table", 0),
  facts("table", 65_535),
  facts("total"),
  facts("kind"),
  facts("year", "never"),
];
const DRAWN = [facts("drawn"), facts("started")];

describe("bound to a world of values", () => {
  const kinds = initialized(KINDS_WIT, "kinds", KINDS_APP);

  test("says itself that it is initialized, and is a valid component of the same world", async () => {
    const { world, output, loaded, report } = await kinds();
    const { core } = await loaded.instantiate(wasiHost().imports);
    expect(core("check_init")).toBe(0);
    await validate(output);
    expect(await wit(output)).toBe(await wit(world.component));
    expect(report).toMatchObject({ init: "core:componentize.wizer", stdout: "", stderr: "", warnings: [] });
  });

  test("the application in Node gives what is known without running it", async () => {
    expect(
      await callInNode(
        KINDS_APP,
        KNOWN.map(([call]) => call),
      ),
    ).toEqual(KNOWN.map(([, outcome]) => outcome));
  });

  test("gives the right answers in V8", async () => {
    const instance = await (await kinds()).loaded.instantiate(wasiHost().imports);
    expect(await callInV8(instance, KINDS_CALLS)).toEqual(await callInNode(KINDS_APP, KINDS_CALLS));
  });

  test.runIf(hasWasmtime)("gives the right answers in Wasmtime", async () => {
    const { outcomes } = await wasmtimeSession((await kinds()).output, { calls: KINDS_CALLS });
    expect(outcomes).toEqual(await callInNode(KINDS_APP, KINDS_CALLS));
  });

  test("is in the state that initialization at run time leads to, also in what it drew then", async () => {
    const calls = [...DRAWN, ...KINDS_CALLS];
    const reference = await atRunTime(await kinds(), {}, calls);
    expect(reference.after).toBe(0);
    // Another seed and time than at initialization: what was drawn then must not be drawn again.
    const host = wasiHost({}, { seed: 77n, wallStart: 0n });
    const instance = await (await kinds()).loaded.instantiate(host.imports);
    const outcomes = await callInV8(instance, calls);
    expect(outcomes).toEqual(reference.outcomes);
    const [drawn, started] = outcomes as [{ ok: number[] }, { ok: number }];
    expect(new Set(drawn.ok).size).toBe(4);
    expect(started.ok).toBeGreaterThan(Date.UTC(2024));
  });

  const LATER_CALLS = [
    later("say", "ä line"),
    later("wait", 30),
    later("say", "another"),
    later("clock"),
    later("bytes", 16),
    later("random"),
  ];
  const SAID = { stdout: "ä line\nanother\n", stderr: "also: ä line\nalso: another\n" };

  test("uses WASI afresh at run time in V8", async () => {
    const run = async (seed: bigint) => {
      const host = wasiHost({}, { seed, wallStart: 1_000_000_000_000_000_000n });
      const instance = await (await kinds()).loaded.instantiate(host.imports);
      const outcomes = await callInV8(instance, LATER_CALLS);
      expect(host.printed()).toEqual(SAID);
      expect(outcomes.slice(0, 3)).toEqual([{ ok: 1 }, { ok: "soon late" }, { ok: 2 }]);
      const [clock, ...drawn] = outcomes.slice(3) as { ok: number }[];
      expect(clock?.ok).toBeGreaterThan(1e12);
      expect(clock?.ok).toBeLessThan(1e12 + 10_000);
      return drawn;
    };
    const [first, again, other] = [await run(1n), await run(1n), await run(2n)];
    expect(again).toEqual(first);
    // Neither crypto nor Math.random goes on from the state at initialization.
    expect(other[0]).not.toEqual(first[0]);
    expect(other[1]).not.toEqual(first[1]);
  });

  test.runIf(hasWasmtime)("uses WASI afresh at run time in Wasmtime", async () => {
    const run = async () => {
      const start = Date.now();
      const { outcomes, stdout, stderr } = await wasmtimeSession((await kinds()).output, { calls: LATER_CALLS });
      expect({ stdout, stderr }).toEqual(SAID);
      expect(outcomes.slice(0, 3)).toEqual([{ ok: 1 }, { ok: "soon late" }, { ok: 2 }]);
      const [clock, ...drawn] = outcomes.slice(3) as { ok: number }[];
      expect(clock?.ok).toBeGreaterThanOrEqual(start);
      expect(clock?.ok).toBeLessThanOrEqual(Date.now());
      return drawn;
    };
    const [first, other] = [await run(), await run()];
    expect(other[0]).not.toEqual(first[0]);
    expect(other[1]).not.toEqual(first[1]);
  });
});

const BANK = "test:accounts/bank@1.2.3";
const bank = (name: string, ...args: NonNullable<Call["args"]>): Call => ({ export: [BANK, name], args });
const MEMBERS = (999n * 1000n) / 2n;

const BANK_CALLS: readonly (readonly [Call, Outcome])[] = [
  [bank("[constructor]account", "Ada", 100n), { ok: { resource: true } }],
  [bank("founder"), { ok: { resource: true } }],
  [bank("[method]account.owner", { handle: 1 }), { ok: "founder" }],
  [bank("[method]account.deposit", { handle: 0 }, 2n ** 63n), { ok: `${2n ** 63n + 100n}n` }],
  [bank("[method]account.deposit", { handle: 0 }, 0n), { err: "Ada deposits nothing" }],
  [bank("[static]account.richer", { handle: 0 }, { handle: 1 }), { ok: "Ada" }],
  [bank("total"), { ok: `${MEMBERS + 1_000_000n + 2n ** 63n + 100n}n` }],
  [bank("[static]account.merged", { handle: 0 }, { handle: 1 }), { ok: { resource: true } }],
  [bank("[method]account.owner", { handle: 7 }), { ok: "Ada & founder" }],
  [bank("total"), { ok: `${MEMBERS + 1_000_000n + 2n ** 63n + 100n}n` }],
  [{ export: "convert", args: [2.5, "EUR"] }, { ok: 2.5 }],
];
const IMPORT_CALLS: readonly (readonly [Call, Outcome])[] = [
  [{ export: "convert", args: [2, "CHF"] }, { ok: 3 }],
  [{ export: "convert", args: [4, "CHF"] }, { ok: 6 }],
  [{ export: "convert", args: [1, "XXX"] }, { err: "no rate: unknown XXX" }],
  [{ export: "convert", args: [1, "---"] }, { err: "no rate: closed " }],
  [{ export: "publish-all" }, { ok: 2 }],
  [{ export: "signed", args: ["x"] }, { ok: "x signed with of founder" }],
  [{ export: "place" }, { ok: "at localhost" }],
];

/** What the host gives to the world of accounts, and the log of its use. */
function accountsHost() {
  const log: unknown[] = [];
  class Key {
    constructor(readonly name: string) {}

    sign(text: string): string {
      return `${text} signed with ${this.name}`;
    }
  }
  const rate = (currency: string) => {
    log.push(currency);
    if (currency === "CHF") return { currency, value: 1.5 };
    throw currency === "---" ? { tag: "closed" } : { tag: "unknown", val: currency };
  };
  const publish = (quotes: unknown[]) => {
    log.push(quotes);
    return quotes.length;
  };
  const imports = {
    "test:accounts/rates": { rate, publish },
    "test:accounts/vault": { Key },
    "host-name": { default: () => "localhost" },
  };
  return { imports, log };
}

describe("bound to a world of resources and imports", () => {
  const accounts = initialized(ACCOUNTS_WIT, "accounts", ACCOUNTS_APP);
  const ALL = [...BANK_CALLS, ...IMPORT_CALLS];

  test("gives the right answers in V8", async () => {
    const { output, world, loaded } = await accounts();
    const host = accountsHost();
    const instance = await loaded.instantiate({ ...wasiHost().imports, ...host.imports });
    expect(instance.core("check_init")).toBe(0);
    expect(
      await callInV8(
        instance,
        ALL.map(([call]) => call),
      ),
    ).toEqual(ALL.map(([, outcome]) => outcome));
    const quotes = [
      { currency: "EUR", value: 1 },
      { currency: "CHF", value: 1.5 },
    ];
    expect(host.log).toEqual(["CHF", "XXX", "---", quotes]);
    expect(await wit(output)).toBe(await wit(world.component));
  });

  test("answers as after initialization at run time", async () => {
    const { outcomes } = await atRunTime(
      await accounts(),
      accountsHost().imports,
      ALL.map(([call]) => call),
    );
    expect(outcomes).toEqual(ALL.map(([, outcome]) => outcome));
  });

  test.runIf(hasWasmtime)("gives the right answers in Wasmtime", async () => {
    const { output } = await accounts();
    // Imports are traps there, after which an instance takes no more calls.
    const trapping: Call = { export: "place" };
    const calls = [...BANK_CALLS.map(([call]) => call), trapping];
    const { outcomes } = await wasmtimeSession(output, { calls });
    expect(comparable(outcomes)).toEqual([...BANK_CALLS.map(([, outcome]) => outcome), { trap: true }]);
  });

  test("an import that init calls is refused unless granted, and its answer is kept", async () => {
    const { world } = await accounts();
    const app = `const early = hostName();\n${ACCOUNTS_APP.replace('"at " + hostName()', '"early " + early')}`;
    const options = await optionsFor(world, app);
    const error = await refusal(world.component, options, "not-granted");
    expect(error.message).toContain("host-name");
    const imports = { "host-name": { default: () => "build-machine" } };
    const { component } = await preinitialize(world.component, { ...options, imports });
    const instance = await (await loadInV8(component)).instantiate(wasiHost().imports);
    expect(await callInV8(instance, [{ export: "place" }])).toEqual([{ ok: "early build-machine" }]);
  });
});

describe("an application that fails", () => {
  const APPS: [string, string, string[]][] = [
    ["does not parse", "const a = ;", ["app.js:1:11 SyntaxError: expected expression, got ';'"]],
    ["imports a module that is not there", 'import "./nowhere.js";', ['Error loading module "./nowhere.js"']],
    [
      "throws",
      'console.log("so far");\nfunction deep() { throw new Error("kaput"); }\ndeep();',
      ["guest stdout:", "so far", "guest stderr:", "app.js:2:25 Error: kaput", "deep@app.js:2:25"],
    ],
    ["throws after an await", 'await 0; throw new Error("late");', ["Error: late"]],
    ["throws what is no error", 'throw "a string";', ["uncaught exception: a string"]],
    ["uses a timer", "setTimeout(() => {}, 1);", ["setTimeout can only be used during request handling"]],
  ];

  test.each(APPS)("because it %s is refused with what the guest said", async (_what, app, says) => {
    const world = await bindWorld(KINDS_WIT, "kinds");
    const error = await refusal(world.component, await optionsFor(world, app), "init-exited");
    expect(error.message).toBe("core:componentize.wizer exited with code 1");
    for (const text of says) expect(error.details.join("\n")).toContain(text);
  });

  test("without its sources is refused", async () => {
    const world = await bindWorld(KINDS_WIT, "kinds");
    const { preopens: _, ...options } = await optionsFor(world, KINDS_APP);
    const error = await refusal(world.component, options, "init-exited");
    expect(error.details.join("\n")).toMatch(/app\.js|initializer\.js/);
  });
});

test("the output is the same every time", async () => {
  const world = await bindWorld(KINDS_WIT, "kinds");
  const outputs: Uint8Array[] = [];
  for (let i = 0; i < 3; i++) {
    const { component } = await preinitialize(world.component, await optionsFor(world, KINDS_APP));
    outputs.push(component);
  }
  const [first, ...others] = outputs as [Uint8Array, ...Uint8Array[]];
  expect(others.map((other) => Buffer.compare(first, other))).toEqual([0, 0]);
});
