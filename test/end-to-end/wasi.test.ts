import { describe, expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import {
  ALL_ENGINES,
  checkOriginal,
  checkOutput,
  type DifferentialCase,
  ENGINES,
  type Engine,
  enginesWith,
  outputOf,
} from "../support/differential.js";
import { fixturePreopen, loadFixture } from "../support/fixtures.js";
import type { Call } from "../support/session.js";
import { validate, wit } from "../support/wat.js";

const DATA = fixturePreopen("c-reactor", "/data");
const REACTOR = {
  initFunc: "init",
  args: ["app", "--tables", "/data"],
  env: { MODE: "fast", OTHER: "1" },
  stdin: new TextEncoder().encode("first line\nsecond line\n"),
  preopens: [DATA],
} as const;
const SUMMARY = "mode=fast args=app,--tables,/data stdin=first line";

const calls = (...names: (string | [string, number])[]): Call[] =>
  names.map((name) => (typeof name === "string" ? { export: name } : { export: name[0], args: [name[1]] }));

const cases: DifferentialCase[] = [
  {
    title: "state from files, arguments, environment and stdin, without any of them at run time",
    fixture: "c-reactor",
    options: REACTOR,
    init: { export: "init" },
    calls: calls(["lookup", 0], ["lookup", 2], ["lookup", 3], "summary", ["allocate", 10_000_000]),
    expected: [{ ok: 333 }, { ok: 1 }, { ok: 0 }, { ok: SUMMARY }, { ok: true }],
  },
  {
    title: "a file that is opened after init",
    fixture: "c-reactor",
    options: REACTOR,
    init: { export: "init" },
    calls: calls("read-now", ["lookup", 1], "read-now"),
    expected: [{ ok: 26 }, { ok: 22 }, { ok: 26 }],
    later: { preopens: [DATA] },
  },
  {
    title: "in a nested component, with an adapter from preview 1 of its own",
    fixture: "c-reactor",
    nested: [""],
    options: REACTOR,
    init: { export: "init" },
    calls: calls("read-now", ["lookup", 1], "summary", ["allocate", 10_000_000], "read-now"),
    expected: [{ ok: 26 }, { ok: 22 }, { ok: SUMMARY }, { ok: true }, { ok: 26 }],
    later: { preopens: [DATA] },
  },
  {
    title: "in two nested components, of which init runs in one",
    fixture: "c-reactor",
    nested: ["", "other-"],
    options: REACTOR,
    init: { export: "init" },
    calls: calls("other-summary", ["lookup", 1], ["other-lookup", 1], "read-now"),
    expected: [{ ok: "" }, { ok: 22 }, { ok: 0 }, { ok: 26 }],
    later: REACTOR,
  },
  {
    title: "a program that prints",
    fixture: "c-output",
    options: { initFunc: "init" },
    init: { export: "init" },
    calls: calls("count", "say", "count"),
    expected: [{ ok: 2 }, { ok: null }, { ok: 3 }],
  },
];
const named = cases.map((one) => [`${one.fixture}: ${one.title}`, one] as const);

describe.each(enginesWith("directories"))("C programs in $name", (engine) => {
  test.runIf(engine.available).each(named)("the original: %s", (_title, one) => checkOriginal(engine, one));

  test.runIf(engine.available).each(named)("the output: %s", async (_title, one) => {
    await checkOutput(engine, one, await outputOf(one));
  });
});

describe("the output of a C program", () => {
  test("is valid and has the imports of its input", async () => {
    const [one] = cases as [DifferentialCase];
    const output = await outputOf(one);
    await validate(output);
    const imports = (text: string) => text.split("\n").filter((line) => line.startsWith("  import "));
    const before = imports(await wit(await loadFixture(one.fixture)));
    expect(before.length).toBeGreaterThan(5);
    expect(imports(await wit(output))).toEqual(before);
  });

  test("is the same every time", async () => {
    const input = await loadFixture("c-reactor");
    const [first, second] = [await preinitialize(input, REACTOR), await preinitialize(input, REACTOR)];
    expect(Buffer.compare(first.component, second.component)).toBe(0);
  });

  test("does not hold the environment, the arguments or the files that the guest did not keep", async () => {
    const secret = "s3cr3t-value";
    const { component } = await preinitialize(await loadFixture("c-output"), {
      initFunc: "init",
      env: { SECRET: secret },
      args: [secret],
    });
    expect(Buffer.from(component).includes(secret)).toBe(false);
  });

  const read = async ({ session }: Engine) => {
    const output = await outputOf(cases[0] as DifferentialCase);
    return (await session(output, { calls: calls("read-now") })).outcomes;
  };
  test.runIf(ENGINES[0]?.available)("opens no file without a preopen, in V8", async () => {
    expect(await read(ENGINES[0] as Engine)).toEqual([{ ok: -1 }]);
  });
  test.runIf(ENGINES[1]?.available)("opens no file without a preopen, in Wasmtime", async () => {
    expect(await read(ENGINES[1] as Engine)).toEqual([{ ok: -1 }]);
  });
});

describe("what init prints", () => {
  test("is in the report, and not in the output", async () => {
    const { component, report } = await preinitialize(await loadFixture("c-output"), { initFunc: "init" });
    expect(report.stdout).toBe("to stdout 1\n");
    expect(report.stderr).toBe("to stderr 2\n");
    for (const engine of ALL_ENGINES.filter(({ available }) => available)) {
      const { stdout, stderr } = await engine.session(component, { calls: calls("say") });
      expect({ stdout, stderr }, engine.name).toEqual({ stdout: "line 3\n", stderr: "" });
    }
  });

  test("is in the report for a program that reads its input", async () => {
    const { report } = await preinitialize(await loadFixture("c-reactor"), REACTOR);
    expect(report.stdout).toBe(`initialized: ${SUMMARY}\n`);
  });
});

describe("an init that exits with success", () => {
  test("is refused, or leaves the state that it had", async () => {
    const input = await loadFixture("c-exit");
    const result = await preinitialize(input, { initFunc: "finish" }).catch((error: unknown) => error);
    if (result instanceof Error) {
      expect(result).toMatchObject({ name: "ComponentInitError", code: "init-exited" });
      return;
    }
    const { component } = result as { component: Uint8Array };
    for (const engine of ALL_ENGINES.filter(({ available }) => available)) {
      expect((await engine.session(component, { calls: calls("get") })).outcomes, engine.name).toEqual([{ ok: 2 }]);
    }
  });
});
