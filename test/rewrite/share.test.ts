import { expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { coreModules, print, wat } from "../support/wat.js";

const CELL = `(core module $m (global $g (mut i32) (i32.const 0))
  (func (export "set") (global.set $g (i32.const 5))) (func (export "get") (result i32) (global.get $g)))`;

async function output(text: string) {
  const { component } = await preinitialize(await wat(text), { initFunc: "init", verify: true });
  const printed = await print(component);
  const count = (pattern: RegExp) => printed.match(pattern)?.length ?? 0;
  return {
    modules: (await coreModules(component)).length,
    components: count(/^ +\(component\b/gm),
    outerAliases: count(/\(alias outer/g),
    text: printed,
  };
}

const exports = (names: readonly string[], get: (name: string) => string) =>
  names.map((name) => `(func (export "${name}") (result u32) (canon lift ${get(name)}))`).join("\n");

test("instances of a core module with equal state share it, others do not", async () => {
  const { modules, text } = await output(`(component ${CELL}
    ${["a", "b", "c"].map((name) => `(core instance $${name} (instantiate $m))`).join(" ")}
    (func (export "init") (canon lift (core func $b "set")))
    ${exports(["a", "b", "c"], (name) => `(core func $${name} "get")`)})`);
  expect(modules).toBe(2);
  expect(text).toMatch(/core instance \$a \(;0;\) \(instantiate \$m\)/);
  expect(text).toMatch(/core instance \$c \(;2;\) \(instantiate \$m\)/);
});

test("instances in different components share a core module of the root", async () => {
  const nested = (name: string) => `(component $${name} (alias outer $root $m (core module $m))
    (core instance $i (instantiate $m)) (func (export "get") (result u32) (canon lift (core func $i "get"))))
    (instance $${name} (instantiate $${name})) (export "${name}" (func $${name} "get"))`;
  const { modules, outerAliases, text } = await output(`(component $root ${CELL} ${nested("x")} ${nested("y")}
    (core module $n (func (export "f"))) (core instance $n (instantiate $n))
    (func (export "init") (canon lift (core func $n "f"))))`);
  expect({ modules, outerAliases }).toEqual({ modules: 1, outerAliases: 2 });
  expect(text).toMatch(/\(core module \$m \(;0;\)/);
});

test("instances of a nested component with equal state share it, others do not", async () => {
  const { modules, components } = await output(`(component
    (component $c ${CELL} (core instance $i (instantiate $m)) (func (export "set") (canon lift (core func $i "set")))
      (func (export "get") (result u32) (canon lift (core func $i "get"))))
    (instance $a (instantiate $c)) (instance $b (instantiate $c)) (instance $d (instantiate $c))
    (export "init" (func $a "set")) (export "a" (func $a "get")) (export "b" (func $b "get")) (export "d" (func $d "get")))`);
  expect({ modules, components }).toEqual({ modules: 2, components: 2 });
});

test("a component shares nothing with one that is defined like it", async () => {
  const nested = (name: string) => `(component $${name} ${CELL} (core instance $i (instantiate $m))
    (func (export "set") (canon lift (core func $i "set"))) (func (export "get") (result u32) (canon lift (core func $i "get"))))
    (instance $${name} (instantiate $${name})) (export "${name}" (func $${name} "get"))`;
  const { modules, components } = await output(
    `(component ${nested("x")} ${nested("y")} (export "init" (func $y "set")))`,
  );
  expect({ modules, components }).toEqual({ modules: 2, components: 2 });
});
