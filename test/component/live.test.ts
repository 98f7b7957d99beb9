import { describe, expect, test } from "vitest";
import { encodeComponent } from "../../src/component/encode.js";
import { definitionsOf, definitionsOfKind } from "../../src/component/graph.js";
import { removeDead } from "../../src/component/live.js";
import type { Component, Definition } from "../../src/component/model.js";
import { print, validate, wit } from "../support/wat.js";
import { decodeText } from "./support.js";

interface Removal {
  readonly component: Component;
  /** Kinds of the removed definitions, in alphabetic order. */
  readonly removed: readonly string[];
  readonly output: Uint8Array;
}

/** Removes exports by name; the component has to stay valid. Every core instance has an effect. */
async function remove(text: string, ...names: string[]): Promise<Removal> {
  return removeFrom(text, names, () => true);
}

async function removeFrom(text: string, names: readonly string[], hasEffect: () => boolean): Promise<Removal> {
  const component = await decodeText(`(component ${text})`);
  const exports = definitionsOfKind(component, "export").filter(({ name }) => names.includes(name.name));
  expect(exports).toHaveLength(names.length);
  const before = definitionsOf(component);
  const removed = removeDead(component, {
    hasEffect,
    isExported: (item) => !exports.includes(item),
    isImported: () => true,
  });
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
      "export",
      "import",
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

const NESTED = `
  (component $c (core module $m (func (export "f"))) (core instance $i (instantiate $m))
    (func $f (canon lift (core func $i "f"))) (export "f" (func $f)))
  (instance $x (instantiate $c)) (export "a:b/x" (instance $x))`;

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

  test("core modules and their instances, whose instantiation does something", async () => {
    const { component } = await remove(
      `${CORE} (func $f (canon lift (core func $i "init"))) (export "init" (func $f))`,
      "init",
    );
    expect(kindsOf(definitionsOf(component))).toEqual(["component names", "core instantiation", "core module"]);
  });

  test("an instance of a component that instantiates a core module, but not what is lifted in it", async () => {
    const { removed, component } = await remove(NESTED, "a:b/x");
    expect(removed.filter((kind) => kind !== "type")).toEqual(["core export alias", "export", "export", "lift"]);
    expect(kindsOf(definitionsOf(component))).toEqual(["component", "component names", "instantiation"]);
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
      (type $outer (list u8)) (component $c (type $t (tuple $outer)) (export "t" (type $t))) (export "c" (component $c))
      (type $t (func (param "p" $e))) (func $f (type $t) (canon lift (core func $i "greet"))) (export "f" (func $f))`,
      "f",
    );
    expect(removed).toEqual(["core export alias", "export", "export alias", "lift", "type"]);
  });
});

describe("at every nesting level", () => {
  const GONE = () => false;

  test("an instance that nothing needs goes with all that is in it", async () => {
    const { component } = await removeFrom(NESTED, ["a:b/x"], GONE);
    expect(kindsOf(definitionsOf(component))).toEqual(["component names"]);
  });

  test("exports of a nested component that nobody asks for go, with what they need", async () => {
    const { component, output } = await removeFrom(
      `(component $c
        (core module $m (func (export "f"))) (core instance $i (instantiate $m)) (func (export "f") (canon lift (core func $i "f")))
        (core module $n (func (export "g"))) (core instance $j (instantiate $n)) (func (export "g") (canon lift (core func $j "g"))))
      (instance $x (instantiate $c)) (export "f" (func $x "f")) (export "g" (func $x "g"))`,
      ["g"],
      GONE,
    );
    const [nested] = definitionsOfKind(component, "component");
    expect(definitionsOfKind((nested as { component: Component }).component, "core module")).toHaveLength(1);
    expect(await wit(output)).toMatch(/export f: func/);
  });

  test("imports of a nested component that nobody needs go, with the arguments and what made them", async () => {
    const { component } = await removeFrom(
      `${CORE} (func $f (canon lift (core func $i "init")))
      (component $c (import "f" (func $f)) (import "h" (func $h)) (export "f2" (func $f)) (export "h2" (func $h)))
      (import "host" (func $host))
      (instance $x (instantiate $c (with "f" (func $f)) (with "h" (func $host)))) (export "f" (func $x "f2")) (export "h" (func $x "h2"))`,
      ["f"],
      GONE,
    );
    expect(definitionsOfKind(component, "core module")).toEqual([]);
    expect(definitionsOfKind(component, "instantiation")[0]?.args.map(({ name }) => name)).toEqual(["h"]);
  });

  test("what a child with an effect needs of its parent stays", async () => {
    const { component } = await removeFrom(
      `(import "host" (func $host))
      (component $c (import "f" (func $f)) (core func $l (canon lower (func $f)))
        (core module $m (import "" "f" (func))) (core instance (instantiate $m (with "" (instance (export "f" (func $l)))))))
      (instance $x (instantiate $c (with "f" (func $host))))`,
      [],
      () => true,
    );
    expect(definitionsOfKind(component, "instantiation")[0]?.args).toHaveLength(1);
  });

  test("a component that is passed on or exported keeps all that is in it", async () => {
    const { removed } = await removeFrom(
      `(component $c (type $t u8) (core module $m)) (instance (instantiate $c)) (export "c" (component $c))`,
      [],
      GONE,
    );
    expect(removed).toEqual(["instantiation"]);
  });

  test("a resource type goes with the last use of it, and its destructor's instance too", async () => {
    const { component } = await removeFrom(
      `(core module $m (func (export "drop") (param i32))) (core instance $i (instantiate $m))
      (type $r (resource (rep i32) (dtor (core func $i "drop"))))
      (instance $x (export "r" (type $r))) (export "a:b/x" (instance $x))`,
      ["a:b/x"],
      GONE,
    );
    expect(kindsOf(definitionsOf(component))).toEqual(["component names"]);
  });

  test("types that an instance exports stay with its functions, whose types may stand on them", async () => {
    const { component } = await removeFrom(
      `(component $c (type $r' (record (field "a" u8))) (export $r "r" (type $r'))
        (core module $m (func (export "f") (param i32))) (core instance $i (instantiate $m))
        (func $f (param "r" $r) (canon lift (core func $i "f"))) (export "f" (func $f)))
      (instance $x (instantiate $c)) (alias export $x "r" (type $r)) (export $r2 "r" (type $r)) (export "f" (func $x "f") (func (param "r" $r2)))`,
      [],
      GONE,
    );
    const [nested] = definitionsOfKind(component, "component");
    const exports = definitionsOfKind((nested as { component: Component }).component, "export");
    expect(exports.map(({ name }) => name.name)).toEqual(["r", "f"]);
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
