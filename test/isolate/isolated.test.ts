import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { execa } from "execa";
import { beforeAll, describe, expect, test } from "vitest";
import type * as Library from "../../src/index.js";
import { useWorkspace } from "../cli/cli.js";
import { scriptedProgram } from "../support/dlopen.js";
import { jcoSession } from "../support/jco.js";
import { cLibrary } from "../support/libraries.js";
import { ROOT } from "../support/paths.js";
import { wat } from "../support/wat.js";

const { path, write } = useWorkspace();
const INDEX = pathToFileURL(join(ROOT, "dist/index.js")).href;
let library: typeof Library;

// The process is started by Node, so it is the built one.
beforeAll(async () => {
  library = (await import(INDEX)) as typeof Library;
});

/** A component with one function to call, and imports for it. */
const component = (body: string, { imports = "", lower = "", declare = "" } = {}) => `(component ${imports}
  ${lower}
  (core module $m ${declare} (memory (export "memory") 1) (global $set (mut i32) (i32.const 0))
    (func (export "init") ${body} (global.set $set (i32.const 7)))
    (func (export "get") (result i32) (global.get $set)))
  (core instance $i (instantiate $m ${lower === "" ? "" : '(with "" (instance (export "f" (func $f))))'}))
  (func (export "init") (canon lift (core func $i "init")))
  (func (export "get") (result u32) (canon lift (core func $i "get"))))`;

const QUIET = component("");
const ENDLESS = component("(loop $l (br $l))");
const PROVIDED = {
  imports: '(import "local:host/log@1.0.0" (instance $log (export "note" (func (param "n" u32)))))',
  lower: '(core func $f (canon lower (func $log "note")))',
  declare: '(import "" "f" (func $f (param i32)))',
};
const NOTING = component("(call $f (i32.const 3)) (call $f (i32.const 4))", PROVIDED);

async function failure(text: string, options: Library.PreinitializeOptions): Promise<Library.ComponentInitError> {
  const error = await library.preinitialize(await wat(text), options).then(
    () => expect.fail("nothing was refused"),
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(library.ComponentInitError);
  return error as Library.ComponentInitError;
}

describe("in a process of its own", () => {
  test("libraries are opened as in the caller's process, by a plan too", async () => {
    const program = await scriptedProgram();
    const { bytes } = await cLibrary("plug.so", "int add(int n) { return n + 2; }");
    const options = { initFunc: 'run("open plug.so 2")', keepInitFunc: true };
    const libraries = { "plug.so": bytes };
    const here = await library.preinitialize(program, { ...options, dlopen: { libraries } });
    const there = await library.preinitialize(program, { ...options, dlopen: { libraries }, isolate: true });
    expect(Buffer.compare(there.component, here.component)).toBe(0);
    const plan = there.report.dlopen?.plan as NonNullable<Library.Report["dlopen"]>["plan"];
    expect(JSON.stringify(plan)).toBe(JSON.stringify(here.report.dlopen?.plan));
    const again = await library.preinitialize(program, { ...options, dlopen: { libraries, plan }, isolate: true });
    expect(Buffer.compare(again.component, here.component)).toBe(0);
  });

  test("the output is the one of the caller's process", async () => {
    const bytes = await wat(QUIET);
    const here = await library.preinitialize(bytes, { initFunc: "init" });
    const there = await library.preinitialize(bytes, { initFunc: "init", isolate: true });
    expect(Buffer.compare(there.component, here.component)).toBe(0);
    const comparable = ({ phases: _, totalMs: __, ...report }: Library.Report) => report;
    expect(comparable(there.report)).toEqual(comparable(here.report));
    const { outcomes } = await jcoSession(there.component, { calls: [{ export: "get" }] });
    expect(outcomes).toEqual([{ ok: 7 }]);
  });

  test("an output larger than a message arrives whole", async () => {
    const fill = "(memory.fill (i32.const 0) (i32.const 1) (i32.const 40000000))";
    const bytes = await wat(component(`(drop (memory.grow (i32.const 700))) ${fill}`));
    const here = await library.preinitialize(bytes, { initFunc: "init" });
    const there = await library.preinitialize(bytes, { initFunc: "init", isolate: true });
    expect(here.component.length).toBeGreaterThan(40_000_000);
    expect(Buffer.compare(there.component, here.component)).toBe(0);
  });

  test("listeners are told what happens, in order", async () => {
    const told: unknown[] = [];
    const { report } = await library.preinitialize(await wat(NOTING), {
      initFunc: "init",
      isolate: true,
      importModules: { "local:host/log": await write("log.mjs", "export const note = () => {};") },
      onHostCall: ({ import: name, args }) => told.push([name, args]),
      onPhase: { start: (phase) => told.push(phase), end: (_, ms) => expect(ms).toBeGreaterThan(0) },
    });
    const call = "local:host/log#note";
    const phases = report.phases.map(({ name }) => name);
    expect(told.filter((one) => typeof one === "string").toSorted()).toEqual(phases.toSorted());
    const at = told.indexOf("initialize");
    expect(told.slice(at, at + 3)).toEqual(["initialize", [call, [3]], [call, [4]]]);
  });

  test("and what a listener throws ends the run", async () => {
    const onPhase = { start: () => expect.fail("enough"), end: () => undefined };
    await expect(
      library.preinitialize(await wat(ENDLESS), { initFunc: "init", isolate: true, onPhase }),
    ).rejects.toThrow("enough");
  });

  test("errors are those of the caller's process", async () => {
    const trapping = component("unreachable");
    const here = await failure(trapping, { initFunc: "init", isolate: false });
    const there = await failure(trapping, { initFunc: "init", isolate: true });
    expect(there).toMatchObject({ code: "init-trapped", message: here.message, details: here.details });
    expect(there.stack).toContain("dist/host");
  });

  test("imports are provided by name with or without version", async () => {
    const notes: unknown[] = [];
    const given = { note: (n: number) => void notes.push(n) };
    for (const name of ["local:host/log", "local:host/log@1.0.0"]) {
      await library.preinitialize(await wat(NOTING), { initFunc: "init", imports: { [name]: given } });
    }
    expect(notes).toEqual([3, 4, 3, 4]);
  });

  test("functions cannot be imports", async () => {
    const imports = { "local:host/log": { note: () => undefined } };
    const error = await failure(NOTING, { initFunc: "init", isolate: true, imports });
    expect(error).toMatchObject({ code: "invalid-option", message: expect.stringContaining("importModules") });
  });
});

describe("a guest that never ends", () => {
  test("is stopped after the timeout", async () => {
    const error = await failure(ENDLESS, { initFunc: "init", timeout: 2000 });
    expect(error).toMatchObject({ code: "timeout", message: expect.stringMatching(/^timed out after 2 s while init/) });
  });

  test("has its time for itself and for its modules", async () => {
    const slow = "await new Promise((done) => setTimeout(done, 1500)); export const note = () => {};";
    const importModules = { "local:host/log": await write("slow.mjs", slow) };
    const error = await failure(NOTING, { initFunc: "init", timeout: 1000, importModules });
    expect(error).toMatchObject({ code: "timeout" });
  });

  test("is stopped when the output is verified, too", async () => {
    // Another component to write into, which has an instance of its own whose start function never ends.
    const onto = QUIET.replace(
      "(core instance $i",
      "(core module $spin (func $s (loop $l (br $l))) (start $s)) (core instance (instantiate $spin)) (core instance $i",
    );
    const options = { initFunc: "init", onto: await wat(onto), verify: true, timeout: 3000 };
    const error = await failure(QUIET, options);
    expect(error).toMatchObject({ code: "timeout", message: expect.stringMatching(/while verifying: allow more/) });
  });

  test("is heard before", async () => {
    const printing = `(component
      (import "local:host/log@1.0.0" (instance $log (export "note" (func (param "n" u32)))))
      (core func $f (canon lower (func $log "note")))
      (core module $m (import "" "f" (func $f (param i32)))
        (func (export "init") (loop $l (call $f (i32.const 1)) (br $l))))
      (core instance $i (instantiate $m (with "" (instance (export "f" (func $f))))))
      (func (export "init") (canon lift (core func $i "init"))))`;
    const importModules = { "local:host/log": await write("quiet.mjs", "export const note = () => {};") };
    let calls = 0;
    const onHostCall = () => void calls++;
    const error = await failure(printing, { initFunc: "init", timeout: 3000, importModules, onHostCall });
    expect(error).toMatchObject({ code: "timeout" });
    // More than a pipe holds: the guest has waited until they were read.
    expect(calls).toBeGreaterThan(2000);
  });

  test.each([0, -1, Number.NaN, 2 ** 31])("a timeout of %s is refused", async (timeout) => {
    expect(await failure(QUIET, { timeout })).toMatchObject({ code: "invalid-option" });
  });
});

describe("a process that dies", () => {
  test.each(["SIGKILL", "SIGSEGV"] as const)("of %s is an error", async (signal) => {
    const note = `export const note = () => { process.kill(process.pid, "${signal}"); };`;
    const importModules = { "local:host/log": pathToFileURL(await write(`${signal}.mjs`, note)) };
    const error = await failure(NOTING, { initFunc: "init", isolate: true, importModules });
    expect(error).toMatchObject({ code: "crashed", message: expect.stringContaining("--max-memory") });
  });

  test("without an answer is one, too", async () => {
    const importModules = { "local:host/log": await write("exits.mjs", "export const note = () => process.exit(3);") };
    const error = await failure(NOTING, { initFunc: "init", isolate: true, importModules });
    expect(error).toMatchObject({ code: "crashed", message: expect.stringMatching(/gave no answer: it ended with 3/) });
  });
});

test.runIf(process.platform === "linux")("the process ends with its caller, even if that is killed", async () => {
  await write("endless.wasm", await wat(ENDLESS));
  await write(
    "caller.mjs",
    `import { readFile } from "node:fs/promises";
     import { preinitialize } from ${JSON.stringify(INDEX)};
     const onPhase = { start: (phase) => phase === "initialize" && console.log(phase), end() {} };
     await preinitialize(await readFile("endless.wasm"), { initFunc: "init", isolate: true, onPhase });`,
  );
  const caller = execa(process.execPath, ["caller.mjs"], { cwd: path("."), reject: false, killSignal: "SIGKILL" });
  await new Promise<void>((done) => caller.stdout.once("data", () => done()));
  const [child] = readFileSync(`/proc/${caller.pid}/task/${caller.pid}/children`, "utf8").trim().split(" ");
  caller.kill();
  await caller;
  await expect.poll(() => isAlive(Number(child)), { timeout: 10_000 }).toBe(false);
});

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}
