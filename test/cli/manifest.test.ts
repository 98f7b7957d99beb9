import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Report } from "../../src/index.js";
import { jcoSession } from "../support/jco.js";
import { wit } from "../support/wat.js";
import { cli, useWorkspace } from "./cli.js";

const { path } = useWorkspace();

const ADDING = `(component
  (core module $m (memory (export "memory") 1) (global $sum (mut i32) (i32.const 0))
    (func (export "add") (param i32) (global.set $sum (i32.add (global.get $sum) (local.get 0))))
    (func (export "spin") (loop $l (br $l)))
    (func (export "sum") (result i32) (global.get $sum)))
  (core instance $i (instantiate $m))
  (func (export "add") (param "n" u32) (canon lift (core func $i "add")))
  (func (export "spin") (canon lift (core func $i "spin")))
  (func (export "sum") (result u32) (canon lift (core func $i "sum"))))`;

let count = 0;

/** A directory with a component and a manifest. */
async function project(manifest: object | string | Buffer): Promise<string> {
  const directory = path(`project-${count++}`);
  await mkdir(directory);
  await writeFile(join(directory, "app.wat"), ADDING);
  const text = typeof manifest === "string" || Buffer.isBuffer(manifest) ? manifest : JSON.stringify(manifest);
  await writeFile(join(directory, "component-init.json"), text);
  return directory;
}

const APP = { component: "app.wat", output: "out.wasm", init: "add(5)" };

async function sumOf(file: string): Promise<unknown> {
  const { outcomes } = await jcoSession(await readFile(file), { calls: [{ export: "sum" }] });
  return outcomes[0];
}

test("run without arguments does what component-init.json says", async () => {
  const directory = await project(APP);
  expect(await cli(["run"], { cwd: directory })).toMatchObject({ exitCode: 0 });
  expect(await sumOf(join(directory, "out.wasm"))).toEqual({ ok: 5 });
});

test("a manifest that is right says nothing", async () => {
  const { stderr } = await cli(["run"], { cwd: await project({ ...APP, seed: "1", limits: { memory: 2 ** 30 } }) });
  expect(stderr).not.toContain("strict mode");
});

test("__proto__ is an unknown key, and no way to say something unseen", async () => {
  const { exitCode, stderr } = await cli(["run"], { cwd: await project('{"__proto__": {"component": "app.wat"}}') });
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/unknown key "__proto__"/);
});

test.each([
  [
    "a key that is there twice",
    '{"component": "app.wat",\n "component": "other.wat"}',
    /"component" is there twice \(line 2, column 2\)/,
  ],
  ["a key that is there twice, written in two ways", '{"gc": true, "g\\u0063": false}', /"gc" is there twice/],
  ["a key that is there twice, further in", '{"env": {"A": "1", "B": "2", "A": "3"}}', /"A" is there twice/],
  ["deep lists", `{"args": ${"[".repeat(100_000)}`, /more than 100 levels \(line 1, column 109\)/],
  ["deep objects", '{"env":'.repeat(100_000), /more than 100 levels/],
  ["a character that is none", Buffer.from('{"component": "\xe9"}', "latin1"), /is not UTF-8/],
])("%s is refused in one sentence", async (_, manifest, message) => {
  const { exitCode, stderr } = await cli(["run"], { cwd: await project(manifest) });
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: expect.stringMatching(/^error: component-init\.json.*\n$/),
  });
  expect(stderr).toMatch(message);
});

test("the same key in two objects is no mistake, and brackets in texts are no levels", async () => {
  const preopens = [
    { host: ".", guest: "/a" },
    { host: ".", guest: "/b" },
  ];
  const directory = await project({ ...APP, preopens, env: { A: '{"['.repeat(200) } });
  expect(await cli(["run"], { cwd: directory })).toMatchObject({ exitCode: 0 });
});

test("--manifest names another, whose paths are relative to it", async () => {
  const directory = await project(`\uFEFF${JSON.stringify(APP)}`);
  const manifest = join(directory, "component-init.json");
  expect(await cli(["run", "--manifest", manifest], { cwd: path(".") })).toMatchObject({ exitCode: 0 });
  expect(await sumOf(join(directory, "out.wasm"))).toEqual({ ok: 5 });
});

test("options come before it", async () => {
  const directory = await project({ ...APP, gc: true });
  const run = ["run", "-f", "add(7)", "-o", "other.wasm", "--json"];
  const { stdout } = await cli(run, { cwd: directory });
  const report = JSON.parse(stdout) as Report;
  expect(report).toMatchObject({ init: "add", removed: {} });
  expect(await sumOf(join(directory, "other.wasm"))).toEqual({ ok: 7 });
});

test("so do switches that they turn off", async () => {
  const directory = await project({ ...APP, gc: true, verify: true, keepInit: true });
  const off = ["--gc=false", "--verify=false", "--keep-init-func=false", "--json"];
  const report = JSON.parse((await cli(["run", ...off], { cwd: directory })).stdout) as Report;
  expect(report.verified).toBe(false);
  expect(report.removed).toBeUndefined();
  expect(await wit(await readFile(join(directory, "out.wasm")))).not.toContain("add");
});

test.each([
  [{ ...APP, adapters: { x: "x.wasm" } }, /component-init\.json: adapters is for linking, and there are no sharedLibs/],
  [{ ...APP, stackSize: "8MiB" }, /stackSize is for linking/],
  [{ ...APP, stubMissingFunctions: true }, /stubMissingFunctions is for linking/],
  [{ ...APP, dlopen: "linked" }, /dlopen is for linking/],
  [{ ...APP, libraryPath: ["."] }, /a directory to look for them in/],
])("what it says of linking where nothing is linked is no less a mistake: %j", async (manifest, says) => {
  const { exitCode, stderr } = await cli(["run"], { cwd: await project(manifest) });
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringMatching(says) });
});

test("an input makes what a manifest says of linking another matter", async () => {
  const directory = await project({
    sharedLibs: ["missing.so"],
    adapters: { x: "missing.wasm" },
    stackSize: "8MiB",
    output: "out.wasm",
  });
  const named = ["run", "app.wat", "--manifest", "component-init.json", "-f", "add(3)"];
  expect(await cli(named, { cwd: directory })).toMatchObject({ exitCode: 0 });
});

test("an input does, too", async () => {
  const directory = await project({ component: "missing.wasm", output: "out.wasm", init: "add(1)" });
  const named = ["run", "app.wat", "--manifest", "component-init.json"];
  expect(await cli(named, { cwd: directory })).toMatchObject({ exitCode: 0 });
  expect(await sumOf(join(directory, "out.wasm"))).toEqual({ ok: 1 });
});

test("an input alone leaves the manifest of the directory alone", async () => {
  const directory = await project("nonsense");
  const { exitCode } = await cli(["run", "app.wat", "-o", "out.wasm", "-f", "add(2)"], { cwd: directory });
  expect(exitCode).toBe(0);
  expect(await sumOf(join(directory, "out.wasm"))).toEqual({ ok: 2 });
});

test("its limits hold", async () => {
  const directory = await project({ ...APP, init: "spin", limits: { timeout: "2s" } });
  const { exitCode, stderr } = await cli(["run"], { cwd: directory });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^error: timed out after 2 s/m);
});

test.each<[string, object | string, readonly string[], number, RegExp]>([
  [
    "an unknown key",
    { ...APP, ouput: "x" },
    [],
    2,
    /component-init\.json: unknown key "ouput": did you mean "output"\?$/m,
  ],
  ["no JSON", '{\n  "component": app.wat\n}', [], 2, /component-init\.json is not JSON: .* \(line 2, column 16\)$/m],
  ["half a manifest", '{ "component": "a"', [], 2, /is not JSON: close brace expected \(line 1, column 19\)/],
  ["a comment", "{} // nothing", [], 2, /is not JSON: invalid comment token \(line 1, column 4\)/],
  [
    "no component",
    { output: "x.wasm" },
    [],
    2,
    /the input is missing: component-init\.json has neither "component" nor "sharedLibs"/,
  ],
  ["no output", { component: "app.wat" }, [], 2, /the output is missing: add -o FILE/],
  ["a component that is not there", { ...APP, component: "no.wasm" }, [], 1, /cannot read no\.wasm: it does not exist/],
  ["an output that is the manifest", { ...APP, output: "component-init.json" }, [], 2, /is the same file as the input/],
  ["another manifest that is not there", APP, ["--manifest", "no.json"], 1, /manifest no\.json: it does not exist/],
])("%s is an error", async (_, manifest, more, code, says) => {
  const directory = await project(manifest);
  const before = await readFile(join(directory, "component-init.json"), "utf8");
  const { exitCode, stderr } = await cli(["run", ...more], { cwd: directory });
  expect(stderr).toMatch(says);
  expect(exitCode).toBe(code);
  expect(await readFile(join(directory, "component-init.json"), "utf8")).toBe(before);
});

test("without a manifest and an input there is nothing to do", async () => {
  const { exitCode, stderr } = await cli(["run"], { cwd: path(".") });
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(
    /the input is missing: component-init run INPUT -o OUTPUT, or --lib, or a component-init\.json here$/m,
  );
});
