import { describe, expect, test } from "vitest";
import { encodeComponent } from "../../src/component/encode.js";
import {
  appendSection,
  definitionsOf,
  definitionsOfKind,
  insertSectionBefore,
  referencesOf,
  removeExports,
} from "../../src/component/graph.js";
import type { Component, CoreModuleDefinition, Definition } from "../../src/component/model.js";
import { print, validate, wit } from "../support/wat.js";
import { decodeText } from "./support.js";

interface Removal {
  readonly component: Component;
  /** Kinds of the removed definitions, in alphabetic order. */
  readonly removed: readonly string[];
  readonly output: Uint8Array;
}

/** Removes exports by name; the component has to stay valid. */
async function remove(text: string, ...names: string[]): Promise<Removal> {
  const component = await decodeText(`(component ${text})`);
  const exports = definitionsOfKind(component, "export").filter(({ name }) => names.includes(name.name));
  expect(exports).toHaveLength(names.length);
  const before = definitionsOf(component);
  const removed = removeExports(component, exports);
  expect(definitionsOf(component)).toEqual(before.filter((definition) => !removed.has(definition)));
  const output = encodeComponent(component).toBytes();
  await validate(output);
  return { component, removed: kindsOf([...removed]), output };
}

function kindsOf(definitions: readonly Definition[]): string[] {
  return definitions.map(({ kind }) => kind).sort();
}

const CORE = `
  (core module $m (func (export "init")) (func (export "other")) (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "greet") (param i32 i32)) (func (export "done")))
  (core instance $i (instantiate $m))`;

describe("removing an export removes", () => {
  test("the lifted function, its type and the alias of its core function", async () => {
    const { removed, output } = await remove(
      `${CORE} (type $t (func)) (alias core export $i "init" (core func $init)) (alias core export $i "other" (core func $other))
      (func $f (type $t) (canon lift (core func $init))) (type $u (func)) (func $g (type $u) (canon lift (core func $other)))
      (export "init" (func $f)) (export "other" (func $g))`,
      "init",
    );
    expect(removed).toEqual(["core export alias", "export", "lift", "type"]);
    expect(await wit(output)).toMatch(/export other: func\(\);/);
  });

  test("everything that only its canonical options named", async () => {
    const { removed } = await remove(
      `${CORE} (func $f (param "a" string) (canon lift (core func $i "greet") (memory (core memory $i "memory"))
        (realloc (core func $i "realloc")) (post-return (core func $i "done")))) (export "greet" (func $f))`,
      "greet",
    );
    expect(removed).toEqual([...Array(4).fill("core export alias"), "export", "lift", "type"]);
  });

  test("wit-component's shim component and its instance", async () => {
    const { removed, output } = await remove(
      `${CORE} (func $f (canon lift (core func $i "init"))) (func $g (canon lift (core func $i "other")))
      (component $shim (import "import-func-start" (func $s)) (export "start" (func $s)))
      (instance $life (instantiate $shim (with "import-func-start" (func $f))))
      (export "local:app/lifecycle" (instance $life)) (export "other" (func $g))`,
      "local:app/lifecycle",
    );
    expect(removed.filter((kind) => kind !== "type")).toEqual([
      "component",
      "core export alias",
      "export",
      "instantiation",
      "lift",
    ]);
    expect(await wit(output)).not.toContain("lifecycle");
  });

  test("an inline instance with what only it holds", async () => {
    const { removed } = await remove(
      `${CORE} (func $f (canon lift (core func $i "init"))) (instance $x (export "f" (func $f))) (export "a:b/x" (instance $x))`,
      "a:b/x",
    );
    expect(removed).toEqual(["core export alias", "export", "inline exports", "lift", "type"]);
  });

  test("two exports and what only both of them needed", async () => {
    const text = `${CORE} (func $f (canon lift (core func $i "init"))) (export "a" (func $f)) (export "b" (func $f))`;
    expect((await remove(text, "a")).removed).toEqual(["export"]);
    expect((await remove(text, "a", "b")).removed).toEqual(["core export alias", "export", "export", "lift", "type"]);
  });

  test("a lowered function that only a removed inline core instance held", async () => {
    const { removed } = await remove(
      `(import "f" (func $f)) (core func $l (canon lower (func $f))) (core instance $i (export "l" (func $l)))
      (func $g (canon lift (core func $i "l"))) (export "g" (func $g))`,
      "g",
    );
    expect(removed).toEqual(["core export alias", "core inline exports", "export", "lift", "lower", "type"]);
  });
});

describe("removing an export keeps", () => {
  test("a core function that another export lifts", async () => {
    const { removed } = await remove(
      `${CORE} (alias core export $i "init" (core func $init)) (type $t (func))
      (func $f (type $t) (canon lift (core func $init))) (func $g (type $t) (canon lift (core func $init)))
      (export "a" (func $f)) (export "b" (func $g))`,
      "a",
    );
    expect(removed).toEqual(["export", "lift"]);
  });

  test("a lifted function that another core module gets", async () => {
    const { removed } = await remove(
      `${CORE} (func $f (canon lift (core func $i "init"))) (core func $l (canon lower (func $f)))
      (core module $n (import "a" "l" (func))) (core instance (instantiate $n (with "a" (instance (export "l" (func $l))))))
      (export "init" (func $f))`,
      "init",
    );
    expect(removed).toEqual(["export"]);
  });

  test("core modules and their instances, whose instantiation runs code", async () => {
    const { component } = await remove(
      `${CORE} (func $f (canon lift (core func $i "init"))) (export "init" (func $f))`,
      "init",
    );
    expect(kindsOf(definitionsOf(component))).toEqual(["component names", "core instantiation", "core module"]);
  });

  test("an instance of a component that instantiates a core module", async () => {
    const { removed } = await remove(
      `(component $c (core module $m (func (export "f"))) (core instance $i (instantiate $m))
        (func $f (canon lift (core func $i "f"))) (export "f" (func $f)))
      (instance $x (instantiate $c)) (export "a:b/x" (instance $x))`,
      "a:b/x",
    );
    expect(removed).toEqual(["export"]);
  });

  test("imports, which are part of the component's world", async () => {
    const { removed, output } = await remove('(import "f" (func $f)) (export "g" (func $f))', "g");
    expect(removed).toEqual(["export"]);
    expect(await wit(output)).toContain("import f: func();");
  });

  test("a type that is exported too, and what a nested component takes by outer alias", async () => {
    const { removed } = await remove(
      `${CORE} (type $r (record (field "a" u32) (field "b" u32))) (instance $x (export "r" (type $r)))
      (export $y "a:b/x" (instance $x) (instance (export "r" (type (eq $r))))) (alias export $y "r" (type $e))
      (type $outer (list u8)) (component $c (type (tuple $outer)))
      (type $t (func (param "p" $e))) (func $f (type $t) (canon lift (core func $i "greet"))) (export "f" (func $f))`,
      "f",
    );
    expect(removed).toEqual(["core export alias", "export", "export alias", "lift", "type"]);
  });

  test("a resource type", async () => {
    const { removed } = await remove(
      `${CORE} (type $r (resource (rep i32))) (instance $x (export "r" (type $r))) (export "a:b/x" (instance $x))
      (func $f (canon lift (core func $i "init"))) (export "f" (func $f))`,
      "a:b/x",
    );
    expect(removed).toEqual(["export", "inline exports"]);
  });

  test("what another removed definition does not refer to", async () => {
    const { removed } = await remove(
      `${CORE} (type $unused (list u8)) (func $f (canon lift (core func $i "init"))) (export "init" (func $f))`,
      "init",
    );
    // The type of the function goes, the unused one was never its business.
    expect(removed.filter((kind) => kind === "type")).toHaveLength(1);
  });
});

test("the removed export is not kept by later exports of what it defines", async () => {
  const { removed } = await remove(
    `${CORE} (func $f (canon lift (core func $i "init"))) (export $x "a" (func $f)) (export "b" (func $x))`,
    "b",
  );
  expect(removed).toEqual(["export"]);
});

test("names of removed definitions go, the others move with their definitions", async () => {
  const { output } = await remove(
    `${CORE} (func $first (canon lift (core func $i "init"))) (func $second (canon lift (core func $i "other")))
    (export "a" (func $first)) (export "b" (func $second))`,
    "a",
  );
  const text = await print(output);
  expect(text).not.toContain("$first");
  expect(text).toMatch(/\(func \$second \(;0;\)/);
});

describe("inserted definitions", () => {
  const moduleOf = (bytes: Uint8Array): CoreModuleDefinition => ({
    kind: "core module",
    sort: "core module",
    chunks: [bytes],
    offset: 0,
  });
  const EMPTY = new Uint8Array([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);

  test("shift the indices of those that follow", async () => {
    const component = await decodeText(
      `(component ${CORE} (func $f (canon lift (core func $i "init"))) (export "f" (func $f)))`,
    );
    const [first] = definitionsOfKind(component, "core module");
    insertSectionBefore(component, first as Definition, "core module", [moduleOf(EMPTY)]);
    const output = encodeComponent(component).toBytes();
    await validate(output);
    expect(await print(output)).toMatch(/\(core instance \$i \(;0;\) \(instantiate \$m\)/);
    expect(await print(output)).toMatch(/\(core module \$m \(;1;\)/);
  });

  test("append without a change to what is there", async () => {
    const component = await decodeText(`(component ${CORE})`);
    const [module] = [moduleOf(EMPTY)];
    appendSection(component, "core module", [module as Definition]);
    appendSection(component, "core instance", [
      { kind: "core instantiation", sort: "core instance", module: module as CoreModuleDefinition, args: [] },
    ]);
    const output = encodeComponent(component).toBytes();
    await validate(output);
    expect(await print(output)).toMatch(/\(core instance \(;1;\) \(instantiate 1\)\)/);
  });

  test("that refer to what is not in the component are a defect, not an output", async () => {
    const component = await decodeText("(component)");
    appendSection(component, "core instance", [
      { kind: "core instantiation", sort: "core instance", module: moduleOf(EMPTY), args: [] },
    ]);
    expect(() => encodeComponent(component)).toThrow("a core module is used where it is not defined");
  });
});

test("references of a nested component include those that it makes to the outside", async () => {
  const component = await decodeText("(component (type $t u8) (type $u u8) (component (component (type (list $t)))))");
  const [t, u, nested] = definitionsOf(component) as [Definition, Definition, Definition];
  expect(referencesOf(nested).has(t as never)).toBe(true);
  expect(referencesOf(nested).has(u as never)).toBe(false);
});
