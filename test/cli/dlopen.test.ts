import { mkdir, readFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { dlProgram, scriptedLibrary, scriptedProgram, textLibrary } from "../support/dlopen.js";
import { jcoSession } from "../support/jco.js";
import { cLibrary, preview1Adapter, systemLibrary } from "../support/libraries.js";
import { wat } from "../support/wat.js";
import { cli, useWorkspace } from "./cli.js";

const { path, write } = useWorkspace();

beforeAll(async () => {
  await write("program.wasm", await scriptedProgram());
  await write("scripted.so", (await scriptedLibrary()).bytes);
  await write("libc.so", (await systemLibrary("libc.so")).bytes);
  await write("preview1.wasm", await preview1Adapter());
  await write("plug.so", (await cLibrary("plug.so", "int add(int n) { return n + 2; }")).bytes);
  const needs = textLibrary(
    '(needed "plug.so")',
    '(import "env" "add" (func $add (param i32) (result i32))) (func (export "more") (result i32) (call $add (i32.const 1)))',
  );
  await write("needs.so", await wat(needs));
  await write("changed.so", (await cLibrary("plug.so", "int add(int n) { return n + 3; }")).bytes);
});

const run = (...args: string[]) => cli(args, { cwd: path(".") });
const ADAPT = ["--adapt", "wasi_snapshot_preview1=preview1.wasm"];
const INIT = ["-f", 'run("open plug.so 2")', "--keep-init-func"];

async function answers(name: string): Promise<unknown> {
  const calls = [{ export: "run", args: ["call 0 add 40"] }];
  return (await jcoSession(await readFile(path(name)), { calls })).outcomes;
}

describe("run", () => {
  test("opens libraries that are declared, and writes what was decided, which is done again", async () => {
    const plan = ["--plan", "plan.json", "--verify"];
    const declared = (file: string) => ["--dl-openable", `plug.so=${file}`];
    const first = await run("run", "program.wasm", "-o", "a.wasm", ...declared("plug.so"), ...INIT, ...plan);
    expect(first).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/^opened: plug\.so$/m) });
    expect(await answers("a.wasm")).toEqual([{ ok: "42\n" }]);
    const written = await readFile(path("plan.json"), "utf8");
    expect(JSON.parse(written)).toMatchObject({ version: 1, loads: [{ opened: "plug.so" }] });

    expect(await run("run", "program.wasm", "-o", "b.wasm", ...declared("plug.so"), ...INIT, ...plan)).toMatchObject({
      exitCode: 0,
    });
    expect(Buffer.compare(await readFile(path("b.wasm")), await readFile(path("a.wasm")))).toBe(0);
    expect(await readFile(path("plan.json"), "utf8")).toBe(written);

    const changed = await run("run", "program.wasm", "-o", "b.wasm", ...declared("changed.so"), ...INIT, ...plan);
    expect(changed).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(
        /^error: plan\.json: the linking plan does not fit: the library plug\.so has changed: let another one be made \(delete the file\)$/m,
      ),
    });
  });

  test("writes no output where the plan cannot be written", async () => {
    const source = `
      #include <dlfcn.h>
      __attribute__((import_module("$root"), import_name("begin"))) void begin(void);
      __attribute__((export_name("init"))) void init(void) { begin(); dlopen("none.so", RTLD_NOW); }`;
    await write("begins.wasm", await dlProgram(source, "import begin: func(); export init: func();"));
    await mkdir(path("plans"));
    await write(
      "begin.mjs",
      `import { rmSync } from "node:fs"; export default () => rmSync("plans", { recursive: true });`,
    );
    await write("kept.wasm", "old");
    const outcome = await run(
      ...["run", "begins.wasm", "-o", "kept.wasm", "-f", "init", "--import", "begin=begin.mjs"],
      ...["--plan", "plans/plan.json"],
    );
    expect(outcome).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("cannot write plans/plan.json") });
    expect(await readFile(path("kept.wasm"), "utf8")).toBe("old");
  });

  test("opens libraries of a directory that is searched", async () => {
    expect(await run("run", "program.wasm", "-o", "c.wasm", "-L", ".", ...INIT)).toMatchObject({ exitCode: 0 });
    expect(await answers("c.wasm")).toEqual([{ ok: "42\n" }]);
  });

  test("says what could not be opened", async () => {
    const { exitCode, stderr } = await run("run", "program.wasm", "-o", "c.wasm", ...INIT);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(/^dlopen: Error loading shared library plug\.so: No such file or directory$/m),
    });
  });

  test.each([
    ["plug.so", "dlopen: Error loading shared library plug.so: No such file or directory"],
    ["/plugins/needs.so", "dlopen: Error relocating needs.so: add: symbol not found"],
  ])("says how to find what is there: %s", async (name, error) => {
    const init = ["-f", `run("open ${name} 2")`, "--keep-init-func", "--dir", ".::/plugins"];
    const { stderr } = await run("run", "program.wasm", "-o", "c.wasm", ...init);
    const advice = "--env LD_LIBRARY_PATH=/plugins";
    const hint = `  /plugins/plug.so is there, and names without a directory are looked for in LD_LIBRARY_PATH and -L only: ${advice}`;
    expect(stderr).toContain(`${error}\n${hint}\n`);
    const { stderr: better } = await run("run", "program.wasm", "-o", "c.wasm", ...init, ...advice.split(" "));
    expect(better).toMatch(/^opened: .*plug\.so/m);
    expect(better).not.toMatch(/^dlopen/m);
  });

  test.each(["none.so", "/plug.so", "plugins/none.so"])(
    "gives no such advice where it does not help: %s",
    async (name) => {
      const init = ["-f", `run("open ${name} 2")`, "--keep-init-func", "--dir", ".::/plugins"];
      const { stderr } = await run("run", "program.wasm", "-o", "c.wasm", ...init);
      expect(stderr).toContain(`dlopen: Error loading shared library ${name}: No such file or directory\n`);
      expect(stderr).not.toContain("LD_LIBRARY_PATH");
    },
  );

  test("links a program that opens libraries while it initializes", async () => {
    const libraries = ["--lib", "scripted.so", "--lib", "libc.so", "--dlopen", "init", "--dl-openable", "plug.so"];
    const linked = await run("run", ...libraries, ...ADAPT, ...INIT, "-o", "d.wasm", "--verify");
    expect(linked).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/^opened: plug\.so$/m) });
    expect(await answers("d.wasm")).toEqual([{ ok: "42\n" }]);
  });

  test.each([
    [["--lib", "x.so", "program.wasm", "-o", "e.wasm"], "give either --lib or INPUT"],
    [
      ["program.wasm", "-o", "e.wasm", "--dl-openable", "a=plug.so", "--dl-openable", "a=changed.so", ...INIT],
      "two libraries can be opened by the name a",
    ],
    [["program.wasm", "-o", "e.wasm", "--dlopen", "later"], "--dlopen must be linked or init, not later"],
    [["program.wasm", "-o", "e.wasm", "--plan", "./e.wasm"], "--plan ./e.wasm is the same file as e.wasm"],
    [["program.wasm", "-o", "e.wasm", "--trace", "t", "--plan", "t"], "--plan t is the same file as t"],
    [["program.wasm", "-o", "e.wasm", "--plan", "-"], "--plan needs a file"],
    [["program.wasm", "-o", "e.wasm", "--plan", "program.wasm"], "program.wasm is no linking plan of this version"],
  ])("%j is refused", async (args, message) => {
    const { exitCode, stderr } = await run("run", ...args);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain(message);
  });
});

describe("host", () => {
  test("runs a program that opens libraries", async () => {
    await run("link", "scripted.so", "libc.so", "--dlopen", "init", ...ADAPT, "-o", "linked.wasm");
    for (const input of ["program.wasm", "linked.wasm"]) {
      const calls = ["--invoke", 'run("open plug.so 2")', "--invoke", 'run("call 0 add 1\\ncall 0 none 1")'];
      expect(await run("host", input, "--dl-openable", "plug.so", ...calls)).toMatchObject({
        exitCode: 0,
        stdout: '"0\\n"\n"3\\nSymbol not found: none\\n"\n',
      });
    }
  });

  test.each([
    [["host"], 2, "the input is missing: component-init host INPUT"],
    [["host", "program.wasm"], 1, "wasi:cli/run"],
    [["host", "none.wasm"], 1, "cannot read none.wasm"],
    [
      ["link", "scripted.so", "--dlopen", "init", "--dl-openable", "plug.so", "-o", "x.wasm"],
      2,
      "--dlopen init: what is",
    ],
  ])("%j is refused", async (args, exitCode, message) => {
    expect(await run(...args)).toMatchObject({ exitCode, stderr: expect.stringContaining(message) });
  });
});
