import { execFileSync } from "node:child_process";
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { jcoSession } from "../support/jco.js";
import { refusal } from "../support/refusal.js";
import { wat } from "../support/wat.js";
import { cli, MAIN, useWorkspace } from "./cli.js";

const { path } = useWorkspace();

/** A component around a core module that has an init function and a memory. */
const component = (body: string, { start = "", init = "", lift = "", more = "" } = {}) => `(component ${more}
  (core module $m ${body} (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) ${lift === "" ? "(i32.const 0)" : "(loop $l (br $l)) (unreachable)"})
    (func $init (export "init") ${lift === "" ? "" : "(param i32 i32)"} ${init}) ${start})
  (core instance $i (instantiate $m ${more === "" ? "" : '(with "" (instance (export "f" (func $f))))'}))
  (func (export "init") ${lift} (canon lift (core func $i "init")
    ${lift === "" ? "" : '(memory (core memory $i "memory")) (realloc (core func $i "realloc"))'})))`;

const IMPORTING = '(component (import "spin" (func)) ';

const FOREVER = "(loop $l (br $l))";

const CLOCK = `(import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock (export "now" (func (result u64)))))
  (core func $f (canon lower (func $clock "now")))`;

const ENDLESS: readonly (readonly [string, string, string])[] = [
  ["in init", component("", { init: FOREVER }), "init"],
  ["in a start function", component("", { start: `(func $s ${FOREVER}) (start $s)` }), "init"],
  ["in realloc", component("", { lift: '(param "s" string)' }), 'init("a")'],
  [
    "that fills its memory",
    component("", { init: "(loop $l (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) (br $l))" }),
    "init",
  ],
  [
    "that calls the host",
    component('(import "" "f" (func $f (result i64)))', { more: CLOCK, init: "(loop $l (drop (call $f)) (br $l))" }),
    "init",
  ],
];

async function folderWith(name: string, text: string): Promise<string> {
  const folder = path(name);
  await mkdir(folder);
  await writeFile(join(folder, "in.wat"), text);
  await writeFile(join(folder, "out.wasm"), "old");
  return folder;
}

describe("--timeout stops a guest that never ends", () => {
  test.each(ENDLESS)("%s", async (what, text, init) => {
    const folder = await folderWith(what, text);
    const run = ["run", "in.wat", "-o", "out.wasm", "-f", init, "--timeout", "2s"];
    const { exitCode, stderr } = await cli(run, { cwd: folder, timeout: 60_000 });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error: timed out after 2 s while initializing: .*--timeout.*--trace.*\n$/);
    expect(readdirSync(folder).toSorted()).toEqual(["in.wat", "out.wasm"]);
    expect(await readFile(join(folder, "out.wasm"), "utf8")).toBe("old");
  });

  test("in a module for an import", async () => {
    const folder = await folderWith("module", component("", { init: FOREVER }).replace("(component ", IMPORTING));
    await writeFile(join(folder, "spin.mjs"), "for (;;);");
    const run = ["run", "in.wat", "-o", "out.wasm", "-f", "init", "--timeout", "2s", "--import", "spin=spin.mjs"];
    const { exitCode, stderr } = await cli(run, { cwd: folder, timeout: 60_000 });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error: timed out after 2 s while initializing/m);
  });

  test("and whatever else the command waits for", async () => {
    const folder = await folderWith("waiting", component(""));
    execFileSync("mkfifo", [join(folder, "in.wasm"), join(folder, "lib.so")]);
    for (const command of [
      ["run", "in.wasm", "-o", "out.wasm"],
      ["host", "in.wasm"],
      ["link", "lib.so", "-o", "out.wasm"],
      ["inspect-lib", "lib.so"],
    ]) {
      // Who has a FIFO open for writing keeps its readers waiting.
      const writers = ["in.wasm", "lib.so"].map((name) => openSync(join(folder, name), "r+"));
      const { exitCode, stderr } = await cli([...command, "--timeout", "1s"], { cwd: folder, timeout: 60_000 });
      for (const writer of writers) closeSync(writer);
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(
        /^error: timed out after 1 s while (reading the input|linking): allow more with --timeout\n$/,
      );
    }
    expect(await readFile(join(folder, "out.wasm"), "utf8")).toBe("old");
    expect(readdirSync(folder).toSorted()).toEqual(["in.wasm", "in.wat", "lib.so", "out.wasm"]);
  });

  test("and a component that is only run", async () => {
    const folder = await folderWith("host", component("", { init: FOREVER }));
    const host = ["host", "in.wat", "--invoke", "init", "--timeout", "2s"];
    const { exitCode, stderr } = await cli(host, { cwd: folder, timeout: 60_000 });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error: timed out after 2 s while running the component: allow more with --timeout\n$/);
  });

  test("and says so in JSON", async () => {
    const folder = await folderWith("json", component("", { init: FOREVER }));
    const run = ["run", "in.wat", "-o", "out.wasm", "-f", "init", "--timeout", "2s", "--json"];
    const { stdout } = await cli(run, { cwd: folder });
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "timeout" } });
  });

  test("and leaves alone one that ends in time", async () => {
    const folder = await folderWith("in-time", component(""));
    const { exitCode } = await cli(["run", "in.wat", "-o", "out.wasm", "-f", "init", "--timeout", "1h"], {
      cwd: folder,
    });
    expect(exitCode).toBe(0);
    expect(await readFile(join(folder, "out.wasm"), "utf8")).not.toBe("old");
  });
});

describe.runIf(process.platform === "linux")("the process that runs the guest", () => {
  const childrenOf = (pid: number | undefined) =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  const isAlive = (pid: number) =>
    existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));

  /** A run that does not end, when the guest runs. */
  async function running(name: string) {
    const folder = await folderWith(name, component("", { init: FOREVER }));
    const parent = execa(process.execPath, [MAIN, "run", "in.wat", "-o", "out.wasm", "-f", "init", "-v"], {
      cwd: folder,
      reject: false,
    });
    await new Promise<void>((done) =>
      parent.stderr?.on("data", (text) => /instrumenting|compiling|initializing/.test(String(text)) && done()),
    );
    const [child] = childrenOf(parent.pid) as [number];
    return { folder, parent, child };
  }

  test.each(["SIGKILL", "SIGSEGV", "SIGABRT"] as const)("that dies of %s is an error", async (signal) => {
    const { folder, parent, child } = await running(`dies-${signal}`);
    process.kill(child, signal);
    const { exitCode, stderr } = await parent;
    expect(exitCode).toBe(1);
    expect(String(stderr)).toMatch(
      /^error: the process that ran the initialization (was killed|crashed \(SIG\w+\)), .*--max-memory/m,
    );
    expect(await readFile(join(folder, "out.wasm"), "utf8")).toBe("old");
  });

  test("gets as much time as it needs to end what no signal is to end halfway", async () => {
    const log =
      '(import "local:host/log" (instance $log (export "write" (func))))(core func $f (canon lower (func $log "write")))';
    const folder = await folderWith(
      "slow-end",
      component('(import "" "f" (func $f))', { more: log, init: "(call $f)" }),
    );
    const wait = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 7000)";
    const module = `process.on("SIGTERM", () => {}); export const write = () => { console.log("in"); ${wait}; };`;
    await writeFile(join(folder, "log.js"), module);
    const run = [MAIN, "run", "in.wat", "-o", "out.wasm", "-f", "init", "--import", "local:host/log=log.js"];
    const parent = execa(process.execPath, run, { cwd: folder, reject: false, forceKillAfterDelay: false });
    await new Promise<void>((done) => parent.stdout?.on("data", () => done()));
    parent.kill("SIGTERM");
    expect(await parent).toMatchObject({ exitCode: 0 });
  });

  test("ends with the one that watches it, even if that is killed", async () => {
    const { parent, child } = await running("watcher-killed");
    parent.kill("SIGKILL");
    await parent;
    for (let i = 0; i < 200 && isAlive(child); i++) await sleep(50);
    expect(isAlive(child)).toBe(false);
  });
});

describe("--max-memory", () => {
  const GROWING = `(component
    (core module $m (memory (export "memory") 1) (memory $wide i64 1 100) (global $got (mut i32) (i32.const 0))
      (func (export "init")
        (global.set $got (memory.grow (i32.const 15)))
        (global.set $got (i32.add (i32.mul (global.get $got) (i32.const 100)) (memory.grow (i32.const 1))))
        (if (i64.ne (memory.grow $wide (i64.const 99)) (i64.const -1)) (then unreachable)))
      (func (export "got") (result i32) (global.get $got))
      (func (export "grow") (result i32) (memory.grow (i32.const 4)))
      (func (export "grow-wide") (result i32) (i32.wrap_i64 (memory.grow $wide (i64.const 99)))))
    (core instance $i (instantiate $m))
    (func (export "init") (canon lift (core func $i "init")))
    (func (export "got") (result s32) (canon lift (core func $i "got")))
    (func (export "grow") (result s32) (canon lift (core func $i "grow")))
    (func (export "grow-wide") (result s32) (canon lift (core func $i "grow-wide"))))`;

  test("makes growing fail in the guest, and leaves the output its own maximum", async () => {
    const options = { initFunc: "init", maxMemory: 2 ** 20, verify: true };
    const { component } = await preinitialize(await wat(GROWING), options);
    const { outcomes } = await jcoSession(component, {
      calls: [{ export: "got" }, { export: "grow" }, { export: "grow-wide" }],
    });
    // 16 pages are 1 MiB: the first 15 are had, which gives 1, and one more is not, which gives -1.
    expect(outcomes).toEqual([{ ok: 99 }, { ok: 16 }, { ok: 1 }]);
  });

  test("refuses a memory that starts larger", async () => {
    const error = await refusal(await wat(GROWING), { initFunc: "init", maxMemory: 65535 }, "invalid-option");
    expect(error.message).toMatch(/a memory of core module m starts with 65536 bytes, and 65535 are allowed/);
  });

  test("holds for a memory that another instance imports", async () => {
    const text = `(component
      (core module $owner (memory (export "m") 1))
      (core module $user (import "owner" "m" (memory 1)) (global $got (mut i32) (i32.const 0))
        (func (export "init") (global.set $got (memory.grow (i32.const 16))))
        (func (export "got") (result i32) (global.get $got)))
      (core instance $owner (instantiate $owner))
      (core instance $user (instantiate $user (with "owner" (instance $owner))))
      (func (export "init") (canon lift (core func $user "init")))
      (func (export "got") (result s32) (canon lift (core func $user "got"))))`;
    const { component } = await preinitialize(await wat(text), { initFunc: "init", maxMemory: 2 ** 20 });
    const { outcomes } = await jcoSession(component, { calls: [{ export: "got" }] });
    expect(outcomes).toEqual([{ ok: -1 }]);
  });
});
