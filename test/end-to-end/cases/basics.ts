import { type DifferentialCase, TRAP } from "../../support/differential.js";
import { call, INIT, ok, u32 as u32Of, word } from "./building.js";

const u32 = (text: string) => ok(u32Of(text));

const memories: DifferentialCase[] = [
  {
    ...INIT,
    title: "bytes that init wrote, zeroed and left alone",
    fixture: "memory-writes",
    calls: [call("word", 16), call("word", 24), call("word", 70_000), call("word", 131_064), call("peek", 0)],
    expected: [word("Jello, w"), ok("0n"), word("second p"), ok(`${0x1122334455667788n}n`), ok(0)],
  },
  {
    ...INIT,
    title: "several memories, one of them 64-bit",
    fixture: "many-memories",
    calls: [call("a", 0), call("b", 0), call("c", 0), call("c", 131_068), call("pages")],
    expected: [u32("aAaa"), u32("bbBb"), u32("cccC"), ok(0x7f000000), ok(122)],
  },
  {
    ...INIT,
    title: "a grown memory, which grows on to its maximum and no further",
    fixture: "grown-memory",
    calls: [
      call("pages"),
      call("peek", 262_143),
      call("grow", 2),
      call("peek", 393_215),
      call("grow", 1),
      call("pages"),
    ],
    expected: [ok(4), ok(0xee), ok(4), ok(0), ok(-1), ok(6)],
  },
  {
    ...INIT,
    title: "a grown memory ends where it ended",
    fixture: "grown-memory",
    calls: [call("peek", 262_144)],
    expected: [TRAP],
  },
];

// The sum is what both engines make of the original.
const sparse: DifferentialCase = {
  ...INIT,
  title: "more runs of bytes than engines take segments",
  fixture: "many-runs",
  calls: [call("checksum")],
  expected: [ok("335677780404469760n")],
};

const large: DifferentialCase = {
  ...INIT,
  title: "an imported 64-bit memory larger than a 32-bit one can be",
  fixture: "imported-memory64-large",
  calls: [call("get")],
  expected: [ok(7)],
};

const globals: DifferentialCase[] = [
  {
    ...INIT,
    title: "every bit of every type of number",
    fixture: "global-bits",
    calls: ["i32-bits", "i64-bits", "f32-bits", "f64-bits", "zero-bits", "v128-low", "v128-high", "rest"].map((name) =>
      call(name),
    ),
    expected: [
      ok(0x80000001),
      ok(`${0x8000000000000001n}n`),
      ok(0xffa00001),
      ok(`${0x7ff4000000000001n}n`),
      ok(`${0x8000000000000000n}n`),
      ok(`${0x7fc00002ffa00001n}n`),
      ok(`${0xffffffff80000000n}n`),
      ok(15),
    ],
  },
  {
    ...INIT,
    title: "an imported mutable global follows its owner",
    fixture: "imported-global",
    calls: [call("counter"), call("private")],
    expected: [ok(42), ok(20)],
  },
];

const segments: DifferentialCase[] = [
  {
    ...INIT,
    title: "passive segments keep their numbers, active ones are gone",
    fixture: "data-segments",
    calls: [
      call("peek", 0),
      call("peek", 100),
      call("peek", 205),
      call("peek", 300),
      call("init-kept", 400),
      call("peek", 411),
      call("init-copied", 500),
      call("peek", 506),
    ],
    expected: [ok(0x46), ok(0x73), ok(0), ok(0x63), ok(null), ok(0x65), ok(null), ok(0x65)],
  },
  ...["init-dropped", "init-active"].map((name) => ({
    ...INIT,
    title: `a segment that is dropped stays dropped: ${name}`,
    fixture: "data-segments",
    calls: [call(name, 0)],
    expected: [TRAP],
  })),
  {
    ...INIT,
    title: "a segment that init copied and dropped",
    fixture: "data-drop-then-load",
    calls: [call("word", 32), call("again")],
    expected: [word("template"), TRAP],
  },
  {
    ...INIT,
    title: "offsets from constants, globals and sums",
    fixture: "data-offsets",
    calls: [call("word", 8), call("word", 1024), call("word", 1088)],
    expected: [word("constant"), word("imported"), word("Computed")],
  },
  {
    ...INIT,
    title: "segments on an imported memory do not overwrite the snapshot",
    fixture: "imported-memory-data",
    calls: [call("word", 0), call("word", 64), call("load"), call("word", 128)],
    expected: [word("12345678"), word("Library."), ok(null), word("passive!")],
  },
];

const starts: DifferentialCase[] = [
  {
    title: "a start function alone",
    fixture: "start-main",
    options: { initFunc: "none" },
    calls: [call("runs"), call("word", 8)],
    expected: [ok(11), ok("1n")],
  },
  {
    ...INIT,
    title: "a start function and an init function",
    fixture: "start-main",
    calls: [call("runs"), call("word", 8)],
    expected: [ok(11), ok(`${(5n << 32n) | 1n}n`)],
  },
  {
    ...INIT,
    title: "a start module whose function must not run twice",
    fixture: "start-module",
    calls: [call("word", 0)],
    expected: [ok(`${(2n << 32n) | 1n}n`)],
  },
];

const tables: DifferentialCase[] = [
  {
    ...INIT,
    title: "a table that init left alone",
    fixture: "elements",
    calls: [call("call", 1), call("call", 2), call("fill"), call("call", 5)],
    expected: [ok(10), ok(22), ok(null), ok(30)],
  },
  { ...INIT, title: "an empty table entry", fixture: "elements", calls: [call("call", 0)], expected: [TRAP] },
  {
    ...INIT,
    title: "an element segment that init dropped",
    fixture: "elem-drop",
    calls: [call("init-kept"), call("call", 1), call("init-dropped")],
    expected: [ok(null), ok(2), TRAP],
  },
  {
    title: "a table that could change and did not",
    fixture: "table-changed",
    options: { initFunc: "plain" },
    init: call("plain"),
    calls: [call("ready"), call("call", 0), call("size")],
    expected: [ok(1), ok(1), ok(4)],
  },
  {
    title: "a global of functions that could change and did not",
    fixture: "funcref-global",
    options: { initFunc: "plain" },
    init: call("plain"),
    calls: [call("ready"), call("call")],
    expected: [ok(1), ok(1)],
  },
];

const several: DifferentialCase[] = [
  {
    ...INIT,
    title: "a core module instantiated twice",
    fixture: "module-twice",
    calls: [call("first"), call("second")],
    expected: [ok(2), ok(40)],
  },
  {
    ...INIT,
    title: "a nested component",
    fixture: "nested",
    calls: [call("get")],
    expected: [ok(77)],
  },
  {
    ...INIT,
    title: "a nested component instantiated twice",
    fixture: "nested-twice",
    calls: [call("first"), call("second")],
    expected: [ok(3), ok(4)],
  },
  {
    title: "a table entry that init changed",
    fixture: "table-changed",
    options: { initFunc: "set-entry" },
    init: call("set-entry"),
    calls: [call("call", 0), call("size")],
    expected: [ok(2), ok(4)],
  },
  {
    title: "a table that init made longer",
    fixture: "table-changed",
    options: { initFunc: "grow-table" },
    init: call("grow-table"),
    calls: [call("call", 0), call("size")],
    expected: [ok(1), ok(7)],
  },
  {
    title: "a global of functions that init changed",
    fixture: "funcref-global",
    options: { initFunc: "set-hook" },
    init: call("set-hook"),
    calls: [call("call")],
    expected: [ok(2)],
  },
];

const SETTINGS = "{debug: true, level: 7, limit: some(18446744073709551615)}";

const inits: DifferentialCase[] = [
  {
    title: "an init that returns ok",
    fixture: "init-result",
    options: { initFunc: "init-ok" },
    init: call("init-ok"),
    calls: [call("get")],
    expected: [ok(6)],
  },
  {
    title: "an init with a string, a list and a record",
    fixture: "init-args",
    options: { initFunc: `init("grüße 🌍", [1, 2, 300], ${SETTINGS})` },
    init: call("init", "grüße 🌍", [1, 2, 300], { debug: true, level: 7, limit: 18446744073709551615n }),
    calls: [call("name"), call("sum"), call("get-settings")],
    expected: [ok("grüße 🌍"), ok(303), ok({ debug: true, level: 7, limit: "18446744073709551615n" })],
  },
  {
    title: "an init with empty arguments",
    fixture: "init-args",
    options: { initFunc: 'init("", [], {debug: false, level: 0, limit: none})' },
    init: call("init", "", [], { debug: false, level: 0, limit: undefined }),
    calls: [call("name"), call("sum"), call("get-settings")],
    expected: [ok(""), ok(0), ok({ debug: false, level: 0, limit: null })],
  },
  {
    title: "an init in an exported interface",
    fixture: "lifecycle",
    options: { initFunc: "local:app/lifecycle@1.0.0#start" },
    init: call(["local:app/lifecycle@1.0.0", "start"]),
    calls: [call("get")],
    expected: [ok(11)],
  },
  {
    title: "an init next to another function of its interface",
    fixture: "two-functions",
    options: { initFunc: "local:app/service@1.0.0#start" },
    init: call(["local:app/service@1.0.0", "start"]),
    calls: [call(["local:app/service@1.0.0", "count"])],
    expected: [ok(12)],
  },
  {
    title: "an init whose core function another export shares",
    fixture: "init-shared-function",
    options: { initFunc: "init" },
    init: call("init"),
    calls: [call("get"), call("bump"), call("get")],
    expected: [ok(1), ok(null), ok(2)],
  },
  {
    title: "a resource that is made after an init which holds none",
    fixture: "resource-held",
    options: { initFunc: "plain" },
    init: call("plain"),
    calls: [
      call(["local:app/counters", "[constructor]counter"], 30),
      call(["local:app/counters", "[method]counter.next"], { handle: 0 }),
    ],
    expected: [ok({ resource: true }), ok(35)],
  },
  {
    ...INIT,
    title: "imports that init does not use",
    fixture: "unused-import",
    calls: [call("get"), call("ask")],
    expected: [ok(13), TRAP],
  },
];

export const BASIC_CASES: readonly DifferentialCase[] = [
  ...memories,
  sparse,
  large,
  ...globals,
  ...segments,
  ...starts,
  ...tables,
  ...several,
  ...inits,
];
