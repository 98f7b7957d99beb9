import { describe, expect, test } from "vitest";
import { encodeComponent } from "../../src/component/encode.js";
import { removeDead } from "../../src/component/live.js";
import { specialize } from "../../src/specialize/specialize.js";
import { print, validate, wat } from "../support/wat.js";

/** What is instantiated must be so exactly once, and the component must still be valid. */
async function specialized(text: string) {
  const result = specialize(await wat(text));
  const modules = result.instances.map(({ module }) => module);
  expect(new Set(modules).size).toBe(modules.length);
  await validate(encodeComponent(result.component).toBytes());
  removeDead(result.component, { hasEffect: () => true, isExported: () => true, isImported: () => true });
  const bytes = encodeComponent(result.component).toBytes();
  await validate(bytes);
  return { ...result, text: await print(bytes) };
}

describe("what is instantiated once stays as it is", () => {
  test.each([
    ["a core module", "(core module $m) (core instance (instantiate $m))"],
    [
      "a nested component",
      "(component $c (core module $m) (core instance (instantiate $m))) (instance (instantiate $c))",
    ],
    ["nothing", "(core module $m) (component $c (core module))"],
  ])("%s", async (_, text) => {
    const input = await wat(`(component ${text})`);
    const { component, isUnchanged } = specialize(input);
    expect(isUnchanged).toBe(true);
    expect(Buffer.compare(encodeComponent(component).toBytes(), input)).toBe(0);
  });
});

describe("instances get definitions of their own", () => {
  test("in the order of instantiation, with the names that they had", async () => {
    const { instances } = await specialized(
      `(component
      (core module $m)
      (component $c (core instance $in (instantiate $n)) (core module $n) (core instance (instantiate $n)))
      (instance (instantiate $c))
      (core instance $a (instantiate $m)) (core instance (instantiate $m)))`.replace(
        "(core instance $in (instantiate $n)) ",
        "",
      ),
    );
    expect(instances.map(({ name, moduleName }) => [name, moduleName])).toEqual([
      ["n", "n"],
      ["a", "m"],
      ["m", "m"],
    ]);
  });

  test("an exported core module is not one of them", async () => {
    const { component, instances } = await specialized(
      '(component (core module $m) (core instance (instantiate $m)) (export "m" (core module $m)))',
    );
    const exported = component.sections.flatMap(({ definitions }) => definitions).find(({ kind }) => kind === "export");
    expect(instances.map(({ module }) => module)).not.toContain((exported as { item: unknown }).item);
  });

  test("components that double what they get are refused before they fill the memory", async () => {
    const doubling = Array.from(
      { length: 30 },
      (_, i) => `(component $c${i + 1} (instance (instantiate $c${i})) (instance (instantiate $c${i})))`,
    );
    const input = await wat(
      `(component (component $c0 (core module $m) (core instance (instantiate $m))) ${doubling.join(" ")} (instance (instantiate $c30)))`,
    );
    expect(() => specialize(input)).toThrow(/more than 10000/);
  });
});

/** `$p` hands out a component that refers to what is in `$p`. */
describe("a component that leaves the one it is defined in takes along", () => {
  const leaving = (inside: string, component: string) => `(component
    (component $p ${inside} (component $c ${component}) (export "c" (component $c)))
    (instance $p (instantiate $p)) (alias export $p "c" (component $c))
    (instance $one (instantiate $c)) (instance $two (instantiate $c)))`;

  test("core modules", async () => {
    const { instances } = await specialized(
      leaving("(core module $m (memory 7))", "(core instance (instantiate $m)) (core instance (instantiate $m))"),
    );
    expect(instances).toHaveLength(4);
  });

  test("components, and what these refer to", async () => {
    const { instances } = await specialized(
      leaving("(core module $m) (component $d (core instance (instantiate $m)))", "(instance (instantiate $d))"),
    );
    expect(instances).toHaveLength(2);
  });

  test("types, and types in them", async () => {
    const { instances } = await specialized(
      leaving(
        '(type $b (tuple u8)) (type $a (list $b)) (type $t (component (import "y" (func (param "z" $a)))))',
        `(core module $m (memory (export "m") 1) (func (export "f") (param i32 i32))
          (func (export "r") (param i32 i32 i32 i32) (result i32) unreachable)) (core instance $i (instantiate $m))
        (type $f (func (param "p" $a))) (func (type $f) (canon lift (core func $i "f") (memory (core memory $i "m")) (realloc (core func $i "r"))))
        (type $u (component (import "w" (component (type $t)))))`,
      ),
    );
    expect(instances).toHaveLength(2);
  });

  test("core types", async () => {
    await specialized(
      leaving(
        "(core type $t (func (param i32)))",
        '(core type $m (module (alias outer 2 0 (type $u)) (import "a" "b" (func (type $u)))))',
      ),
    );
  });
});

describe("component start functions", () => {
  const start = (func: string, call: string) => `(component
    (core module $m (func (export "plain")) (func (export "one") (param i32)) (func (export "result") (result i32) (i32.const 1))
      (func (export "post") (param i32)))
    (core instance $i (instantiate $m)) (func $f ${func}) ${call})`;

  test.each([
    ["without a result", '(canon lift (core func $i "plain"))', "(start $f)"],
    [
      "with a result that nobody uses, which is cleaned up",
      '(result u32) (canon lift (core func $i "result") (post-return (core func $i "post")))',
      "(start $f (result (value $v)))",
    ],
  ])("%s become core modules with one", async (_, func, call) => {
    const { component, instances } = specialize(await wat(start(func, call)));
    expect(instances).toHaveLength(2);
    const bytes = encodeComponent(component).toBytes();
    await validate(bytes);
    expect(await print(bytes)).toMatch(/\(start \d\)/);
  });

  test.each([
    [
      "an argument",
      '(param "a" u32) (canon lift (core func $i "one"))',
      '(import "v" (value $v u32)) (start $f (value $v))',
      /a component start function takes arguments/,
    ],
    [
      "a result that is used",
      '(result u32) (canon lift (core func $i "result"))',
      '(start $f (result (value $v))) (export "v" (value $v))',
      /has a result that something else uses/,
    ],
  ])("with %s are refused", async (_, func, call, message) => {
    const input = await wat(start(func, call));
    expect(() => specialize(input)).toThrow(message);
  });
});
