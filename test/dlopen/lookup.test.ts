import { describe, expect, test } from "vitest";
import { decodeComponent } from "../../src/component/decode.js";
import { encodeComponent } from "../../src/component/encode.js";
import { removeDead } from "../../src/component/live.js";
import { answerIn } from "../../src/dlopen/answering.js";
import { dlImports } from "../../src/dlopen/interface.js";
import { type LookupLibrary, lookupModule } from "../../src/dlopen/lookup.js";
import { loweringsOf } from "../../src/dlopen/lowerings.js";
import { bringToLife } from "../conformance/live-component.js";
import { ALL_ENGINES } from "../support/differential.js";
import { DL_CALLS, dlCaller, type LoweringOptions } from "../support/dl-caller.js";
import { type Arg, type Call, comparable, normalise, type Outcome, type SessionResult } from "../support/session.js";
import { wat } from "../support/wat.js";

const DL = "component-init:dlopen/dl";
const NEXT = 0xffffffff;

const library = (handle: number, names: readonly string[], more: Partial<LookupLibrary> = {}): LookupLibrary => ({
  handle,
  names,
  symbols: new Map(),
  scope: [],
  openCount: 1,
  globalSince: 0,
  isProgram: false,
  isHeld: false,
  ...more,
});

const LIBRARIES = [
  library(1, [""], {
    isProgram: true,
    globalSince: 1,
    scope: [0],
    symbols: new Map([
      ["f", 10],
      ["p", 11],
    ]),
  }),
  library(2, ["/lib/a.so", "a.so"], {
    scope: [1, 3],
    symbols: new Map([
      ["f", 20],
      ["a", 21],
    ]),
  }),
  library(4, ["/lib/b.so", "b.so"], {
    globalSince: 2,
    scope: [2],
    symbols: new Map([
      ["f", 40],
      ["b", 41],
    ]),
  }),
  library(5, ["d.so"], { openCount: 0, isHeld: true, scope: [3], symbols: new Map([["d", 51]]) }),
];
const LAST = 6;

type Step = readonly [call: "open" | "symbol" | "close" | "open-bytes", args: readonly Arg[], answer: unknown];

const open = (name: string, answer: unknown, flags: Readonly<Record<string, boolean>> = {}): Step => [
  "open",
  [name, flags],
  answer,
];
const symbol = (handle: number, name: string, answer: unknown): Step => ["symbol", [handle, name], answer];
const close = (handle: number, answer: unknown = null): Step => ["close", [handle], answer];
const INVALID = { err: "Invalid library handle" };
const absent = (name: string) => ({ err: `Symbol not found: ${name}` });
const closed = (name: string) => ({
  err: `Error loading shared library: not open when the component was pre-initialized: ${name}`,
});

const CASES: Readonly<Record<string, readonly Step[]>> = {
  "finds what is open by its names": [open("/lib/a.so", 2), open("a.so", 2), open("", 1), open("d.so", 5)],
  "finds paths that say the same": [
    open("lib/a.so", 2),
    open("/./lib//b/../a.so", 2),
    open("../../lib/b.so", 4),
    open("/lib/.../a.so", closed("/lib/.../a.so")),
    open("/a.so", closed("/a.so")),
    open("/", closed("/")),
    open("b.so/..", closed("b.so/..")),
    open("/lib/a.so/", closed("/lib/a.so/")),
    open("/lib/a.so/.", closed("/lib/a.so/.")),
    open("/lib/a.so/x/..", closed("/lib/a.so/x/..")),
    open("/lib/x/../a.so", 2),
  ],
  "opens nothing else": [open("c.so", closed("c.so")), open("A.so", closed("A.so"))],
  "finds symbols in a library and in what it needs": [
    symbol(2, "f", 20),
    symbol(2, "d", 51),
    symbol(4, "d", absent("d")),
    symbol(2, "p", absent("p")),
  ],
  "finds the first global symbol, or the second": [
    symbol(0, "f", 10),
    symbol(1, "f", 10),
    symbol(NEXT, "f", 40),
    symbol(1, "b", 41),
    symbol(0, "a", absent("a")),
    symbol(NEXT, "b", absent("b")),
  ],
  "knows no handles but those that it has given": [
    symbol(3, "f", INVALID),
    symbol(7, "f", INVALID),
    symbol(5, "d", INVALID),
    close(3, INVALID),
    close(0, INVALID),
  ],
  counts: [
    open("a.so", 2),
    close(2),
    symbol(2, "a", 21),
    close(2),
    symbol(2, "a", INVALID),
    close(2, INVALID),
    open("a.so", { err: "Library is not already loaded: a.so" }, { noLoad: true }),
    open("a.so", 2),
    close(1),
    close(1),
    symbol(1, "p", 11),
  ],
  "opens what is held only if it is there": [
    open("d.so", 5, { noLoad: true }),
    symbol(5, "d", 51),
    open("a.so", 2, { noDelete: true }),
    close(2),
    close(2),
    open("a.so", 2, { noLoad: true }),
  ],
  "makes a library global, and what it needs": [
    open("a.so", 2, { global: true }),
    symbol(0, "a", 21),
    symbol(0, "d", 51),
    symbol(NEXT, "f", 40),
  ],
  "takes bytes for what is open by that name": [
    ["open-bytes", ["a.so", new Uint8Array(100_000), {}], 2],
    ["open-bytes", ["new.so", new Uint8Array(100_000), {}], closed("new.so")],
  ],
};

/** A component whose core code is told what is in a table, in the place of what its host would say. */
async function answering(
  libraries: readonly LookupLibrary[],
  { asksHost = false, ...lowering }: LoweringOptions & { asksHost?: boolean } = {},
): Promise<Uint8Array> {
  const component = decodeComponent(await wat(dlCaller(lowering)));
  const imports = new Set(dlImports(component));
  const lookup = await lookupModule({ libraries, lastHandle: LAST }, asksHost);
  await answerIn(component, loweringsOf(component, imports), lookup, asksHost);
  removeDead(component, { hasEffect: () => true, isExported: () => true, isImported: () => asksHost });
  return encodeComponent(component).toBytes();
}

type Session = (
  component: Uint8Array,
  options: { readonly calls: readonly Call[] },
) => Promise<Pick<SessionResult, "outcomes">>;

/** What runs inside of the tool itself. */
async function liveSession(
  component: Uint8Array,
  { calls, host = {} }: { readonly calls: readonly Call[]; readonly host?: Host },
): Promise<Pick<SessionResult, "outcomes">> {
  const functions = Object.entries(host).map(([name, func]) => [`${DL}@0.1.0#${name}`, func] as const);
  const live = await bringToLife(component, Object.fromEntries(functions));
  const outcomes: Outcome[] = [];
  for (const { export: name, args = [] } of calls) {
    try {
      const result = (await live.call([name].flat(), args)) as { tag: "ok" | "err"; val?: unknown } | number;
      outcomes.push(typeof result === "number" ? { ok: result } : ({ [result.tag]: normalise(result.val) } as Outcome));
    } catch (error) {
      outcomes.push({ trap: String(error) });
    }
  }
  return { outcomes };
}

const SESSIONS: readonly { readonly name: string; readonly available: boolean; readonly session: Session }[] = [
  { name: "the tool", available: true, session: liveSession },
  ...ALL_ENGINES,
];

const callsOf = (steps: readonly Step[]) => steps.map(([call, args]) => ({ export: [DL_CALLS, call] as const, args }));
const answersOf = (steps: readonly Step[]) =>
  steps.map(([, , answer]) => (typeof answer === "number" || answer === null ? { ok: answer } : answer));

describe.each(SESSIONS)("what answers for libraries in an output, in $name", ({ name, available, session }) => {
  test.runIf(available).each(Object.entries(CASES))("%s", async (_, steps) => {
    const { outcomes } = await session(await answering(LIBRARIES), { calls: callsOf(steps) });
    expect(outcomes).toEqual(answersOf(steps));
  });

  // jco's bindings know UTF-8 alone.
  const encodings = name === "V8" ? (["utf8"] as const) : (["utf8", "utf16", "latin1+utf16"] as const);
  test.runIf(available).each(encodings)("in any language, as %s", async (encoding) => {
    const steps = LANGUAGES.flatMap((text, i) => [
      open(`/lib/${text}.so`, 2),
      symbol(2, text, i),
      symbol(2, `${text}!`, absent(`${text}!`)),
      open(`${text}?`, closed(`${text}?`)),
    ]);
    const symbols = new Map(LANGUAGES.map((text, i) => [text, i]));
    const one = library(
      2,
      LANGUAGES.map((text) => `/lib/${text}.so`),
      { scope: [0], symbols },
    );
    const { outcomes } = await session(await answering([one], { encoding }), { calls: callsOf(steps) });
    expect(outcomes).toEqual(answersOf(steps));
  });

  test.runIf(available)("a message that is cut keeps its characters whole", async () => {
    const names = [200, 201, 202, 203, 204].map((length) => `${"x".repeat(length)}${"😀".repeat(20)}`);
    const { outcomes } = await session(await answering([], { encoding: "utf8" }), {
      calls: callsOf(names.map((text) => symbol(0, text, 0))),
    });
    for (const [i, outcome] of outcomes.entries()) {
      const { err } = outcome as { err: string };
      expect(absent(names[i] as string).err.startsWith(err)).toBe(true);
      expect(Buffer.byteLength(err)).toBeGreaterThan(248);
      expect(err).not.toContain("\ufffd");
    }
  });
});

/** Of one, two, three and four bytes in UTF-8; of one byte in Latin-1 and of two; of one and two units in UTF-16. */
const LANGUAGES = ["plain", "zażółć", "été ÿ", "日本語", "😀", "a\u0000b", "\u{10ffff}\ud7ff\ue000"];

// jco and Wasmtime have no 64-bit canonical ABI.
test("what answers in a 64-bit memory", async () => {
  for (const steps of Object.values(CASES)) {
    const { outcomes } = await liveSession(await answering(LIBRARIES, { is64: true }), { calls: callsOf(steps) });
    expect(outcomes).toEqual(answersOf(steps));
  }
});

interface Raw extends LoweringOptions {
  readonly raw: string;
}

/** Whether core code gets an answer or traps, as CanonicalABI.md says. The memory ends at 0x100000. */
const RAW: Readonly<Record<string, readonly [Raw, "answers" | "traps"]>> = {
  "an empty name at the end of the memory": [{ raw: callSymbol(0x100000, 0) }, "answers"],
  "an empty name beyond the end": [{ raw: callSymbol(0x100001, 0) }, "traps"],
  "a name that ends with the memory": [{ raw: callSymbol(0xffffc, 4) }, "answers"],
  "a name that ends beyond it": [{ raw: callSymbol(0xffffc, 5) }, "traps"],
  "a name that goes round": [{ raw: callSymbol(-4, 8) }, "traps"],
  "a name that is too long for any": [{ raw: callSymbol(16, -1) }, "traps"],
  "a name that is no UTF-8": [{ raw: callSymbol(16, 2), fields: '(data (i32.const 16) "a\\ff")' }, "traps"],
  "a name that ends in the middle of a character": [
    { raw: callSymbol(16, 2), fields: '(data (i32.const 16) "\\e6\\97\\a5")' },
    "traps",
  ],
  "a surrogate in UTF-8": [{ raw: callSymbol(16, 3), fields: '(data (i32.const 16) "\\ed\\a0\\80")' }, "traps"],
  "a character in more bytes than it needs": [
    { raw: callSymbol(16, 2), fields: '(data (i32.const 16) "\\c1\\81")' },
    "traps",
  ],
  "a character beyond the last": [
    { raw: callSymbol(16, 4), fields: '(data (i32.const 16) "\\f4\\90\\80\\80")' },
    "traps",
  ],
  "UTF-16 at an odd address": [{ encoding: "utf16", raw: callSymbol(17, 1) }, "traps"],
  "a lonely surrogate": [
    { encoding: "utf16", raw: callSymbol(16, 2), fields: '(data (i32.const 16) "\\00\\d8a\\00")' },
    "traps",
  ],
  "surrogates the wrong way round": [
    { encoding: "utf16", raw: callSymbol(16, 2), fields: '(data (i32.const 16) "\\00\\dc\\00\\d8")' },
    "traps",
  ],
  "half of a pair at the end": [
    { encoding: "utf16", raw: callSymbol(16, 1), fields: '(data (i32.const 16) "\\00\\d8\\00\\dc")' },
    "traps",
  ],
  "Latin-1 at an odd address": [{ encoding: "latin1+utf16", raw: callSymbol(17, 1) }, "traps"],
  "UTF-16 in the place of Latin-1": [
    {
      encoding: "latin1+utf16",
      raw: callSymbol(16, 0x80000002 | 0),
      fields: '(data (i32.const 16) "\\00\\d8\\00\\dc")',
    },
    "answers",
  ],
  "a result at an address that is not its own": [{ raw: callSymbol(16, 1, 66) }, "traps"],
  "a result that ends with the memory": [{ raw: callSymbol(16, 1, 0xffff4) }, "answers"],
  "a result that ends beyond it": [{ raw: callSymbol(16, 1, 0xffff8) }, "traps"],
  "a list that ends beyond it": [
    {
      raw: "(call $open-bytes (i32.const 16) (i32.const 1) (i32.const 0xffff0) (i32.const 17) (i32.const 0) (i32.const 64)) (i32.const 0)",
    },
    "traps",
  ],
  "flags that there are not": [
    { raw: "(call $open (i32.const 16) (i32.const 0) (i32.const 0xf8) (i32.const 64)) (i32.load8_u (i32.const 64))" },
    "answers",
  ],
  "an allocator that gives what is not there": [{ raw: callSymbol(16, 1), realloc: "(i32.const 0xfffff)" }, "traps"],
  "an allocator that gives an odd address": [
    { encoding: "utf16", raw: callSymbol(16, 1), realloc: "(i32.const 0x101)" },
    "traps",
  ],
  "an allocator that calls": [
    {
      raw: `(table.set $table (i32.const 0) (ref.func $again)) ${callSymbol(16, 1)}`,
      realloc: "(call_indirect (type $call) (i32.const 0)) (i32.const 1024)",
      fields: "(elem declare func $again) (func $again (call $close (i32.const 0) (i32.const 128)))",
    },
    "traps",
  ],
};

function callSymbol(ptr: number, length: number, result = 64): string {
  const args = [0, ptr, length, result].map((value) => `(i32.const ${value})`);
  return `(call $symbol ${args.join(" ")}) (i32.const 1)`;
}

const NOTHING_FOUND = () => {
  throw "no such thing";
};
const REFUSING: Host = {
  open: NOTHING_FOUND,
  "open-bytes": NOTHING_FOUND,
  symbol: NOTHING_FOUND,
  close: NOTHING_FOUND,
};

describe("core code that passes", () => {
  const expectedOf = (what: "answers" | "traps", outcomes: readonly Outcome[]) =>
    expect(comparable(outcomes)).toEqual([what === "traps" ? { trap: true } : { ok: 1 }]);

  test.each(Object.entries(RAW))("%s to its host", async (_, [lowering, what]) => {
    const { outcomes } = await liveSession(await wat(dlCaller(lowering)), {
      calls: [{ export: "raw" }],
      host: REFUSING,
    });
    expectedOf(what, outcomes);
  });

  describe.each(SESSIONS)("to what answers in an output, in $name", ({ name, available, session }) => {
    const cases = Object.entries(RAW).filter(([, [{ encoding }]]) => name !== "V8" || encoding === undefined);
    test.runIf(available).each(cases)("%s", async (_, [lowering, what]) => {
      const { outcomes } = await session(await answering([], lowering), { calls: [{ export: "raw" }] });
      expectedOf(what, outcomes);
    });
  });
});

type Host = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;

describe("what asks the host for others", () => {
  const asked: unknown[] = [];
  const saying = (call: string, val: unknown) => (of: unknown, what: unknown) => {
    asked.push([call, of, what]);
    return val;
  };
  const host: Host = {
    open: saying("open", 2),
    "open-bytes": (name, bytes) => saying("open-bytes", 2)(name, [...(bytes as Uint8Array)]),
    symbol: saying("symbol", 99),
    close: saying("close", undefined),
  };
  const answers = async (steps: readonly Step[], host: Host, lowering: LoweringOptions) => {
    const component = await answering(LIBRARIES, { ...lowering, asksHost: true });
    return (await liveSession(component, { calls: callsOf(steps), host })).outcomes;
  };
  const LOWERINGS: readonly LoweringOptions[] = [
    {},
    { encoding: "utf16" },
    { encoding: "latin1+utf16" },
    { is64: true },
  ];

  test.each(LOWERINGS)("tells the host's libraries from its own, with %j", async (lowering) => {
    const steps: readonly Step[] = [
      open("a.so", 2),
      open("c.so", LAST + 2, { global: true }),
      symbol(LAST + 2, "c", 99),
      symbol(2, "a", 21),
      symbol(2, "c", absent("c")),
      close(LAST + 2),
      close(2),
      ["open-bytes", ["c.so", Uint8Array.of(1, 2), {}], LAST + 2],
      symbol(LAST, "c", INVALID),
      symbol(0, "f", 10),
      symbol(0, "ć", 99),
      symbol(1, "c", 99),
      symbol(NEXT, "p", 99),
      symbol(LAST + 1, "c", 99),
    ];
    expect(await answers(steps, host, lowering)).toEqual(answersOf(steps));
    expect(asked.splice(0)).toEqual([
      ["open", "c.so", { noLoad: false, global: true, noDelete: false }],
      ["symbol", 2, "c"],
      ["close", 2, undefined],
      ["open-bytes", "c.so", [1, 2]],
      ["symbol", 0, "ć"],
      ["symbol", 0, "c"],
      ["symbol", NEXT, "p"],
      ["symbol", 1, "c"],
    ]);
  });

  test.each(LOWERINGS)("hands on what the host says that it cannot, with %j", async (lowering) => {
    const steps = [open("c.so", 0), symbol(LAST + 1, "c", 0), close(LAST + 1, 0)];
    expect(await answers(steps, REFUSING, lowering)).toEqual(steps.map(() => ({ err: "no such thing" })));
  });
});
