import { describe, expect, test } from "vitest";
import { parseItemName } from "../../src/wave/item-name.js";
import { parseCall } from "../../src/wave/parser.js";
import { failure } from "./calls.js";

describe("the function name of a call", () => {
  test.each([
    "init",
    "two-words",
    "HTTP3-get",
    "a-1b",
    "%record",
    "iface.init",
    "local:app/lifecycle",
    "local:app/lifecycle.start",
    "local:app/lifecycle.start@1.2.3",
    "local:app/lifecycle@1.2.3.start",
    "local:app/lifecycle@1.2.3-rc.1",
    "wasi:cli/run@0.2.0#run",
    "wasi:cli/run#run",
    "wasi:cli/run@0.2",
  ])("%s", (name) => {
    expect(parseCall(name)).toEqual({ text: name, name, args: undefined });
    expect(parseCall(`  ${name} ( ) `)).toMatchObject({ name, args: [] });
  });

  test.each(["core:componentize.wizer", "core:main/wizer.initialize", "core:f(1)", "core: a b ", "core:☃"])(
    "%s is verbatim",
    (name) => {
      expect(parseCall(name)).toEqual({ text: name, name, args: undefined });
    },
  );

  test.each([
    ["", "column 1: expected a function name such as init, ns:pkg/iface.init or core:init."],
    ["(1)", "column 1: expected a function name such as"],
    ["core:", "column 6: the name of a core export must follow 'core:'."],
    [
      "setUp(1)",
      "column 1: 'setUp' is not a WIT function name, which is in kebab-case (a core export is written core:setUp).",
    ],
    ["my_init", "(a core export is written core:my_init)."],
    ["a.b.c", "'a.b.c' is not a WIT function name"],
    ["init@1.0.0", "column 5: unexpected '@'."],
    ["init 1", "column 6: expected '(' and the arguments after the function name, found '1'."],
    ["init() -> ok", "column 8: unexpected '-'."],
    ["init()()", "column 7: expected nothing after the call, found '('."],
  ])("%j is an error", (text, message) => {
    expect(failure(() => parseCall(text))).toContain("invalid-option: Cannot parse the call");
    expect(failure(() => parseCall(text))).toContain(message);
  });
});

describe("parseItemName", () => {
  test.each([
    ["init", [{ kind: "function", name: "init" }]],
    ["%record", [{ kind: "function", name: "record" }]],
    ["iface.init", [{ kind: "member", instance: "iface", name: "init" }]],
    ["a:b/c", [{ kind: "instance", instance: "a:b/c" }]],
    ["a:b/c.d", [{ kind: "member", instance: "a:b/c", name: "d" }]],
    ["a:b/c#d", [{ kind: "member", instance: "a:b/c", name: "d" }]],
    ["a:b/c.d@1.2.3", [{ kind: "member", instance: "a:b/c@1.2.3", name: "d" }]],
    ["a:b/c@1.2.3.d", [{ kind: "member", instance: "a:b/c@1.2.3", name: "d" }]],
    ["a:b/c@1.2.3#d", [{ kind: "member", instance: "a:b/c@1.2.3", name: "d" }]],
    ["a:b/c@1.2.3", [{ kind: "instance", instance: "a:b/c@1.2.3" }]],
    ["a:b/c@0.2", [{ kind: "instance", instance: "a:b/c@0.2" }]],
    ["a:b/c@1.2.3-rc.1", [{ kind: "instance", instance: "a:b/c@1.2.3-rc.1" }]],
    [
      "a:b/c@1.2.3-rc.d",
      [
        { kind: "member", instance: "a:b/c@1.2.3-rc", name: "d" },
        { kind: "instance", instance: "a:b/c@1.2.3-rc.d" },
      ],
    ],
    ["core:a.b/c@1 #(", [{ kind: "core", name: "a.b/c@1 #(" }]],
  ])("%s", (name, readings) => {
    expect(parseItemName(name)).toEqual(readings);
  });
});
