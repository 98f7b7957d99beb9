import { afterEach, expect, test } from "vitest";
import { instrument, invoke, preinitialize, prepare } from "../../src/index.js";
import { wat } from "../support/wat.js";

const engine = WebAssembly as { Suspending?: unknown; promising?: unknown };
const { Suspending, promising } = engine;
let uses = 0;

/** From now on: wasm-tools, which assembles the text of tests, uses both. */
function countUses(): void {
  uses = 0;
  const count = () => {
    uses++;
    throw new Error("nothing has to wait here");
  };
  Object.assign(engine, { Suspending: count, promising: count });
}

afterEach(() => Object.assign(engine, { Suspending, promising }));

test("a component without async functions never switches stacks: start functions, calls between instances and of the host, destructors", async () => {
  const text = `(component
    (import "local:x/y" (instance $x (export "f" (func (param "a" string) (result u32)))))
    (component $A
      (core module $m (global $n (mut i32) (i32.const 0))
        (func (export "dtor") (param i32) (global.set $n (local.get 0)))
        (func (export "get") (result i32) (global.get $n)))
      (core instance $i (instantiate $m))
      (type $r' (resource (rep i32) (dtor (core func $i "dtor"))))
      (core func $new (canon resource.new $r'))
      (export $r "r" (type $r'))
      (func (export "make") (param "a" u32) (result (own $r)) (canon lift (core func $new)))
      (func (export "get") (result u32) (canon lift (core func $i "get"))))
    (component $B
      (import "a" (instance $a (export "r" (type $r (sub resource)))
        (export "make" (func (param "a" u32) (result (own $r))))))
      (import "x" (instance $x (export "f" (func (param "a" string) (result u32)))))
      (alias export $a "r" (type $r))
      (core module $libc (memory (export "memory") 1) (data (i32.const 8) "seven"))
      (core instance $libc (instantiate $libc))
      (core func $make (canon lower (func $a "make"))) (core func $drop (canon resource.drop $r))
      (core func $f (canon lower (func $x "f") (memory (core memory $libc "memory"))))
      (core module $m
        (import "" "make" (func $make (param i32) (result i32))) (import "" "drop" (func $drop (param i32)))
        (import "" "f" (func $f (param i32 i32) (result i32)))
        (func $run (call $drop (call $make (call $f (i32.const 8) (i32.const 5)))))
        (start $run) (func (export "init") (call $run)))
      (core instance $i (instantiate $m (with "" (instance (export "make" (func $make)) (export "drop" (func $drop))
        (export "f" (func $f))))))
      (func (export "init") (canon lift (core func $i "init"))))
    (instance $a (instantiate $A))
    (instance $b (instantiate $B (with "a" (instance $a)) (with "x" (instance $x))))
    (export "init" (func $b "init")) (export "get" (func $a "get")))`;
  const input = await wat(text);
  countUses();
  const given: string[] = [];
  const f = (text: string) => given.push(text) * 10;
  const { component } = await preinitialize(input, { initFunc: "init", imports: { "local:x/y": { f } } });
  expect(given).toEqual(["seven", "seven"]);
  const { results } = await invoke(await prepare(instrument(component)), ["get()"], {
    imports: { "local:x/y": { f } },
  });
  expect(results).toEqual([20]);
  expect(uses).toBe(0);
});
