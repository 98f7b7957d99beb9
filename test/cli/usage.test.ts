import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { COMPONENT, cli, useWorkspace } from "./cli.js";

const { path, write } = useWorkspace();

interface Mistake {
  readonly title: string;
  readonly args: (input: string, output: string) => string[];
  readonly says: RegExp;
}

const mistakes: Mistake[] = [
  { title: "no command", args: () => [], says: /a command is missing/ },
  { title: "an unknown command", args: () => ["frob"], says: /no command frob/ },
  {
    title: "a file in the place of a command",
    args: (i, o) => [i, "-o", o],
    says: /no command .*: component-init run/,
  },
  {
    title: "a switch with a value",
    args: (i, o) => ["run", i, "-o", o, "--verify=no"],
    says: /--verify takes true or false, or no value/,
  },
  { title: "no input", args: (_, o) => ["run", "-o", o], says: /the input is missing/ },
  { title: "no output", args: (i) => ["run", i], says: /the output is missing/ },
  { title: "an empty input", args: (_, o) => ["run", "", "-o", o], says: /input's name is empty/ },
  { title: "an empty output", args: (i) => ["run", i, "-o", ""], says: /--output needs a value/ },
  { title: "-o without a value", args: (i) => ["run", i, "-o"], says: /-o needs a value/ },
  { title: "-o before an option", args: (i) => ["run", i, "-o", "--json"], says: /-o needs a value/ },
  { title: "two outputs", args: (i, o) => ["run", i, "-o", o, "-o", o], says: /--output is given 2 times/ },
  { title: "two inputs", args: (i, o) => ["run", i, "more", "-o", o], says: /more is one argument too many/ },
  { title: "an unknown option", args: (i, o) => ["run", i, "-o", o, "--nope"], says: /no option --nope/ },
  {
    title: "an unknown option with a value",
    args: (i, o) => ["run", i, "-o", o, "--nope=1"],
    says: /no option --nope/,
  },
  { title: "an unknown short option", args: (i, o) => ["run", i, "-o", o, "-vq"], says: /no option -q/ },
  { title: "a negated option", args: (i, o) => ["run", i, "-o", o, "--no-json"], says: /no option --no-json/ },
  { title: "an option with a dot", args: (i, o) => ["run", i, "-o", o, "--env.A=1"], says: /no option --env\.A/ },
  {
    title: "an option in camel case",
    args: (i, o) => ["run", i, "-o", o, "--initFunc=x"],
    says: /no option --initFunc/,
  },
  {
    title: "two inits",
    args: (i, o) => ["run", i, "-o", o, "-f", "a", "-f", "b"],
    says: /--init-func is given 2 times/,
  },
  { title: "an empty init", args: (i, o) => ["run", i, "-o", o, "-f", ""], says: /--init-func needs a value/ },
  { title: "an init that cannot be read", args: (i, o) => ["run", i, "-o", o, "-f", "set(1"], says: /column/ },
  { title: "--env without a value", args: (i, o) => ["run", i, "-o", o, "--env"], says: /--env needs a value/ },
  { title: "--env without a name", args: (i, o) => ["run", i, "-o", o, "--env", "=1"], says: /name is missing/ },
  {
    title: "--allow-network with something else",
    args: (i, o) => ["run", i, "-o", o, "--allow-network=https://a.example"],
    says: /--allow-network=https:\/\/a\.example: HOST:PORT is expected/,
  },
  {
    title: "--allow-network with nothing",
    args: (i, o) => ["run", i, "-o", o, "--allow-network="],
    says: /--allow-network needs a value/,
  },
  {
    title: "--dir without a host",
    args: (i, o) => ["run", i, "-o", o, "--dir", "::/x"],
    says: /host directory is missing/,
  },
  { title: "--stdin without a value", args: (i, o) => ["run", i, "-o", o, "--stdin"], says: /--stdin needs a value/ },
  { title: "an unknown policy", args: (i, o) => ["run", i, "-o", o, "--handles", "no"], says: /error, warn or allow/ },
  {
    title: "something that nobody forgets",
    args: (i, o) => ["run", i, "-o", o, "--forget", "preopens,clock"],
    says: /--forget preopens,clock: none, or some of adapter,preopens,environ is expected/,
  },
  {
    title: "an adapter where nothing is linked",
    args: (i, o) => ["run", i, "-o", o, "--adapt", "x=y"],
    says: /--adapt is for linking, and nothing is linked: give libraries with --lib/,
  },
  {
    title: "a stack size where nothing is linked",
    args: (i, o) => ["run", i, "-o", o, "--stack-size", "8MiB"],
    says: /--stack-size is for linking/,
  },
  {
    title: "stubs where nothing is linked",
    args: (i, o) => ["run", i, "-o", o, "--stub-missing-functions"],
    says: /--stub-missing-functions is for linking/,
  },
  {
    title: "a way of dlopen where nothing is linked",
    args: (i, o) => ["run", i, "-o", o, "--dlopen", "init"],
    says: /--dlopen is for linking/,
  },
  {
    title: "two adapters of one name",
    args: (_, o) => ["run", "--lib", "a.so", "-o", o, "--adapt", "dir/x.wasm", "--adapt", "x=y.wasm"],
    says: /--adapt gives the adapter x more than once/,
  },
  { title: "a switch with another value", args: (i, o) => ["run", i, "-o", o, "-v=1"], says: /-v takes true or false/ },
  {
    title: "a timeout that is none",
    args: (i, o) => ["run", i, "-o", o, "--timeout", "2x"],
    says: /without a unit, seconds/,
  },
  { title: "two uses of stdin", args: (_, o) => ["run", "-", "-o", o, "--stdin", "-"], says: /both be standard input/ },
  { title: "two uses of stdout", args: (i) => ["run", i, "-o", "-", "--json"], says: /both write to standard output/ },
];

describe("a wrong command line", () => {
  test.each(mistakes)("$title", async ({ args, says }) => {
    const input = await write("app.wat", COMPONENT);
    const { exitCode, stderr } = await cli(args(input, path("out.wasm")));
    expect(exitCode).toBe(2);
    const [sentence, hint, ...others] = stderr.trimEnd().split("\n");
    expect(sentence).toMatch(/^error: /);
    expect(sentence).toMatch(says);
    // What cannot be parsed as a call names its column, which helps more than the help.
    if (hint !== undefined) expect(hint).toContain("--help");
    expect(others).toEqual([]);
    expect(readdirSync(path(""))).not.toContain("out.wasm");
  });

  test.each([
    ["-L", ".", /a directory to look for them in \(--library-path\)/],
    ["--dl-openable", "app.wat", /a library for it to open \(--dl-openable\)/],
    ["--keep-dlopen", undefined, /leave to open more at run time \(--keep-dlopen\)/],
    ["--plan", "plan.json", /a linking plan \(--plan\)/],
  ])("gives %s to a component that opens no libraries", async (option, value, says) => {
    await write("app.wat", COMPONENT);
    const args = ["run", "app.wat", "-o", "out.wasm", "-f", "init", option, ...(value === undefined ? [] : [value])];
    const { exitCode, stderr } = await cli(args, { cwd: path("") });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: expect.stringMatching(/^error: the component opens no libraries, and .*\n$/),
    });
    expect(stderr).toMatch(says);
    expect(readdirSync(path(""))).not.toContain("out.wasm");
    expect(readdirSync(path(""))).not.toContain("plan.json");
  });

  test("is told in JSON only where that is asked for", async () => {
    const json = async (...more: string[]) =>
      (await cli(["run", "missing.wasm", "-o", path("out.wasm"), ...more])).stdout;
    expect(await json("--json=false")).toBe("");
    expect(await json("--json", "--json=false")).toBe("");
    expect(await json("--", "--json")).toBe("");
    expect(JSON.parse(await json("--json=true"))).toMatchObject({ error: { code: "io" } });
  });

  test("is told in English whatever the locale", async () => {
    const { stderr } = await cli(["run", "x"], { env: { LC_ALL: "de_DE.UTF-8", LANG: "de_DE.UTF-8" } });
    expect(stderr).toContain("the output is missing");
  });
});
