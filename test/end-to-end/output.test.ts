import { cp, readdir, readFile, utimes } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { type PreinitializeOptions, preinitialize } from "../../src/index.js";
import { MAIN, useWorkspace } from "../cli/cli.js";
import { fixturePreopen, loadFixture } from "../support/fixtures.js";
import { jcoSession } from "../support/jco.js";
import { CODE, dataSegmentFlags, START, section } from "../support/sections.js";
import { coreModules, print, validate, wit } from "../support/wat.js";

const { path, write } = useWorkspace();

interface Machine {
  readonly name: string;
  readonly umask: string;
  /** Of the files that the guest gets. */
  readonly mtime: number;
  readonly env: Readonly<Record<string, string>>;
}

/** Runs the command line in a directory of its own, with a copy of the guest's files in it. */
async function outputOn({ name, umask, mtime, env }: Machine, input: string): Promise<Buffer> {
  const cwd = path(name);
  await cp(fixturePreopen("c-host", "/data").host, join(cwd, "data"), { recursive: true });
  for (const file of await readdir(join(cwd, "data"))) await utimes(join(cwd, "data", file), mtime, mtime);
  const command = `umask ${umask}; exec "$@"`;
  const args = ["run", input, "-o", "out.wasm", "-f", "init", "--dir", "data::/data"];
  await execa("sh", ["-c", command, "sh", process.execPath, MAIN, ...args], { cwd, env, stdin: "ignore" });
  return readFile(join(cwd, "out.wasm"));
}

async function outputOf(fixture: string, options: PreinitializeOptions = { initFunc: "init" }): Promise<Uint8Array> {
  const { component } = await preinitialize(await loadFixture(fixture), options);
  return component;
}

describe("the init export", () => {
  test("goes", async () => {
    expect(await wit(await loadFixture("memory-writes"))).toContain("export init:");
    expect(await wit(await outputOf("memory-writes"))).not.toContain("init");
  });

  test("stays on demand, and runs again on the state that it left", async () => {
    const options = { initFunc: "init", keepInitFunc: true };
    const output = await outputOf("init-shared-function", options);
    await validate(output);
    const calls = [{ export: "get" }, { export: "init" }, { export: "get" }];
    const { outcomes } = await jcoSession(output, { calls });
    expect(outcomes).toEqual([{ ok: 1 }, { ok: null }, { ok: 2 }]);
  });

  test("goes with its interface when nothing else is in it", async () => {
    const output = await outputOf("lifecycle", { initFunc: "local:app/lifecycle@1.0.0#start" });
    expect(await wit(output)).not.toContain("lifecycle");
  });

  test("stays in its interface on demand", async () => {
    const initFunc = "local:app/lifecycle@1.0.0#start";
    const output = await outputOf("lifecycle", { initFunc, keepInitFunc: true });
    expect(await wit(output)).toContain("local:app/lifecycle@1.0.0");
  });
});

describe("the rest of the world stays", () => {
  test("imports and the other exports", async () => {
    const before = await wit(await loadFixture("unused-import"));
    const after = await wit(await outputOf("unused-import"));
    expect(before).toContain("export init: func();");
    expect(after).toBe(before.replace(/^.*export init: func\(\);\n/m, ""));
  });

  test("the code, byte by byte, and the names of functions", async () => {
    const [before] = await coreModules(await loadFixture("table-changed"));
    const output = await outputOf("table-changed", { initFunc: "plain" });
    const after = await coreModules(output);
    const code = section(before as Uint8Array, CODE);
    expect(code?.length).toBeGreaterThan(20);
    expect(after.map((module) => section(module, CODE))).toContainEqual(code);
    expect(await print(output)).toMatch(/\(func \$old /);
  });
});

describe("core modules", () => {
  test.each([
    ["start-main", "init"],
    ["start-main", "none"],
    ["start-module", "init"],
  ])("of %s have no start function after %s", async (fixture, initFunc) => {
    const before = await coreModules(await loadFixture(fixture));
    expect(before.some((module) => section(module, START) !== undefined)).toBe(true);
    const after = await coreModules(await outputOf(fixture, { initFunc }));
    expect(after.filter((module) => section(module, START) !== undefined)).toEqual([]);
  });

  test("that import their memory have no active segments", async () => {
    const importing = (modules: Uint8Array[]) =>
      modules.filter((module) =>
        WebAssembly.Module.imports(new WebAssembly.Module(module as Uint8Array<ArrayBuffer>)).some(
          ({ kind }) => kind === "memory",
        ),
      );
    const after = importing(await coreModules(await outputOf("imported-memory-data")));
    expect(after).toHaveLength(1);
    expect(after.map(dataSegmentFlags)).toEqual([expect.not.arrayContaining([0])]);
    // The passive one keeps its number, 1.
    expect(dataSegmentFlags(after[0] as Uint8Array)[1]).toBe(1);
  });

  test("have no more data segments than engines accept", async () => {
    const [module] = await coreModules(await outputOf("many-runs"));
    const count = dataSegmentFlags(module as Uint8Array).length;
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThanOrEqual(10_000);
  });

  test("start with the pages that init left, and keep their maximum", async () => {
    expect(await print(await loadFixture("grown-memory"))).toMatch(/\(memory \(;0;\) 1 6\)/);
    expect(await print(await outputOf("grown-memory"))).toMatch(/\(memory \(;0;\) 4 6\)/);
  });

  test("do not store zeros", async () => {
    // 256 KiB of memory, one byte of which is not zero.
    expect((await outputOf("grown-memory")).length).toBeLessThan(1000);
  });
});

describe("pre-initialization", () => {
  test.each(["memory-writes", "global-bits", "data-segments", "many-runs"])(
    "of %s gives the same bytes every time",
    async (fixture) => {
      const first = await outputOf(fixture);
      expect(Buffer.compare(await outputOf(fixture), first)).toBe(0);
    },
  );

  test("of a C program gives the same bytes whoever runs it, where and when", async () => {
    const input = await write("host.wasm", await loadFixture("c-host"));
    const outputs = [
      await outputOn(
        { name: "a", umask: "022", mtime: 1, env: { TZ: "UTC", LANG: "C", USER: "ada", HOME: "/" } },
        input,
      ),
      await outputOn(
        {
          name: "somewhere else",
          umask: "077",
          mtime: 2_000_000_000,
          env: {
            TZ: "Pacific/Auckland",
            LANG: "de_DE.UTF-8",
            LC_ALL: "tr_TR.UTF-8",
            USER: "grace",
            HOME: path("home"),
          },
        },
        input,
      ),
    ];
    const [first, second] = outputs as [Buffer, Buffer];
    expect(first.length).toBeGreaterThan(1000);
    expect(Buffer.compare(first, second)).toBe(0);
  });

  test("does not change its input", async () => {
    const input = await loadFixture("data-segments");
    const copy = input.slice();
    await preinitialize(input, { initFunc: "init" });
    expect(Buffer.compare(input, copy)).toBe(0);
  });

  test("of its own output keeps the state", async () => {
    const { component } = await preinitialize(await outputOf("global-bits"), { initFunc: "none" });
    const calls = [{ export: "f32-bits" }, { export: "v128-low" }, { export: "i64-bits" }];
    const { outcomes } = await jcoSession(component, { calls });
    expect(outcomes).toEqual([
      { ok: 0xffa00001 },
      { ok: `${0x7fc00002ffa00001n}n` },
      { ok: `${0x8000000000000001n}n` },
    ]);
  });

  test("reports what it did", async () => {
    const input = await loadFixture("grown-memory");
    const { component, report } = await preinitialize(input, { initFunc: "init" });
    expect(report).toMatchObject({
      version: 1,
      init: "init",
      inputBytes: input.length,
      outputBytes: component.length,
      memories: [{ index: 0, pagesBefore: 1, pagesAfter: 4, segments: 1 }],
      globals: 0,
      stdout: "",
      stderr: "",
    });
  });

  test("counts the mutable globals", async () => {
    const { report } = await preinitialize(await loadFixture("global-bits"), { initFunc: "init" });
    expect(report.globals).toBe(7);
  });

  test("counts those whose references changed too", async () => {
    const { report } = await preinitialize(await loadFixture("ref-global-set"), { initFunc: "init" });
    expect(report.globals).toBe(2 + 4);
  });

  test("has the tables that changed", async () => {
    const { report } = await preinitialize(await loadFixture("table-untouched-next"), { initFunc: "init" });
    expect(report.tables).toEqual([{ instance: "i", index: 1, size: 3, entries: 2 }]);
  });

  test.each([true, false])("says whether the state was compared: %s", async (verify) => {
    const { report } = await preinitialize(await loadFixture("global-bits"), { initFunc: "init", verify });
    expect(report.verified).toBe(verify);
  });
});
