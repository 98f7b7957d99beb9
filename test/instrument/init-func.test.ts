import { describe, expect, test } from "vitest";
import type { ComponentInitError } from "../../src/errors.js";
import { chooseInit } from "../../src/instrument/choose-init.js";
import { formatInitFunction, type InitFunction } from "../../src/instrument/init-func.js";
import { specialize } from "../../src/specialize/specialize.js";
import { wat } from "../support/wat.js";

/** A component of one core module that exports functions by their core names, and what of these it exports itself. */
function component(core: readonly string[], exports: string): string {
  const functions = core.map((name) => `(func (export "${name}"))`).join(" ");
  return `(component
    (core module $m ${functions} (func (export "f")))
    (core instance $i (instantiate $m))
    (func $f (canon lift (core func $i "f")))
    (instance $group (export "start" (func $f)) (export "stop" (func $f)))
    (instance $single (export "start" (func $f)))
    ${exports})`;
}

async function find(text: string, requested?: string): Promise<InitFunction> {
  return chooseInit(specialize(await wat(text)), requested);
}

/** How the function that is found is written in reports. */
async function found(text: string, requested?: string): Promise<string | undefined> {
  return formatInitFunction(await find(text, requested));
}

async function refused(text: string, requested: string | undefined, code: string): Promise<string> {
  const result: unknown = await find(text, requested).catch((error: unknown) => error);
  expect(result).toMatchObject({ name: "ComponentInitError", code });
  return (result as ComponentInitError).message;
}

const root = (...names: string[]) => names.map((name) => `(export "${name}" (func $f))`).join(" ");

describe("without a request", () => {
  test.each<[string, string, string]>([
    [
      "component-init comes first",
      component(["wizer.initialize"], root("wizer-initialize", "component-init")),
      "component-init",
    ],
    [
      "wizer-initialize comes next",
      component(["wizer.initialize"], root("wizer-initialize", "other")),
      "wizer-initialize",
    ],
    [
      "a core module's wizer.initialize comes last",
      component(["wizer.initialize"], root("other")),
      "core:wizer.initialize",
    ],
  ])("%s", async (_, text, expected) => {
    expect(await found(text)).toBe(expected);
  });

  test("and without any of these the message says what can be named", async () => {
    const message = await refused(component([], root("run", "get")), undefined, "init-not-found");
    expect(message).toContain("component-init, wizer-initialize, core:wizer.initialize");
    expect(message).toContain("it exports run, get");
  });

  test("and without any exports it says so", async () => {
    expect(await refused(component([], ""), undefined, "init-not-found")).toContain("it exports no functions");
  });
});

describe("none", () => {
  test("is instantiation alone, whatever there is", async () => {
    expect(await find(component([], root("none")), "none")).toEqual({ kind: "none" });
  });
});

describe("a name", () => {
  const interfaces = component(
    [],
    `${root("init")} (export "a:b/group@1.2.0" (instance $group)) (export "a:b/other@0.2.0-rc.1" (instance $single))`,
  );

  test.each([
    ["init", "init"],
    ["init()", "init"],
    ["a:b/group.start", "a:b/group@1.2.0#start"],
    ["a:b/group#start", "a:b/group@1.2.0#start"],
    ["a:b/group@1.2.0#start", "a:b/group@1.2.0#start"],
    ["a:b/group@1.2.0.start", "a:b/group@1.2.0#start"],
    ["a:b/group.start@1.2.0", "a:b/group@1.2.0#start"],
    ["a:b/group.stop()", "a:b/group@1.2.0#stop"],
    ["a:b/other@0.2.0-rc.1#start", "a:b/other@0.2.0-rc.1#start"],
    ["a:b/other@0.2.0-rc.1.start", "a:b/other@0.2.0-rc.1#start"],
    // The only function of its interface.
    ["a:b/other", "a:b/other@0.2.0-rc.1#start"],
    ["a:b/other@0.2.0-rc.1", "a:b/other@0.2.0-rc.1#start"],
    // The only one of that name.
    ["stop", "a:b/group@1.2.0#stop"],
  ])("%s finds %s", async (requested, expected) => {
    expect(await found(interfaces, requested)).toBe(expected);
  });

  test.each(["a:b/group@1.0.0#start", "a:b/none.start", "a:b/group.go", "group.start", "component-init"])(
    "%s finds nothing, and the message lists what there is",
    async (requested) => {
      const message = await refused(interfaces, requested, "init-not-found");
      expect(message).toContain(`no function ${requested} `);
      expect(message).toContain("it exports init, a:b/group@1.2.0#start, a:b/group@1.2.0#stop, a:b/other");
    },
  );

  test("of the root comes before one of an interface", async () => {
    const text = component([], `(export "a:b/c" (instance $single)) ${root("start")}`);
    expect(await found(text, "start")).toBe("start");
  });

  test("that may be several is refused with their names", async () => {
    expect(await refused(interfaces, "start", "init-ambiguous")).toContain(
      "a:b/group@1.2.0#start, a:b/other@0.2.0-rc.1#start",
    );
  });

  test("without a version that may be several versions is refused", async () => {
    const text = component([], `(export "a:b/c@1.0.0" (instance $single)) (export "a:b/c@2.0.0" (instance $single))`);
    expect(await refused(text, "a:b/c.start", "init-ambiguous")).toContain("a:b/c@1.0.0#start, a:b/c@2.0.0#start");
    expect(await found(text, "a:b/c@2.0.0#start")).toBe("a:b/c@2.0.0#start");
  });

  test("of an interface of several functions is refused", async () => {
    expect(await refused(interfaces, "a:b/group", "init-ambiguous")).toContain("#start, a:b/group@1.2.0#stop");
  });

  test("that is none is refused before anything is looked for", async () => {
    expect(await refused(interfaces, "Not A Name", "invalid-option")).toMatch(/column|kebab/);
  });

  test("that is nearly one, of the component or an interface, is followed by what may be meant", async () => {
    const many = component([], root(...Array.from({ length: 30 }, (_, i) => `f${i}`), "set-up"));
    expect(await refused(many, "setup", "init-not-found")).toContain("(did you mean set-up?)");
    expect(await refused(many, "nope", "init-not-found")).not.toContain("did you mean");
    expect(await refused(interfaces, "startt", "init-not-found")).toContain("(did you mean start?)");
  });

  test("among many exports: the message does not list them all", async () => {
    const names = Array.from({ length: 30 }, (_, i) => `f${i}`);
    const message = await refused(component([], root(...names)), "nope", "init-not-found");
    expect(message).toContain("f11, …");
    expect(message).not.toContain("f12");
  });
});

describe("arguments", () => {
  const text = `(component
    (core module $m (func (export "set") (param i32 i32)) (func (export "get") (result i32) i32.const 1))
    (core instance $i (instantiate $m))
    (func (export "set") (param "level" u8) (param "on" bool) (canon lift (core func $i "set")))
    (func (export "get") (result u32) (canon lift (core func $i "get"))))`;

  test("are taken as the function's type says", async () => {
    expect(await find(text, "set(7, true)")).toMatchObject({ kind: "export", name: "set", args: [7, true] });
  });

  test("a result does not matter", async () => {
    expect(await find(text, "get")).toMatchObject({ kind: "export", args: [] });
  });

  test.each(["set", "set()", "set(7)", "set(7, true, 1)", "set(300, true)", "set(true, 7)", "get(1)"])(
    "%s does not fit",
    async (requested) => {
      expect(await refused(text, requested, "init-signature")).toMatch(/set|get/);
    },
  );
});

describe("core:", () => {
  const two = `(component
    (core module $first (func (export "both")) (func (export "one")) (func (export "a/b")) (func (export "takes") (param i32)))
    (core module $second (func (export "both")) (func (export "gives") (result i64) i64.const 1))
    (core instance $x (instantiate $first))
    (core instance $y (instantiate $second)))`;

  test.each([
    ["core:one", { instance: 0, name: "one" }],
    ["core:x/one", { instance: 0, name: "one" }],
    ["core:x/both", { instance: 0, name: "both" }],
    ["core:y/both", { instance: 1, name: "both" }],
    ["core:1/both", { instance: 1, name: "both" }],
    ["core:a/b", { instance: 0, name: "a/b" }],
  ])("%s", async (requested, expected) => {
    expect(await find(two, requested)).toEqual({ kind: "core", ...expected });
  });

  test("a name of several instances is refused with what to write", async () => {
    const message = await refused(two, "core:both", "init-ambiguous");
    expect(message).toContain("core:x/both, core:y/both");
  });

  test.each([
    ["core:takes", /core:takes is .*i32.*must take nothing and return nothing/],
    ["core:gives", /core:gives is .*i64.*must take nothing and return nothing/],
  ])("%s has the wrong signature", async (requested, says) => {
    expect(await refused(two, requested, "init-signature")).toMatch(says);
  });

  test("a core export that is nearly one is followed by what may be meant", async () => {
    expect(await refused(two, "core:ones", "init-not-found")).toContain("(did you mean core:one?)");
  });

  test.each(["core:nope", "core:z/one", "core:2/one"])("%s is not there", async (requested) => {
    expect(await refused(two, requested, "init-not-found")).toContain(requested);
  });

  test("a component's own export is not one of a core module", async () => {
    await refused(component([], root("run")), "core:run", "init-not-found");
  });

  test("an instance that is made twice is told apart", async () => {
    const text = `(component
      (core module $m (func (export "init")))
      (core instance $one (instantiate $m))
      (core instance $other (instantiate $m)))`;
    await refused(text, "core:init", "init-ambiguous");
    expect(await find(text, "core:other/init")).toEqual({ kind: "core", instance: 1, name: "init" });
  });
});
