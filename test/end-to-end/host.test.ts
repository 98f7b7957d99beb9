import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type HostCall, type PreinitializeOptions, preinitialize } from "../../src/index.js";
import { fixturePreopen, loadFixture } from "../support/fixtures.js";
import { jcoSession } from "../support/jco.js";
import { refusal } from "../support/refusal.js";
import { wat } from "../support/wat.js";

const DATA = fixturePreopen("c-host", "/data");

/** What a C program learns about its host while it initializes. */
async function learnt(options: PreinitializeOptions) {
  const input = await loadFixture("c-host");
  const { component, report } = await preinitialize(input, { initFunc: "init", preopens: [DATA], ...options });
  const { outcomes } = await jcoSession(component, { calls: [{ export: "summary" }] });
  const text = (outcomes[0] as { ok: string }).ok;
  const facts = Object.fromEntries(text.split(" ").map((fact) => fact.split("=") as [string, string]));
  return { facts, report };
}

const DEFAULT = {
  time: "1735689600",
  monotonic: "0.001",
  random: "e1003b460144aca7",
  mtime: "1735689600",
  mode: "none",
  lang: "none",
  home: "none",
  first: "c",
};

describe("a C program learns of its host", () => {
  test("the same on every machine", async () => {
    expect((await learnt({})).facts).toEqual(DEFAULT);
  });

  test("what the options say", async () => {
    const options = { clock: new Date("2030-01-01T00:00:00Z"), seed: 7n, env: { MODE: "fast" } };
    const { facts } = await learnt(options);
    const time = "1893456000";
    expect(facts).toEqual({ ...DEFAULT, time, mtime: time, mode: "fast", random: expect.any(String) });
    expect(facts.random).not.toBe(DEFAULT.random);
    expect((await learnt(options)).facts).toEqual(facts);
  });

  test("the real time and random numbers, if it is let", async () => {
    const before = Math.floor(Date.now() / 1000);
    const { facts, report } = await learnt({ clock: "real", random: "real" });
    expect(Number(facts.time)).toBeGreaterThanOrEqual(before);
    expect(Number(facts.time)).toBeLessThanOrEqual(Date.now() / 1000);
    expect(facts.random).not.toBe(DEFAULT.random);
    expect(facts.mtime).toBe(DEFAULT.mtime);
    expect(report.warnings).toEqual([expect.stringMatching(/drew 8 random bytes/)]);
    expect(report.host).toMatchObject({ clock: "real", random: "real" });
  });
});

test("the report has what the output depends on", async () => {
  const { report } = await learnt({ env: { MODE: "fast" } });
  const content = await readFile(join(DATA.host, "data.txt"));
  expect(report.host).toEqual({
    environment: { read: true, granted: ["MODE"] },
    random: "seeded",
    randomBytes: 8,
    clock: "virtual",
    clockQueries: 2,
    refused: [],
    filesRead: [
      { path: "/data/data.txt", sha256: createHash("sha256").update(content).digest("hex"), size: content.length },
    ],
  });
  expect(report.warnings).toEqual([]);
});

test("an error of the guest's comes with what there was none of", async () => {
  const error = await refusal(await loadFixture("c-host"), { initFunc: "init" }, "init-failed");
  expect(error.message).toBe('init returned err("no file")');
  expect(error.details).toEqual(["the guest asked for directories, and none is granted (--dir HOST::GUEST)"]);
});

const SOCKET = "wasi:sockets/tcp-create-socket@0.2.3#create-tcp-socket";
const DELETE = "wasi:keyvalue/store@0.2.0-draft2#delete-all";

describe("what is not granted", () => {
  test("is an error to the guest where WASI has one, and in the report", async () => {
    const { component, report } = await preinitialize(await loadFixture("not-granted"), { initFunc: "probe" });
    const { outcomes } = await jcoSession(component, { calls: [{ export: "get" }] });
    expect(outcomes).toEqual([{ ok: 1111 }]);
    expect(report.host.refused).toEqual([
      { import: SOCKET, count: 2 },
      { import: DELETE, count: 1 },
    ]);
    expect(report.warnings).toEqual([]);
  });

  test("is named, with the stack and the option, when init fails after that", async () => {
    const { details } = await refusal(await loadFixture("not-granted"), { initFunc: "insist" }, "init-trapped");
    const frame = (name: string) => expect.stringMatching(new RegExp(`^ {4}at program\\.${name} \\(0x[0-9a-f]+\\)$`));
    expect(details.slice(0, 2)).toEqual(["wasm stack:", expect.stringMatching(/^ {2}at program\.insist /)]);
    expect(details.slice(2)).toEqual([
      "not granted:",
      `  ${SOCKET} answered access-denied to each of 2 calls (grant it with --allow-network)`,
      frame("open_socket"),
      frame("probe"),
      frame("insist"),
      `  ${DELETE} answered access-denied (grant it with --import wasi:keyvalue/store@0.2.0-draft2=FILE.js)`,
      frame("probe"),
      frame("insist"),
    ]);
  });

  test("by a call that traps comes without advice about directories", async () => {
    const input = await wat(`(component
      (import "wasi:filesystem/preopens@0.2.3" (instance $preopens (export "get-directories" (func))))
      (import "answer" (func $answer))
      (core func $directories (canon lower (func $preopens "get-directories")))
      (core func $answer (canon lower (func $answer)))
      (core module $m
        (import "h" "directories" (func $directories)) (import "h" "answer" (func $answer))
        (func (export "ask") (call $directories) (call $answer))
        (func (export "fail") (call $directories) unreachable))
      (core instance $i (instantiate $m (with "h" (instance
        (export "directories" (func $directories)) (export "answer" (func $answer))))))
      (func (export "ask") (canon lift (core func $i "ask")))
      (func (export "fail") (canon lift (core func $i "fail"))))`);
    const asked = await refusal(input, { initFunc: "ask" }, "not-granted");
    expect(asked.details).toEqual(["wasm stack:", expect.any(String)]);
    const failed = await refusal(input, { initFunc: "fail" }, "init-trapped");
    expect(failed.details).toContain("the guest asked for directories, and none is granted (--dir HOST::GUEST)");
  });

  test.each([
    ["log", "local:host/log@1.2.0#write-line", "local:host/log@1.2.0", "say_hello"],
    ["ask", "answer", "answer", "function"],
  ])("is a trap where there is none (%s)", async (initFunc, name, item, caller) => {
    const error = await refusal(await loadFixture("not-granted"), { initFunc }, "not-granted");
    expect(error.message).toBe(
      `initialization called the import ${name}, which is not granted: give it with --import ${item}=FILE.js`,
    );
    expect(error.details[0]).toBe("wasm stack:");
    expect(error.details[1]).toContain(caller);
  });
});

describe("an instance within an imported instance", () => {
  const nested = () =>
    wat(`(component
      (import "host" (instance $host (export "inner" (instance (export "return-four" (func (result u32)))))))
      (core func $four (canon lower (func $host "inner" "return-four")))
      (core module $m (import "h" "four" (func $four (result i32)))
        (global $known (mut i32) (i32.const 0))
        (func (export "init") (global.set $known (call $four)))
        (func (export "check") (if (i32.ne (global.get $known) (i32.const 4)) (then unreachable))))
      (core instance $i (instantiate $m (with "h" (instance (export "four" (func $four))))))
      (func (export "init") (canon lift (core func $i "init")))
      (func (export "check") (canon lift (core func $i "check"))))`);

  test("is an interface by its path", async () => {
    const imports = { "host/inner": { returnFour: () => 4 } };
    const { component } = await preinitialize(await nested(), { initFunc: "init", imports });
    await preinitialize(component, { initFunc: "check" });
    await refusal(await nested(), { initFunc: "check" }, "init-trapped");
  });

  test("is named where it is not granted", async () => {
    const error = await refusal(await nested(), { initFunc: "init" }, "not-granted");
    expect(error.message).toBe(
      "initialization called the import host/inner#return-four, which is not granted: give it with --import host/inner=FILE.js",
    );
  });
});

describe("calls of imports", () => {
  async function trace(fixture: string, options: PreinitializeOptions): Promise<readonly HostCall[]> {
    const calls: HostCall[] = [];
    await preinitialize(await loadFixture(fixture), { ...options, onHostCall: (call) => calls.push(call) }).catch(
      () => {},
    );
    return calls;
  }

  test("are told in their order, with handles and errors", async () => {
    const calls = await trace("not-granted", { initFunc: "probe" });
    expect(calls.map(({ us: _, ...call }) => call)).toEqual([
      { import: "wasi:sockets/instance-network#instance-network", args: [], result: { handle: "network", id: 1 } },
      { import: "wasi:sockets/tcp-create-socket#create-tcp-socket", args: ["ipv4"], error: "access-denied" },
      { import: "wasi:sockets/tcp-create-socket#create-tcp-socket", args: ["ipv4"], error: "access-denied" },
      { import: "wasi:keyvalue/store#delete-all", args: [], error: { tag: "access-denied" } },
    ]);
  });

  test("have the paths of files", async () => {
    const calls = await trace("c-host", { initFunc: "init", preopens: [DATA] });
    const open = calls.find((call) => call.import === "wasi:filesystem/types#[method]descriptor.open-at");
    expect(open?.args[0]).toMatchObject({ handle: "descriptor", path: "/data" });
    expect(open?.args[2]).toBe("data.txt");
    expect(open?.result).toMatchObject({ handle: "descriptor", path: "/data/data.txt" });
    const read = calls.find((call) => call.import === "wasi:io/streams#[method]input-stream.blocking-read");
    expect(read?.args[0]).toMatchObject({ handle: "input-stream", path: "/data/data.txt" });
    expect(read?.result).toEqual({ bytes: 9, start: "636f6e74656e74730a" });
  });

  test("that end the guest are told", async () => {
    expect((await trace("c-exit", { initFunc: "init" })).at(-1)).toMatchObject({
      import: "wasi:cli/exit#exit",
      error: { exit: 1 },
    });
  });

  test("do not make the output another one", async () => {
    const input = await loadFixture("c-host");
    const options = { initFunc: "init", preopens: [DATA] };
    const [plain, traced] = [
      await preinitialize(input, options),
      await preinitialize(input, { ...options, onHostCall: () => {} }),
    ];
    expect(Buffer.compare(traced.component, plain.component)).toBe(0);
  });
});

test("an option that makes no sense is refused before the work", async () => {
  const phases: string[] = [];
  const onPhase = { start: (phase: string) => phases.push(phase), end: () => {} };
  const options = { initFunc: "insist", seed: -1n, onPhase };
  const error = await refusal(await loadFixture("not-granted"), options, "invalid-option");
  expect(error.message).toMatch(/^seed must be/);
  expect(phases).toEqual([]);
});
