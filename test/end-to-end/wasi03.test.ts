import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type MountMode, type PreinitializeOptions, preinitialize } from "../../src/index.js";
import { loadFixture } from "../support/fixtures.js";
import { jcoSession } from "../support/jco.js";
import { refusal } from "../support/refusal.js";
import { hasWasmtime, wasmtimeSession } from "../support/wasmtime.js";
import { makeTree, type Tree, treeOf } from "../wasi/filesystem/support.js";

let program: Uint8Array;
beforeAll(async () => {
  program = await loadFixture("c-wasi-0.3");
});

function mount(tree: Tree, mode: MountMode = "ro") {
  const base = realpathSync(mkdtempSync(join(tmpdir(), "component-init-wasi03-")));
  onTestFinished(() => rmSync(base, { recursive: true, force: true }));
  const host = join(base, "inside");
  makeTree(base, { "outside/canary": "canary" });
  mkdirSync(host);
  makeTree(host, tree);
  return { host, outside: join(base, "outside"), options: { preopens: [{ host, guest: "/files", mode }] } };
}

/** What the guest has to say, from the output. */
async function run(initFunc: string, options: PreinitializeOptions = {}) {
  const { component, report } = await preinitialize(program, { initFunc, ...options });
  const { outcomes } = await jcoSession(component, { calls: [{ export: "log" }], imports: {} });
  const [outcome] = outcomes;
  if (outcome === undefined || !("ok" in outcome)) throw new Error(JSON.stringify(outcome));
  return { log: (outcome.ok as string).split("\n").slice(0, -1), report };
}

const TREE: Tree = { a: "contents of a", "d/f": "x", out: { link: "../outside" } };

describe("files of WASI 0.3", () => {
  test("preopens have their paths, and say whether they can be changed", async () => {
    expect((await run("list-paths()", mount(TREE).options)).log).toEqual(["/files 1"]);
    expect((await run("list-paths()", mount(TREE, "overlay").options)).log).toEqual(["/files 33"]);
  });

  test("a directory is listed in order, with types", async () => {
    const { log } = await run('list(".")', mount(TREE).options);
    expect(log).toEqual(["open-at: ok", "a regular-file", "d directory", "out symbolic-link", "end: ok"]);
  });

  test("what is no directory has no entries", async () => {
    const { log } = await run('list("a")', mount(TREE).options);
    expect(log).toEqual(["open-at: ok", "end: not-directory"]);
  });

  test("a file is read to its end, and reported", async () => {
    const { log, report } = await run('read("d/../a")', mount(TREE).options);
    expect(log).toEqual(["open-at: ok", "contents of a", "end: ok"]);
    const sha256 = createHash("sha256").update("contents of a").digest("hex");
    expect(report.host.filesRead).toEqual([{ path: "/files/a", size: 13, sha256 }]);
    expect(report.host.refused).toEqual([]);
  });

  test("a file of many chunks is read to its end", async () => {
    const long = "0123456789".repeat(15_000);
    const { log } = await run('read-long("long")', mount({ long }).options);
    expect(log).toEqual(["open-at: ok", `${long.length} ${sumOf(long)}`, "end: ok"]);
  });

  test("a directory cannot be read as a file", async () => {
    expect((await run('read("d")', mount(TREE).options)).log).toEqual(["open-at: ok", "", "end: is-directory"]);
  });

  test("what is not there is an error", async () => {
    expect((await run('read("nothing")', mount(TREE).options)).log).toEqual(["open-at: no-entry"]);
  });

  test("a file is read from an offset on", async () => {
    expect((await run('read-later("a")', mount(TREE).options)).log).toEqual(["open-at: ok", "tents of a"]);
  });

  test("a stream that is dropped early has ended well", async () => {
    expect((await run('read-part("a")', mount(TREE).options)).log).toEqual(["open-at: ok", "con", "end: ok"]);
  });

  test("functions that are lowered as async return at once", async () => {
    expect((await run('open-async("a")', mount(TREE).options)).log).toEqual(["returned", "open-at: ok"]);
    expect((await run('open-async("b")', mount(TREE).options)).log).toEqual(["returned", "open-at: no-entry"]);
  });

  test("stat tells types, sizes and times of the virtual clock", async () => {
    const { options } = mount({ ...TREE, l: { link: "a" } });
    const file = "regular-file links 1 size 13 modified 1735689600";
    const link = "symbolic-link links 1 size 1 modified 1735689600";
    expect((await run('stat("l")', options)).log).toEqual(["stat-at: ok", link, "open-at: ok", "stat: ok", file]);
  });

  test("no path, link or change leads out", async () => {
    const { options, outside } = mount(TREE, "rw");
    expect((await run("escape()", options)).log).toEqual([
      "../outside/canary: not-permitted",
      "stat-at: not-permitted",
      "/etc/passwd: not-permitted",
      "stat-at: not-permitted",
      "out/canary: not-permitted",
      "stat-at: not-permitted",
      "d/../../outside/canary: not-permitted",
      "stat-at: not-permitted",
      "rename-at: not-permitted",
      "symlink-at: not-permitted",
    ]);
    expect(treeOf(outside)).toEqual({ canary: "canary" });
  });

  const tracedBy = async (initFunc: string) => {
    const calls: string[] = [];
    const onHostCall: NonNullable<PreinitializeOptions["onHostCall"]> = ({ import: name, error, result }) =>
      calls.push(`${name} ${JSON.stringify(error ?? result)}`);
    await run(initFunc, { ...mount(TREE, "overlay").options, onHostCall });
    return calls;
  };

  test("a trace has streams, and how they have ended", async () => {
    const method = "wasi:filesystem/types@0.3#[method]descriptor";
    expect((await tracedBy('read("a")')).at(-1)).toBe(
      `${method}.read-via-stream [{"handle":"stream"},{"handle":"future"}]`,
    );
    expect((await tracedBy('write("a", "new")')).at(-1)).toBe(`${method}.write-via-stream null`);
    expect((await tracedBy('write-closed("a", "new")')).at(-1)).toBe(
      `${method}.write-via-stream {"tag":"bad-descriptor"}`,
    );
  });

  test("a trace has paths and error cases", async () => {
    expect(await tracedBy('read("nothing")')).toEqual([
      'wasi:filesystem/preopens@0.3#get-directories [[{"handle":"descriptor","id":1,"path":"/files"},"/files"]]',
      'wasi:filesystem/types@0.3#[method]descriptor.open-at {"tag":"no-entry"}',
    ]);
  });
});

test.runIf(hasWasmtime)("the output says the same in Wasmtime", async () => {
  const { component } = await preinitialize(program, { initFunc: 'read("a")', ...mount(TREE).options });
  const { outcomes } = await wasmtimeSession(component, { calls: [{ export: "log" }], waits: true });
  expect(outcomes).toEqual([{ ok: "open-at: ok\ncontents of a\nend: ok\n" }]);
});

describe("changes of files of WASI 0.3", () => {
  test("get to a directory that is mounted with rw", async () => {
    const { options, host } = mount(TREE, "rw");
    expect((await run('write("d/new", "hello")', options)).log).toEqual(["open-at: ok", "end: ok"]);
    expect(treeOf(host)).toEqual({ ...TREE, "d/new": "hello" });
  });

  test("stay in memory with overlay", async () => {
    const { options, host } = mount(TREE, "overlay");
    expect((await run('write("new", "hello")', options)).log).toEqual(["open-at: ok", "end: ok"]);
    expect(treeOf(host)).toEqual(TREE);
  });

  test("are made at the end of a file", async () => {
    const { options, host } = mount(TREE, "rw");
    expect((await run('append("a", "!")', options)).log).toEqual(["open-at: ok", "end: ok"]);
    expect(treeOf(host)).toEqual({ ...TREE, a: "contents of a!" });
  });

  test("are complete, also when nobody has waited for them", async () => {
    const { options, host } = mount(TREE, "rw");
    expect((await run('write-and-forget("new", "hello")', options)).log).toEqual(["open-at: ok"]);
    expect(treeOf(host)).toEqual({ ...TREE, new: "hello" });
  });

  test("of all kinds do what they do in 0.2", async () => {
    const { options, host } = mount({}, "rw");
    const { log } = await run("change()", options);
    expect(log).toEqual([
      "create-directory-at: ok",
      "create-directory-at again: exist",
      "open-at: ok",
      "3",
      "regular-file",
      "set-size: ok",
      "advise: ok",
      "sync: ok",
      "sync-data: ok",
      "set-times: ok",
      "regular-file links 1 size 5 modified 1000",
      "set-times-at: ok",
      "regular-file links 1 size 5 modified 2000",
      "set-times to no time: invalid",
      "set-times before 1970: ok",
      "set-times before all: overflow",
      "symlink-at: ok",
      "f",
      "readlink-at of a file: invalid",
      "link-at: ok",
      "same",
      "same",
      "remove-directory-at: not-empty",
      "rename-at: ok",
      "unlink-file-at: ok",
      "unlink-file-at again: no-entry",
      "remove-directory-at: ok",
    ]);
    // Reading it could change the time of access.
    expect(statSync(join(host, "moved"))).toMatchObject({ atimeMs: -1000, mtimeMs: 2_000_000 });
    expect(treeOf(host)).toEqual({ hard: "\0".repeat(5), moved: "\0".repeat(5) });
  });

  test("are refused in a read-only directory, and noted", async () => {
    const { options, host } = mount(TREE);
    const { log, report } = await run('write("new", "hello")', options);
    expect(log).toEqual(["open-at: read-only"]);
    expect(report.host.refused).toEqual([{ import: "wasi:filesystem/types", path: "/files", count: 1 }]);
    expect(treeOf(host)).toEqual(TREE);
  });

  test("are refused through a stream there, which is dropped", async () => {
    const { log, report } = await run('write-closed("a", "hello")', mount(TREE).options);
    expect(log).toEqual(["open-at: ok", "dropped", "end: read-only"]);
    expect(report.host.refused).toHaveLength(1);
  });

  test("need a descriptor for writing", async () => {
    const { log } = await run('write-closed("a", "hello")', mount(TREE, "overlay").options);
    expect(log).toEqual(["open-at: ok", "dropped", "end: bad-descriptor"]);
  });

  test("leave a stream what it reads", async () => {
    const { options, host } = mount(TREE, "rw");
    const { log } = await run('unlink-open("a")', options);
    const written = ["open-at: ok", "end: ok"];
    expect(log).toEqual([...written, "open-at: ok", "unlink-file-at: ok", "written", "end: ok"]);
    expect(treeOf(host)).toEqual({ "d/f": "x", out: { link: "../outside" } });
  });

  test("stop where space does", async () => {
    const { log } = await run('fill("big")', { ...mount({}, "overlay").options, maxWritten: 1_000_000 });
    expect(log).toEqual(["open-at: ok", "dropped", "end: insufficient-space"]);
  });
});

describe("refuses", () => {
  const refuse = (initFunc: string, ...codes: Parameters<typeof refusal>[2][]) =>
    refusal(program, { initFunc, ...mount(TREE, "overlay").options }, ...codes);

  test("an open descriptor, by its path", async () => {
    const error = await refuse('leave-open("a")', "live-handles");
    expect(error.message).toContain(
      "a descriptor (/files/a) made by wasi:filesystem/types@0.3#[method]descriptor.open-at",
    );
  });

  test("a stream of a file and its future, by the path", async () => {
    const error = await refuse('leave-stream("a")', "live-handles");
    expect(error.details.map((line) => line.trim())).toEqual([
      "readable end of a stream made by wasi:filesystem/types@0.3#[method]descriptor.read-via-stream: /files/a",
      "readable end of a future",
    ]);
  });

  test("a stream of entries, by the path", async () => {
    const error = await refuse('leave-entries("d")', "live-handles");
    expect(error.message).toContain("a readable end of a stream (/files/d)");
  });

  // The host itself waits for the guest here, which jco takes for something that will happen.
  test("a guest that waits for what only it could end", async () => {
    const error = await refuse('write-for-ever("new", "hello")', "init-trapped");
    expect(error.message).toContain("it waits for something that will not happen");
  });
});

describe("the command line of WASI 0.3", () => {
  test("has stdin, to its end", async () => {
    const { log } = await run("read-stdin()", { stdin: Buffer.from("some input") });
    expect(log).toEqual(["some input", "ok"]);
    expect((await run("read-stdin()")).log).toEqual(["", "ok"]);
  });

  test("has stderr, also when nobody has waited for it", async () => {
    expect((await run('print-error("oh no")')).report.stderr).toBe("oh no");
  });

  test("has no terminals", async () => {
    expect((await run("terminals()")).log).toEqual(["none", "none", "none"]);
  });

  test("has variables, arguments and no directory", async () => {
    const { log, report } = await run("environment()", { env: { A: "b", EMPTY: "" }, args: ["program", "--flag"] });
    expect(log).toEqual(["A=b", "EMPTY=", "program", "--flag", "none"]);
    expect(report.host.environment.read).toBe(true);
  });

  test.each(["exit-with", "exit-while-waiting"])("has exits: %s", async (initFunc) => {
    expect((await run(`${initFunc}(0)`)).log).toEqual(["exit"]);
    await refusal(program, { initFunc: `${initFunc}(1)` }, "init-exited");
    expect((await run(`${initFunc}(0)`, { network: true })).log).toEqual(["exit"]);
  });

  test("has both clocks, which waiting moves", async () => {
    expect((await run("clocks()")).log).toEqual(["1735689600 1000000 5000000000"]);
    expect((await run("clocks()", { clock: new Date("2030-01-01T00:00:00Z") })).log).toEqual([
      "1893456000 1000000 5000000000",
    ]);
  });

  test("has all generators of 0.2, which the seed changes", async () => {
    const { log, report } = await run("draw()");
    expect(log).toEqual((await run("draw()")).log);
    expect(report.host.randomBytes).toBe(32);
    const other = (await run("draw()", { seed: 1n })).log;
    expect(log.filter((line, i) => line === other[i])).toEqual([]);
  });
});

function sumOf(text: string): number {
  return Buffer.from(text).reduce((sum, byte) => sum + byte, 0);
}
