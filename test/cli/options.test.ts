import { describe, expect, test } from "vitest";
import {
  clarify,
  parseDuration,
  parseEnv,
  parseForget,
  parseSize,
  parseSupply,
  single,
} from "../../src/cli/options.js";

describe("--env", () => {
  test("splits at the first =, and keeps what follows as it is", () => {
    expect(parseEnv(["A=b=c", "B=", "C= x ", "D=--x", 'E="q"', "__proto__=1"])).toEqual(
      Object.fromEntries([
        ["A", "b=c"],
        ["B", ""],
        ["C", " x "],
        ["D", "--x"],
        ["E", '"q"'],
        ["__proto__", "1"],
      ]),
    );
  });

  test("the last one of a name counts", () => {
    expect(parseEnv(["A=1", "A=2"])).toEqual({ A: "2" });
  });

  test("a name alone passes on the variable", () => {
    process.env.COMPONENT_INIT_TEST = "passed on";
    expect(parseEnv(["COMPONENT_INIT_TEST"])).toEqual({ COMPONENT_INIT_TEST: "passed on" });
    delete process.env.COMPONENT_INIT_TEST;
    expect(() => parseEnv(["COMPONENT_INIT_TEST"])).toThrow(/COMPONENT_INIT_TEST=VALUE/);
  });

  test("a name alone passes on no more than variables", () => {
    for (const name of ["toString", "constructor", "__proto__"]) expect(() => parseEnv([name])).toThrow(/is not set/);
  });

  test("a value without a name is refused", () => {
    expect(() => parseEnv(["=x"])).toThrow(/the name is missing/);
  });
});

test("--forget takes names, or none", () => {
  expect(parseForget("none")).toEqual([]);
  expect(parseForget("environ,adapter")).toEqual(["environ", "adapter"]);
});

describe("--module and --component", () => {
  test.each([
    ["lib=lib.wasm", { lib: "lib.wasm" }],
    ["lib=a=b.wasm", { lib: "a=b.wasm" }],
    ["locked-dep=<a:b@1.0.0>=c.wasm", { "locked-dep=<a:b@1.0.0>": "c.wasm" }],
    ["url=<https://x/y?z=1>,integrity=<sha256-aa==>=c=d", { "url=<https://x/y?z=1>,integrity=<sha256-aa==>": "c=d" }],
  ])("%s", (text, expected) => {
    expect(parseSupply("module", [text])).toEqual(expected);
  });

  test.each(["lib", "=x", "lib="])("%s is refused", (text) => {
    expect(() => parseSupply("module", [text])).toThrow(`--module ${text}: NAME=FILE is expected`);
  });

  test("an import is supplied once", () => {
    expect(() => parseSupply("component", ["a=1", "b=1", "a=2"])).toThrow("the import a more than once");
  });
});

test("an option of one value is given once, and not empty", () => {
  expect(single("output", undefined)).toBeUndefined();
  expect(single("output", "a")).toBe("a");
  expect(() => single("output", ["a", "b"])).toThrow("--output is given 2 times");
  expect(() => single("output", "")).toThrow("--output needs a value");
});

describe("--timeout and --max-memory", () => {
  test.each([
    ["30", 30_000],
    ["1.5s", 1500],
    ["500ms", 500],
    ["2m", 120_000],
    ["1h", 3_600_000],
  ])("%s is a duration", (text, milliseconds) => {
    expect(parseDuration("--timeout", text)).toBe(milliseconds);
  });

  test.each(["", "0", "x", "-1", "30 s", "1d", "600h", "1e3", "Infinity"])("%j is none", (text) => {
    expect(() => parseDuration("--timeout", text)).toThrow(`--timeout ${text}: a duration such as 30s`);
  });

  test.each([
    ["65536", 65536],
    ["512MiB", 2 ** 29],
    ["1.5GiB", 1.5 * 2 ** 30],
    ["64 KiB", 65536],
    ["1MB", 1e6],
  ])("%s is a size", (text, bytes) => {
    expect(parseSize("--max-memory", text)).toBe(bytes);
  });

  test.each(["", "x", "-1", "1 T", "1mib", "99999999GiB"])("%j is none", (text) => {
    expect(() => parseSize("--max-memory", text)).toThrow(`--max-memory ${text}: a size such as 512MiB`);
  });
});

describe("yargs' messages", () => {
  test.each([
    ["Not enough arguments following: o", ["run", "-o"], "-o needs a value"],
    ["Not enough arguments following: env", ["run", "--env"], "--env needs a value"],
    ["Unknown argument: nope", ["run", "--nope=1"], "there is no option --nope"],
    ["Unknown argument: q", ["run", "-vq"], "there is no option -q"],
    ["Unknown argument: frob", ["frob"], "there is no command frob: component-init run INPUT -o OUTPUT"],
    ["Unknown arguments: a, b", ["run", "x", "a", "b"], /^a is one argument too many/],
    ["Something else", [], "Something else"],
    ["Unknown argument: dirs", ["run", "--dirs=."], "there is no option --dirs: did you mean --dir?"],
    ["Unknown argument: init", ["run", "--init"], "there is no option --init"],
    ["Unknown argument: no-gc", ["run", "--no-gc"], "there is no option --no-gc: a switch is turned off by --gc=false"],
  ])("%s", (message, own, expected) => {
    const clear = clarify(message, own, ["dir", "init-func", "output", "gc"]);
    if (typeof expected === "string") expect(clear).toBe(expected);
    else expect(clear).toMatch(expected);
  });
});
