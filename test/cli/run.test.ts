import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Report } from "../../src/index.js";
import { fixturePreopen, loadFixture, loadFixtureFile } from "../support/fixtures.js";
import { jcoSession } from "../support/jco.js";
import { FIXTURES } from "../support/paths.js";
import { wit } from "../support/wat.js";
import { COMPONENT, cli, useWorkspace } from "./cli.js";

const { path, write } = useWorkspace();
let input: string;
let reactor: string;

beforeAll(async () => {
  input = await write("app.wat", COMPONENT);
  reactor = await write("reactor.wasm", await loadFixture("c-reactor"));
  await write("stdin.txt", "from a file\n");
});

/** What the initialized guest says about the arguments, MODE and the line of stdin that its init got. */
async function summaryOf(component: string): Promise<unknown> {
  const { outcomes } = await jcoSession(await readFile(component), { calls: [{ export: "summary" }] });
  return (outcomes[0] as { ok: unknown }).ok;
}

function reactorArgs(...more: string[]): string[] {
  const { host } = fixturePreopen("c-reactor", "/data");
  return ["run", reactor, "-o", path("out.wasm"), "-f", "init", "--dir", `${host}::/data`, ...more];
}

/** Fits where module-import's library is wanted, but for one type. */
const OTHER_MODULE = `(module (memory (export "memory") 1) (func (export "put") (param i64))
  (func (export "get") (result i32) (i32.const 1)))`;

/** The core types are those that component-import wants, the component's are not. */
const SIGNED_COMPONENT = `(component (import "before" (func (result u32)))
  (core module $m (func (export "put") (param i32)) (func (export "get") (result i32) (i32.const 1)))
  (core instance $i (instantiate $m))
  (func (export "put") (param "value" u32) (canon lift (core func $i "put")))
  (func (export "get") (result s32) (canon lift (core func $i "get"))))`;

describe("imports of core modules and components", () => {
  const OPTIONS = ["-o", "supplied.wasm", "-f", "init", "--verify"];
  const run = (fixture: string, ...more: string[]) =>
    cli(["run", join(FIXTURES, fixture, "component.wat"), ...OPTIONS, ...more], { cwd: path(".") });

  test("are supplied from files, text or binary", async () => {
    await write("lib.wasm", await loadFixtureFile("module-import", "lib.wat"));
    expect(await run("module-import", "--module", "lib=lib.wasm")).toMatchObject({ exitCode: 0 });
    const { outcomes } = await jcoSession(await readFile(path("supplied.wasm")), { calls: [{ export: "get" }] });
    expect(outcomes).toEqual([{ ok: 105 }]);
    const library = join(FIXTURES, "component-import", "lib.wat");
    expect(await run("component-import", "--component", `lib=${library}`)).toMatchObject({ exitCode: 0 });
  });

  test.each([
    ["module-import", [], /imports the core module lib: supply it with --module lib=FILE/],
    ["component-import", [], /imports the component lib: supply it with --component lib=FILE/],
    ["module-import", ["--module", "lob=empty.wat"], /no import lob of a core module: it imports lib/],
    ["module-import", ["--component", "lib=app.wat"], /lib is a core module, supply it with --module/],
    ["component-import", ["--module", "lib=empty.wat"], /lib is a component, supply it with --component/],
    ["two-interfaces", ["--component", "x=app.wat"], /no import x of a component: it imports no component/],
    ["unused-import", ["--component", "local:host/log=app.wat"], /log is an instance, which .* composed with first/],
    [
      "module-import",
      ["--module", "lib=empty.wat", "--module", "x=empty.wat"],
      /no import x of a core module: it imports lib/,
    ],
    ["memory-writes", ["--component", "x=empty.wat"], /no import x of a component: it imports no component/],
    ["module-import", ["--module", "lib=app.wat"], /supplied for the import lib is a component, not a core module/],
    [
      "component-import",
      ["--component", "lib=empty.wat"],
      /supplied for the import lib is a core module, not a component/,
    ],
    ["module-import", ["--module", "lib=stdin.txt"], /supplied for the import lib is text, not a core module/],
    ["module-import", ["--module", "lib=missing.wasm"], /cannot read missing.wasm: it does not exist/],
    ["module-import", ["--module", "lib=cut.wasm"], /supplied for the import lib: .* at offset 0x/],
    [
      "module-import",
      ["--module", "lib=empty.wat"],
      /supplied for lib does not fit .*missing expected export `memory`/,
    ],
    ["module-import", ["--module", "lib=other.wat"], /does not fit the component: .*`put`.*i32.*i64/],
    ["component-import", ["--component", "lib=signed.wat"], /does not fit .*`get`.*expected .*u32.* found .*s32/],
  ])("%s with %s is refused in one sentence", async (fixture, more, message) => {
    await write("empty.wat", "(module)");
    await write("other.wat", OTHER_MODULE);
    await write("signed.wat", SIGNED_COMPONENT);
    await write("cut.wasm", Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 50, 1));
    const { exitCode, stderr } = await run(fixture, ...more);
    expect(exitCode).toBe(/cannot read|at offset/.test(stderr) ? 1 : 2);
    const errors = stderr.split("\n").filter((line) => line !== "" && !/^[a-z ]+: \d+ ms$/.test(line));
    expect(errors).toEqual([expect.stringMatching(message)]);
  });
});

describe("what the guest gets", () => {
  test.each([
    ["numbers, options and dashes as they were typed", ["prog", "007", "1e3", "-v", "--env=A", "--", "0x10"]],
    ["white space, quotes and an empty one", ["prog", "", " a  b ", "'q'", '"q"', "ü"]],
    ["none", []],
  ])("arguments: %s", async (_, guest) => {
    const args = reactorArgs("--env", "MODE=m", "--stdin", path("stdin.txt"), "--", ...guest);
    expect(await cli(args)).toMatchObject({ exitCode: 0 });
    expect(await summaryOf(path("out.wasm"))).toBe(`mode=m args=${guest.join(",")} stdin=from a file`);
  });

  test("no arguments after all: a name that is the same everywhere", async () => {
    const { exitCode } = await cli(reactorArgs("--env", "MODE=m", "--stdin", path("stdin.txt")));
    expect(exitCode).toBe(0);
    expect(await summaryOf(path("out.wasm"))).toBe("mode=m args=component.wasm stdin=from a file");
  });

  test.each([
    [["--env", "MODE= "], " "],
    [["--env", "MODE="], ""],
    [["--env=MODE=b=c"], "b=c"],
    [["--env", "MODE=--x"], "--x"],
    [["--env", "MODE=0010"], "0010"],
    [["--env", 'MODE="q"'], '"q"'],
    [["--env", "MODE=1", "--env", "MODE=2", "--env", "OTHER=3"], "2"],
    [["--env", "MODE"], "inherited"],
  ])("%s", async (env, mode) => {
    const args = reactorArgs(...env, "--stdin", path("stdin.txt"), "--", "p");
    expect(await cli(args, { env: { MODE: "inherited" } })).toMatchObject({ exitCode: 0 });
    expect(await summaryOf(path("out.wasm"))).toBe(`mode=${mode} args=p stdin=from a file`);
  });

  test("stdin of the process with --stdin -", async () => {
    const args = reactorArgs("--env", "MODE=m", "--stdin", "-", "--", "p");
    expect(await cli(args, { input: "piped\n" })).toMatchObject({ exitCode: 0 });
    expect(await summaryOf(path("out.wasm"))).toBe("mode=m args=p stdin=piped");
  });

  test("nothing that it was not given: neither our environment nor our stdin", async () => {
    const { exitCode, stderr } = await cli(reactorArgs(), { input: "secret\n", env: { MODE: "secret" } });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("MODE is not set");
  });

  test("several directories", async () => {
    await mkdir(path("other"));
    const args = reactorArgs("--dir", path("other"), "--dir", `${path("other")}::/more`, "--env", "MODE=m");
    expect(await cli([...args, "--stdin", path("stdin.txt")])).toMatchObject({ exitCode: 0 });
  });

  test.each([
    ["that does not exist", "missing", /cannot preopen the directory .*missing: it does not exist/],
    ["that is a file", "stdin.txt", /cannot preopen .*stdin\.txt: it is not a directory/],
  ])("a directory %s is refused before the work", async (_, name, says) => {
    const { exitCode, stderr } = await cli(["run", input, "-o", path("no.wasm"), "-f", "forever", "--dir", path(name)]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(says);
  });

  test("a missing --stdin file is named", async () => {
    const { exitCode, stderr } = await cli(["run", input, "-o", path("no.wasm"), "--stdin", path("missing")]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringMatching(/cannot read .*missing: it does not exist/),
    });
  });
});

describe("the init function", () => {
  test("goes, or stays with --keep-init-func", async () => {
    await cli(["run", input, "-o", path("gone.wasm"), "-f", "init"]);
    expect(await wit(await readFile(path("gone.wasm")))).not.toContain("init:");
    await cli(["run", input, "-o", path("kept.wasm"), "-f", "init", "--keep-init-func"]);
    expect(await wit(await readFile(path("kept.wasm")))).toContain("init:");
  });

  test("is called with the arguments that are given", async () => {
    expect(await cli(["run", input, "-o", path("set.wasm"), "--init-func=set(7)"])).toMatchObject({ exitCode: 0 });
    const { outcomes } = await jcoSession(await readFile(path("set.wasm")), { calls: [{ export: "get" }] });
    expect(outcomes).toEqual([{ ok: 7 }]);
  });

  test("that traps below a language's own code for that is still found in the stack", async () => {
    const functions = Array.from(
      { length: 20 },
      (_, i) => `(func $level${i} ${i === 0 ? "unreachable" : `(call $level${i - 1})`})`,
    );
    const text = `(component
      (core module $m ${functions.join(" ")} (func (export "init") (call $level19)))
      (core instance $i (instantiate $m))
      (func (export "init") (canon lift (core func $i "init"))))`;
    const { stderr } = await cli(["run", await write("deep.wat", text), "-o", path("no.wasm"), "-f", "init"]);
    expect(stderr).toMatch(/^ {2}at m\.level0 .*^ {2}at m\.level19 /ms);
  });

  test("that traps is reported with the guest's stack, and with ours on demand", async () => {
    const args = ["run", input, "-o", path("no.wasm"), "-f", "trap"];
    const brief = await cli(args);
    expect(brief.exitCode).toBe(1);
    expect(brief.stderr).toMatch(
      /^error: trap trapped: wasm `unreachable` .*\nwasm stack:\n {2}at m\.inner \(0x.*\n {2}at m, function \d+ \(0x/m,
    );
    expect(brief.stderr).not.toContain("file://");
    const verbose = await cli([...args, "-v"]);
    expect(verbose.stderr).toMatch(/^\s+at .*file:\/\//m);
  });

  test("that is not there: the message says which there are", async () => {
    const { exitCode, stderr } = await cli(["run", input, "-o", path("no.wasm")]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/--init-func .*it exports init, set, trap, forever, get/);
  });
});

describe("--json", () => {
  test("prints the report, and only that", async () => {
    const { exitCode, stdout, stderr } = await cli(["run", input, "-o", path("json.wasm"), "-f", "init", "--json"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const report = JSON.parse(stdout) as Report;
    expect(report).toMatchObject({
      version: 1,
      init: "init",
      inputBytes: expect.any(Number),
      outputBytes: (await readFile(path("json.wasm"))).length,
      memories: [{ instance: "i", index: 0, pagesBefore: 1, pagesAfter: 1, segments: 1 }],
      warnings: [],
    });
    expect(report.phases.map(({ name }) => name).sort()).toEqual([
      "compile",
      "decode",
      "initialize",
      "instrument",
      "rewrite",
      "snapshot",
      "verify",
    ]);
  });

  test("holds what the guest printed", async () => {
    const args = reactorArgs("--env", "MODE=m", "--stdin", path("stdin.txt"), "--json", "--", "p");
    const { stdout } = await cli(args);
    expect(JSON.parse(stdout)).toMatchObject({ stdout: "initialized: mode=m args=p stdin=from a file\n", stderr: "" });
  });

  test.each([
    ["trap", 1, "init-trapped"],
    ["nope", 1, "init-not-found"],
    ["set(", 2, "invalid-option"],
  ])("of a failure (-f %s) has its code", async (init, code, name) => {
    const { exitCode, stdout, stderr } = await cli(["run", input, "-o", path("no.wasm"), "-f", init, "--json"]);
    expect(exitCode).toBe(code);
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
    expect(error.code).toBe(name);
    expect(stderr).toContain(error.message);
  });
});

describe("--handles", () => {
  const run = async (...more: string[]) => {
    const held = await write("held.wasm", await loadFixture("resource-held"));
    return cli(["run", held, "-o", path("held.out.wasm"), "-f", "hold", ...more]);
  };
  const WARNING =
    /warning: initialization ended with a handle to resources of the component itself made by new: in the/;

  test.each([[], ["--handles", "error"]])("%j refuses, and writes nothing", async (...args) => {
    const { exitCode, stderr } = await run(...args);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("take the snapshot all the same with --handles warn\n");
    expect(stderr).toContain("\n  resource of the component made by new, held by m\n");
    await expect(readFile(path("held.out.wasm"))).rejects.toThrow("ENOENT");
  });

  test("warn warns, allow does not, and the report lists them", async () => {
    expect((await run("--handles", "warn")).stderr).toMatch(WARNING);
    const { exitCode, stdout, stderr } = await run("--handles", "allow", "--json");
    expect(exitCode).toBe(0);
    expect(stderr).not.toContain("warning");
    const { handles } = JSON.parse(stdout) as Report;
    expect(handles).toEqual([{ of: "component", createdBy: "new", owner: "m" }]);
  });
});
