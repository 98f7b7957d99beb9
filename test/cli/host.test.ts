import { existsSync, readFileSync, statSync } from "node:fs";
import { mkdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { HostCall, Report } from "../../src/index.js";
import { fixturePreopen, loadFixture } from "../support/fixtures.js";
import { jcoSession } from "../support/jco.js";
import { FIXTURES } from "../support/paths.js";
import { cli, useWorkspace } from "./cli.js";

const { path, write } = useWorkspace();
const GUEST = join(FIXTURES, "not-granted", "component.wat");
let host: string;

beforeAll(async () => {
  host = await write("host.wasm", await loadFixture("c-host"));
});

const run = (initFunc: string, ...more: string[]) =>
  cli(["run", GUEST, "-o", path("out.wasm"), "-f", initFunc, ...more], { cwd: path(".") });

async function result(): Promise<unknown> {
  const { outcomes } = await jcoSession(await readFile(path("out.wasm")), { calls: [{ export: "get" }] });
  return (outcomes[0] as { ok: unknown }).ok;
}

describe("--import", () => {
  test.each(["local:host/log", "local:host/log@1.2.0"])("provides %s", async (name) => {
    await write("log.js", "export function writeLine(level) { return level * 6; }");
    expect(await run("log", "--import", `${name}=log.js`)).toMatchObject({ exitCode: 0 });
    expect(await result()).toBe(42);
  });

  test("provides a function", async () => {
    await write("answer.mjs", "export default () => 43;");
    expect(await run("ask", "--import", "answer=answer.mjs")).toMatchObject({ exitCode: 0 });
    expect(await result()).toBe(43);
  });

  test.each([
    [
      "log",
      "local:host/lag=log.js",
      2,
      /for the import local:host\/lag, and the component has no such import: it imports wasi:/,
    ],
    ["log", "local:host/log@2.0.0=log.js", 2, /no such import: .*local:host\/log@1\.2\.0/],
    [
      "log",
      "local:host/log=missing.js",
      1,
      /cannot read missing\.js, for the import local:host\/log: it does not exist/,
    ],
    [
      "log",
      "local:host/log=throws.js",
      2,
      /loading throws\.js, for the import local:host\/log, failed: TypeError: not today$/,
    ],
    ["log", "local:host/log=syntax.js", 2, /loading syntax\.js, for the import local:host\/log, failed: SyntaxError: /],
    ["log", "local:host/log=never.js", 2, /loading never\.js, .* failed: Error: its top-level await does not end$/],
    ["ask", "answer=log.js", 2, /answer is a function, and the default export of log\.js is none/],
    [
      "log",
      "local:host/log=empty.js",
      1,
      /import local:host\/log@1\.2\.0#write-line, but .* has no function writeLine$/,
    ],
    ["log", "local:host/log", 2, /--import local:host\/log: NAME=FILE is expected/],
  ])("-f %s --import %s", async (init, option, code, says) => {
    await write("log.js", "export const writeLine = () => 1;");
    await write("throws.js", "throw new TypeError('not today\\nor ever');");
    await write("syntax.js", "export const = 1;");
    await write("empty.js", "export const other = 1;");
    await write("never.js", "await new Promise(() => {});");
    const { exitCode, stderr } = await run(init, "--import", option);
    expect(exitCode).toBe(code);
    const [error] = stderr.split("\n").filter((line) => line.startsWith("error: "));
    expect(error).toMatch(says);
  });

  test.each([
    ["ends the process when it is loaded", "process.exit(0);"],
    ["ends the process when it is called", "export const writeLine = () => process.exit(0);"],
    [
      "leaves an error uncaught",
      "export const writeLine = () => 1; await Promise.resolve(); setTimeout(() => { throw new Error('late'); }); await new Promise((done) => setTimeout(done, 50));",
    ],
  ])("a module that %s is an error", async (_, source) => {
    await write("ends.js", source);
    const { exitCode, stdout, stderr } = await run("log", "--import", "local:host/log=ends.js", "--json");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error: the process that ran the initialization ended with [01] before it was done/m);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "crashed" } });
  });

  test("gives an interface once, whatever the version", async () => {
    await write("log.js", "export const writeLine = () => 1;");
    const options = ["--import", "local:host/log=log.js", "--import", "local:host/log@1.2.0=log.js"];
    const { exitCode, stderr } = await run("log", ...options);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("local:host/log is provided by more than one module");
  });

  test("does not let the output replace the module", async () => {
    await write("log.js", "export const writeLine = () => 1;");
    const args = ["run", GUEST, "-o", path("log.js"), "-f", "log", "--import", `local:host/log=${path("log.js")}`];
    expect(await cli(args)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("is the same file as") });
  });
});

describe("--trace", () => {
  const lines = (file: string): HostCall[] =>
    readFileSync(path(file), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as HostCall);

  test("has a line for each call, in the order of the calls", async () => {
    await write("trace.jsonl", "what was there before\n".repeat(100));
    expect(await run("probe", "--trace", "trace.jsonl")).toMatchObject({ exitCode: 0 });
    expect(lines("trace.jsonl").map((call) => call.import)).toEqual([
      "wasi:sockets/instance-network#instance-network",
      "wasi:sockets/tcp-create-socket#create-tcp-socket",
      "wasi:sockets/tcp-create-socket#create-tcp-socket",
      "wasi:keyvalue/store#delete-all",
    ]);
    expect(lines("trace.jsonl")[1]).toEqual({
      import: "wasi:sockets/tcp-create-socket#create-tcp-socket",
      args: ["ipv4"],
      error: "access-denied",
      us: expect.any(Number),
    });
  });

  test("is there while the guest runs", async () => {
    await write("kill.js", "export default () => { process.kill(process.pid, 'SIGKILL'); };");
    await write("log.js", "export const writeLine = () => 1;");
    const guest = (await readFile(GUEST, "utf8")).replace(
      '(func (export "ask") ',
      '(func (export "ask") (call $say_hello) ',
    );
    const input = await write("dies.wat", guest);
    const imports = ["--import", "answer=kill.js", "--import", "local:host/log=log.js"];
    const args = ["run", input, "-o", "no.wasm", "-f", "ask", "--trace", "killed.jsonl", ...imports];
    const { exitCode, stderr } = await cli(args, { cwd: path(".") });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/the process that ran the initialization was killed/);
    expect(lines("killed.jsonl")).toMatchObject([{ import: "local:host/log#write-line", args: [7], result: 1 }]);
  });

  test("is kept of an init that fails", async () => {
    expect(await run("insist", "--trace", "failed.jsonl")).toMatchObject({ exitCode: 1 });
    expect(lines("failed.jsonl")).toHaveLength(4);
  });

  test.each([
    ["-", /--trace needs a file/],
    ["out.wasm", /--trace out\.wasm is the same file as .*out\.wasm/],
    ["link/out.wasm", /--trace link\/out\.wasm is the same file as/],
    ["input.wat", /--trace input\.wat is the same file as .*input\.wat/],
    ["log.js", /--trace log\.js is the same file as .*log\.js/],
  ])("to %s is refused, and writes nothing", async (file, says) => {
    await write("log.js", "export const writeLine = () => 1;");
    const input = await write("input.wat", await readFile(GUEST, "utf8"));
    if (!existsSync(path("link"))) await symlink(".", path("link"));
    const args = ["run", input, "-o", "out.wasm", "-f", "probe", "--import", "local:host/log=log.js", "--trace", file];
    const { exitCode, stderr } = await cli(args, { cwd: path(".") });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(says);
    expect(readFileSync(path("log.js"), "utf8")).toContain("writeLine");
    expect(statSync(input).size).toBeGreaterThan(1000);
  });

  test("that cannot be written is refused before the work", async () => {
    const { exitCode, stderr } = await run("insist", "--trace", "nowhere/trace.jsonl");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/cannot write the trace nowhere\/trace\.jsonl: there is no directory nowhere/);
  });

  test("into a directory of the guest is refused", async () => {
    await mkdir(path("seen/deep"), { recursive: true });
    const args = ["--dir", `${path("seen")}::/seen`, "--trace", "seen/deep/trace.jsonl"];
    const { exitCode, stderr } = await run("probe", ...args);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/--trace seen\/deep\/trace\.jsonl is in .*seen, where the guest could get at it/);
  });

  test("to a full disk ends the work", async () => {
    const { exitCode, stderr } = await run("probe", "--trace", "/dev/full");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error: cannot write the trace \/dev\/full: the disk is full$/m);
  });
});

describe("time and randomness", () => {
  const initialize = async (...more: string[]) => {
    const dir = `${fixturePreopen("c-host", "/data").host}::/data`;
    const args = ["run", host, "-o", path("host.out.wasm"), "-f", "init", "--dir", dir, ...more];
    const { exitCode, stdout, stderr } = await cli(args);
    expect(exitCode, stderr).toBe(0);
    const { outcomes } = await jcoSession(await readFile(path("host.out.wasm")), { calls: [{ export: "summary" }] });
    return { summary: (outcomes[0] as { ok: string }).ok, stdout, stderr };
  };

  test("are what the options say", async () => {
    const { summary, stderr } = await initialize("--clock", "2030-01-01T00:00:00+01:00", "--seed", "7");
    expect(summary).toMatch(/^time=1893452400 /);
    expect(summary).not.toContain("random=e1003b460144aca7");
    expect(stderr).not.toMatch(/warning|real clock/);
  });

  test("that are real are told of", async () => {
    const { summary, stderr } = await initialize("--clock", "real", "--random", "real");
    expect(summary).not.toMatch(/^time=1735689600 /);
    expect(stderr).toMatch(/^the real clock was read 2 times$/m);
    expect(stderr).toMatch(/^warning: initialization drew 8 random bytes, which every instance of the output shares/m);
  });

  test("are in the report", async () => {
    const { stdout } = await initialize("--random", "real", "--json", "--env", "MODE=x");
    const report = JSON.parse(stdout) as Report;
    expect(report.host).toMatchObject({ random: "real", randomBytes: 8, clock: "virtual", clockQueries: 2 });
    expect(report.host.environment).toEqual({ read: true, granted: ["MODE"] });
    expect(report.host.filesRead).toMatchObject([{ path: "/data/data.txt", size: 9 }]);
    expect(report.warnings).toHaveLength(1);
  });

  test.each([
    [["--seed", "1", "--random", "real"], /exclude each other/],
    [["--clock", "tomorrow"], /--clock tomorrow: an instant/],
    [["--clock", "real", "--clock", "real"], /--clock is given 2 times/],
    [["--seed="], /--seed needs a value/],
  ])("%j is a usage error", async (options, says) => {
    const { exitCode, stderr } = await run("insist", ...options);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(says);
  });
});
