import { describe, expect, it } from "vitest";
import { GuestExit } from "../../src/wasi/index.js";
import { bytes, makeHost, thrown } from "./support.js";

describe("the environment", () => {
  it("is what the options say and nothing of the host's", () => {
    const env = { B: "2", A: "1" };
    const environment = makeHost({ args: ["prog", "--flag", ""], env }).imports["wasi:cli/environment"];
    expect(environment.getArguments()).toEqual(["prog", "--flag", ""]);
    expect(environment.getEnvironment()).toEqual([
      ["B", "2"],
      ["A", "1"],
    ]);
    expect(environment.initialCwd()).toBeUndefined();
  });

  it("is known to have been asked for", () => {
    const { imports, activity } = makeHost();
    imports["wasi:cli/environment"].getArguments();
    expect(activity.environmentRead).toBe(false);
    imports["wasi:cli/environment"].getEnvironment();
    expect(activity.environmentRead).toBe(true);
  });

  it("is empty by default", () => {
    const environment = makeHost().imports["wasi:cli/environment"];
    expect(environment.getArguments()).toEqual([]);
    expect(environment.getEnvironment()).toEqual([]);
  });
});

describe("exit", () => {
  it("throws the code", () => {
    const { exit, exitWithCode } = makeHost().imports["wasi:cli/exit"];
    const exits = [() => exit({ tag: "ok" }), () => exit({ tag: "err" }), () => exitWithCode(42)].map(thrown);
    for (const error of exits) expect(error).toBeInstanceOf(GuestExit);
    expect(exits).toMatchObject([{ code: 0 }, { code: 1 }, { code: 42 }]);
  });

  it("is nothing that the glue takes for the error case of a result", () => {
    const error = thrown(() => makeHost().imports["wasi:cli/exit"].exit({ tag: "ok" }));
    expect(Object.hasOwn(error as object, "payload")).toBe(false);
  });
});

describe("the standard streams", () => {
  it("keep stdout and stderr apart", () => {
    const { imports, output } = makeHost();
    imports["wasi:cli/stdout"].getStdout().write(bytes("out"));
    imports["wasi:cli/stderr"].getStderr().write(bytes("err"));
    expect(output).toEqual({ stdout: "out", stderr: "err" });
  });

  it("are no terminals", () => {
    const { imports } = makeHost();
    expect(imports["wasi:cli/terminal-stdin"].getTerminalStdin()).toBeUndefined();
    expect(imports["wasi:cli/terminal-stdout"].getTerminalStdout()).toBeUndefined();
    expect(imports["wasi:cli/terminal-stderr"].getTerminalStderr()).toBeUndefined();
    expect(imports["wasi:cli/terminal-input"].TerminalInput).toBeTypeOf("function");
    expect(imports["wasi:cli/terminal-output"].TerminalOutput).toBeTypeOf("function");
  });
});
