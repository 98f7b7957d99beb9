import { describe, expect, test } from "vitest";
import { encodeComponent } from "../../src/component/encode.js";
import { type LookupLibrary, lookupComponent } from "../../src/dlopen/lookup.js";
import { jcoSession } from "../support/jco.js";
import type { Arg } from "../support/session.js";

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

type Calls = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;

async function answers(steps: readonly Step[], libraries: readonly LookupLibrary[], host?: Calls): Promise<unknown[]> {
  const component = await lookupComponent({ libraries, lastHandle: LAST }, host !== undefined);
  const calls = steps.map(([call, args]) => ({ export: [`${DL}@0.1.0`, call] as const, args }));
  const bytes = encodeComponent(component).toBytes();
  const { outcomes } = await jcoSession(bytes, { calls, ...(host && { imports: { [DL]: host } }) });
  return outcomes.map((outcome) => ("ok" in outcome ? outcome.ok : outcome));
}

describe("what answers for libraries in an output", () => {
  test.each(Object.entries(CASES))("%s", async (_, steps) => {
    expect(await answers(steps, LIBRARIES)).toEqual(steps.map(([, , answer]) => answer));
  });
});

describe("what asks the host for others", () => {
  const asked: unknown[] = [];
  const answering = (call: string, answer: unknown) => (of: unknown, what: unknown) => {
    asked.push([call, of, what]);
    return answer;
  };
  const host: Calls = {
    open: answering("open", 2),
    openBytes: (name, bytes) => answering("open-bytes", 2)(name, [...(bytes as Uint8Array)]),
    symbol: answering("symbol", 99),
    close: answering("close", undefined),
  };

  test("tells the host's libraries from its own", async () => {
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
      symbol(0, "c", 99),
      symbol(1, "c", 99),
      symbol(NEXT, "p", 99),
      symbol(LAST + 1, "c", 99),
    ];
    expect(await answers(steps, LIBRARIES, host)).toEqual(steps.map(([, , answer]) => answer));
    expect(asked.splice(0)).toEqual([
      ["open", "c.so", { noLoad: false, global: true, noDelete: false }],
      ["symbol", 2, "c"],
      ["close", 2, undefined],
      ["open-bytes", "c.so", [1, 2]],
      ["symbol", 0, "c"],
      ["symbol", 0, "c"],
      ["symbol", NEXT, "p"],
      ["symbol", 1, "c"],
    ]);
  });

  test("hands on what the host says that it cannot", async () => {
    const refuse = () => {
      throw "no such thing";
    };
    const steps = [open("c.so", 0), symbol(LAST + 1, "c", 0), close(LAST + 1, 0)];
    const refused = await answers(steps, LIBRARIES, { open: refuse, symbol: refuse, close: refuse, openBytes: refuse });
    expect(refused).toEqual(steps.map(() => ({ err: "no such thing" })));
  });
});
