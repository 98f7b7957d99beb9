import { beforeAll, describe, expect, test } from "vitest";
import { formatBytes, summarize } from "../../src/cli/progress.js";
import type { MemoryReport, Report } from "../../src/index.js";
import { loadFixture } from "../support/fixtures.js";
import { COMPONENT, cli, hasScript, onTerminal, useWorkspace } from "./cli.js";

const ESC = "\u001b";
const { path, write } = useWorkspace();
let input: string;

beforeAll(async () => {
  input = await write("app.wat", COMPONENT);
});

/** What is left on the screen when a line that is begun anew hides what it held. */
function screen(output: string): string[] {
  const lines = output.split("\r\n").map((line) => line.split(`\r${ESC}[2K`).at(-1) as string);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours
  return lines.map((line) => line.replace(/\u001b\[\d+m/g, "")).filter((line) => line !== "");
}

describe.skipIf(!hasScript)("on a terminal", () => {
  test("one line shows the phases, and gives way to a summary", async () => {
    const { exitCode, output } = await onTerminal(["run", input, "-o", path("out.wasm"), "-f", "init"]);
    expect(exitCode).toBe(0);
    for (const phase of ["decoding", "compiling", "initializing", "verifying"]) expect(output).toContain(phase);
    const lines = screen(output);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/out\.wasm: \d+ bytes \(input \d+ bytes\), ran init, \d+\.\d\d s$/);
    expect(lines[1]).toBe("memory: 1 page, 1 byte in 1 segment");
    expect(output).toContain(`${ESC}[1m`);
  });

  test("a failure takes the line's place", async () => {
    const { exitCode, output } = await onTerminal(["run", input, "-o", path("out.wasm"), "-f", "trap"]);
    expect(exitCode).toBe(1);
    expect(screen(output)[0]).toBe("error: trap trapped: wasm `unreachable` instruction executed");
    expect(output).toContain(`${ESC}[31merror:`);
  });

  test("NO_COLOR leaves only what moves the cursor", async () => {
    const { output } = await onTerminal(["run", input, "-o", path("out.wasm"), "-f", "trap"], { NO_COLOR: "1" });
    expect(output).toContain("initializing");
    expect(output.replaceAll(`\r${ESC}[2K`, "")).not.toContain(ESC);
  });

  test("a dumb terminal gets only lines that stay", async () => {
    const { output } = await onTerminal(["run", input, "-o", path("out.wasm"), "-f", "init"], { TERM: "dumb" });
    expect(output).toMatch(/ran init/);
    expect(output).not.toContain("initializing");
    expect(output).not.toContain(`${ESC}[2K`);
  });

  test("what the guest prints (-v) stays, and does not run into our lines", async () => {
    const guest = await write("output.wasm", await loadFixture("c-output"));
    const { output } = await onTerminal(["run", guest, "-o", path("out.wasm"), "-f", "init", "-v"]);
    const lines = screen(output);
    expect(lines).toContain("  to stdout 1");
    expect(lines).toContain("  to stderr 2");
    expect(lines).toContainEqual(expect.stringMatching(/^initializing: \d+ ms$/));
  });

  test("a component is not written to it", async () => {
    const { exitCode, output } = await onTerminal(["run", input, "-o", "-", "-f", "init"]);
    expect(exitCode).toBe(2);
    expect(output).toContain("would write binary data to the terminal");
  });
});

describe("elsewhere", () => {
  test.each([
    ["the summary", [], 0],
    ["with -v a line for each phase too", ["-v"], 7],
  ])("%s", async (_, more, phases) => {
    const { stdout, stderr } = await cli(["run", input, "-o", path("out.wasm"), "-f", "init", ...more]);
    expect(stdout).toBe("");
    expect(stderr).not.toContain(ESC);
    expect(stderr).not.toContain("\r");
    expect(stderr.trimEnd().split("\n")).toEqual([
      ...Array(phases).fill(expect.stringMatching(/^[a-z ]+: \d+ ms$/)),
      expect.stringMatching(/out\.wasm: .*, ran init, /),
      "memory: 1 page, 1 byte in 1 segment",
    ]);
  });

  test("FORCE_COLOR gives colours, NO_COLOR none", async () => {
    const args = ["run", input, "-o", path("out.wasm"), "-f", "nope"];
    expect((await cli(args, { env: { FORCE_COLOR: "1" } })).stderr).toContain(`${ESC}[31merror:`);
    expect((await cli(args, { env: { NO_COLOR: "1" } })).stderr).not.toContain(ESC);
  });

  test("nothing follows the error", async () => {
    const bad = "(component (core module $m (func (drop))) (core instance (instantiate $m)))";
    const args = ["run", await write("bad.wat", bad), "-o", path("no.wasm"), "-f", "none"];
    const { exitCode, stderr } = await cli(args);
    expect(exitCode).toBe(1);
    expect(stderr.trimEnd().split("\n").at(-1)).toMatch(/^error: \S+bad\.wat: core module 0 is not valid/);
  });

  test("a guest's escape sequences do not reach the terminal by way of an error", async () => {
    const guest = `(component
      (core module $m (func (export "\\1b[2Jx") unreachable))
      (core instance $i (instantiate $m)))`;
    const args = ["run", await write("esc.wat", guest), "-o", path("no.wasm"), "-f", `core:${ESC}[2Jx`];
    const { exitCode, stderr } = await cli(args);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("core:\\x1b[2Jx trapped");
    expect(stderr).not.toContain(ESC);
  });
});

describe("the summary", () => {
  const memory: MemoryReport = { instance: "i", index: 0, pagesBefore: 1, pagesAfter: 3, bytes: 12_345, segments: 7 };
  const report: Report = {
    version: 1,
    phases: [],
    totalMs: 1234,
    inputBytes: 10_500_000,
    outputBytes: 13_400_000,
    memories: [memory],
    tables: [],
    globals: 0,
    verified: false,
    host: {
      environment: { read: false, granted: [] },
      random: "seeded",
      randomBytes: 0,
      clock: "virtual",
      clockQueries: 0,
      refused: [],
      filesRead: [],
    },
    stdout: "",
    stderr: "",
    handles: [],
    warnings: [],
  };

  test("has no line about a host that gave the same to every run", () => {
    const host = { ...report.host, randomBytes: 8, clockQueries: 3 };
    expect(summarize("out.wasm", { ...report, host })).toEqual(summarize("out.wasm", report));
  });

  test.each([
    [{ clock: "real", clockQueries: 1 }, "the real clock was read 1 time"],
    [{ refused: [{ import: "a:b/c#d", count: 2 }] }, "not granted: a:b/c#d (2 calls)"],
    [{ refused: [{ import: "a:b/c", path: "/data", count: 2 }] }, "not granted: a:b/c in /data (2 calls)"],
    [
      {
        refused: [
          { import: "a:b/c#d", count: 1 },
          { import: "a:b/c#e", count: 1 },
        ],
      },
      "not granted: a:b/c#d (1 call), and 1 more import (--json lists all)",
    ],
  ] as const)("says of the host %j", (host, line) => {
    expect(summarize("out.wasm", { ...report, host: { ...report.host, ...host } })).toContain(line);
  });

  test("says what became of the memory", () => {
    expect(summarize("out.wasm", report)).toEqual([
      { label: "out.wasm:", style: "bold", text: "13.4 MB (input 10.5 MB), instantiated, 1.23 s" },
      "memory: 1 → 3 pages, 12.3 kB in 7 segments",
    ]);
  });

  test("is short for many memories, and names them", () => {
    const memories = Array.from({ length: 9 }, (_, index) => ({ ...memory, index }));
    const lines = summarize("out.wasm", { ...report, memories });
    expect(lines).toHaveLength(5);
    expect(lines[1]).toMatch(/^memory 0 of core instance i: /);
    expect(lines[4]).toBe("and 6 more memories (--json lists all)");
  });

  test("counts what --gc removed", () => {
    const nothing = {
      types: 0,
      functions: 0,
      bodies: 0,
      tables: 0,
      memories: 0,
      tags: 0,
      globals: 0,
      elements: 0,
      data: 0,
    };
    const lineOf = (removed: NonNullable<Report["removed"]>) => summarize("out.wasm", { ...report, removed }).at(-1);
    expect(lineOf(nothing)).toBe("removed from core modules: nothing");
    expect(lineOf({ ...nothing, functions: 49, globals: 1, memories: 2 })).toBe(
      "removed from core modules: 49 functions, 1 global, 2 memories",
    );
  });

  test("ends with the warnings", () => {
    expect(summarize("out.wasm", { ...report, warnings: ["mind this"] }).at(-1)).toEqual({
      label: "warning:",
      style: "yellow",
      text: "mind this",
    });
  });

  test.each([
    [0, "0 bytes"],
    [1, "1 byte"],
    [9999, "9999 bytes"],
    [10_000, "10.0 kB"],
    [10_000_000, "10.0 MB"],
  ])("%d is %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
