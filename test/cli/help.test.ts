import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { formatHelp } from "../../src/cli/help.js";
import { RUN_HELP } from "../../src/cli/run-options.js";
import { cli, MAIN, useWorkspace } from "./cli.js";

const { path } = useWorkspace();

describe.each([[["run", "--help"]], [["run", "-h"]], [["help", "run"]]])("%s", (args) => {
  test("shows usage, every option and examples on stdout", async () => {
    const { exitCode, stdout, stderr } = await cli(args);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(/^Usage: component-init run \[INPUT -o OUTPUT\]/);
    for (const option of [
      "output",
      "init-func",
      "keep-init-func",
      "dir",
      "tar",
      "max-archive-size",
      "env",
      "stdin",
      "allow-network[=HOST:PORT]",
      "clock",
      "seed",
      "random",
      "import",
      "trace",
      "json",
      "verbose",
    ]) {
      expect(stdout).toContain(`--${option}`);
    }
    expect(stdout).toMatch(/Examples:\n {2}# .+\n {2}component-init run /);
  });
});

test.each([[["--help"]], [["-h"]], [["help"]]])("%s shows the commands", async (args) => {
  const { exitCode, stdout, stderr } = await cli(args);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout).toMatch(/^Usage: component-init COMMAND/);
  expect(stdout).toMatch(/^ {2}run {2}/m);
});

test.each([[["--version"]], [["-V"]], [["run", "--version"]]])("%s", async (args) => {
  const { exitCode, stdout } = await cli(args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
});

test("what a number without a unit means is said", async () => {
  const { stdout } = await cli(["run", "--help"]);
  const help = stdout.replaceAll(/\s+/g, " ");
  expect(help).toMatch(/--timeout DURATION [^-]*a number alone is seconds/);
  expect(help).toMatch(/--max-archive-size SIZE [^-]*a number alone is bytes, as for all sizes/);
});

test("--help among other things is still the help", async () => {
  expect(await cli(["run", "no-such-file", "--nope", "--help"])).toMatchObject({ exitCode: 0 });
});

test("--help after -- is the guest's", async () => {
  expect(await cli(["run", "no-such-file", "-o", "x", "--", "--help"])).toMatchObject({ exitCode: 1, stdout: "" });
});

test.each([40, 60, 80, 100])("no line of prose is wider than %d columns", (width) => {
  const lines = formatHelp(RUN_HELP, width).split("\n");
  const prose = lines.slice(2, lines.indexOf("Examples:"));
  expect(prose.filter((line) => line.length > width)).toEqual([]);
});

test("loads nothing heavy", async () => {
  const coverage = path("coverage");
  expect((await cli(["--help"], { env: { NODE_V8_COVERAGE: coverage } })).exitCode).toBe(0);
  const [file] = readdirSync(coverage) as [string];
  const { result } = JSON.parse(readFileSync(join(coverage, file), "utf8")) as { result: { url: string }[] };
  const loaded = result.flatMap(({ url }) => (url.startsWith("file:") ? [fileURLToPath(url)] : []));
  expect(loaded).toContain(MAIN);
  // The pipeline alone is several times as much.
  expect(loaded.reduce((sum, one) => sum + statSync(one).size, 0)).toBeLessThan(100_000);
});
