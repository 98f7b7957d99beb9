import { describe, expect, test } from "vitest";
import { exportedFunctions, importedInterfaces, usesAsync } from "../../src/component/resolve.js";
import { formatFunctionType } from "../../src/component/value-types.js";
import { decodeText } from "./support.js";

/** Exported functions in WIT syntax, by `interface#name`. */
async function exported(text: string): Promise<Record<string, string>> {
  const functions = exportedFunctions(await decodeText(`(component ${text})`));
  return Object.fromEntries(
    functions.map((one) => [
      one.interface === undefined ? one.name : `${one.interface}#${one.name}`,
      formatFunctionType(one.type),
    ]),
  );
}

describe("the type of an exported function", () => {
  test.each<[string, string, string]>([
    ["of primitive types", '(param "a" u8) (param "b" string) (result char)', "func(a: u8, b: string) -> char"],
    ["of anonymous types", '(param "a" (list (tuple u8 string)))', "func(a: list<tuple<u8, string>>)"],
    ["with a list of fixed length", '(param "a" (list u8 4))', "func(a: list<u8, 4>)"],
    ["with a map", '(param "a" (map string u8))', "func(a: map<string, u8>)"],
    ["with results", "(result (result u8 (error string)))", "func() -> result<u8, string>"],
    ["with an error case only", "(result (result (error string)))", "func() -> result<_, string>"],
    ["with options and flags", '(param "a" (option (flags "x" "y")))', "func(a: option<flags { x, y }>)"],
    ["with a variant", '(param "a" (variant (case "x") (case "y" u8)))', "func(a: variant { x, y(u8) })"],
    ["with a stream", '(param "a" (stream u8))', "func(a: stream)"],
  ])("%s", async (_, signature, expected) => {
    expect(await exported(`(import "f" (func $f ${signature})) (export "g" (func $f))`)).toEqual({ g: expected });
  });

  test("that is async", async () => {
    expect(await exported('(import "f" (func $f async)) (export "g" (func $f))')).toEqual({ g: "async func()" });
  });

  test("that a core function is lifted to", async () => {
    const text = `(core module $m (func (export "f") (param i32))) (core instance $i (instantiate $m))
      (type $t (func (param "a" u32))) (func $f (type $t) (canon lift (core func $i "f"))) (export "f" (func $f))`;
    expect(await exported(text)).toEqual({ f: "func(a: u32)" });
  });

  test("through exports of exports", async () => {
    const text = '(import "f" (func $f (param "a" u8))) (export $x "x" (func $f)) (export "y" (func $x))';
    expect(await exported(text)).toEqual({ x: "func(a: u8)", y: "func(a: u8)" });
  });

  test("through an imported type and one exported under another name", async () => {
    const text = `(type $r (record (field "n" u8))) (import "r" (type $i (eq $r))) (export $e "s" (type $i))
      (import "f" (func $f (param "a" $e))) (export "g" (func $f))`;
    expect(await exported(text)).toEqual({ g: "func(a: record { n: u8 })" });
  });

  test("through an alias of an imported instance and of an instance in it", async () => {
    const text = `(import "i" (instance $i (export "inner" (instance
        (type $l (list u8)) (export "t" (type $t (eq $l))) (export "f" (func (param "a" $t)))))))
      (alias export $i "inner" (instance $n)) (alias export $n "f" (func $f)) (export "g" (func $f))`;
    expect(await exported(text)).toEqual({ g: "func(a: list<u8>)" });
  });

  test("with types from enclosing scopes at two depths", async () => {
    const text = `(type $a (list u8)) (component $c (type $b (tuple $a $a))
        (component $d (import "f" (func $f (param "x" $a) (param "y" $b))) (export "g" (func $f)))
        (import "f" (func $f (param "x" $a) (param "y" $b)))
        (instance $i (instantiate $d (with "f" (func $f)))) (export "g" (func $i "g")))
      (import "f" (func $f (param "x" $a) (param "y" (tuple $a $a)))) (instance $i (instantiate $c (with "f" (func $f))))
      (export "g" (func $i "g"))`;
    expect(await exported(text)).toEqual({ g: "func(x: list<u8>, y: tuple<list<u8>, list<u8>>)" });
  });

  test("that a component gets as an argument, for each of its instances", async () => {
    const text = `(component $c (import "f" (func $f)) (export "f" (func $f)))
      (import "a" (func $a (param "x" u8))) (import "b" (func $b (param "y" string)))
      (instance $i (instantiate $c (with "f" (func $a)))) (instance $j (instantiate $c (with "f" (func $b))))
      (export "a:a/i" (instance $i)) (export "a:a/j" (instance $j))`;
    expect(await exported(text)).toEqual({ "a:a/i#f": "func(x: u8)", "a:a/j#f": "func(y: string)" });
  });

  test("with a type that a component gets as an argument, for each of its instances", async () => {
    const text = `
      (component $c (import "t" (type $t (sub resource))) (import "f" (func $f (param "a" (own $t))))
        (type $l (list $t)) (export "l" (type $l)))
      (type $u8 u8) (type $s string) (import "f" (func $f))
      (instance $i (instantiate $c (with "t" (type $u8)) (with "f" (func $f))))
      (instance $j (instantiate $c (with "t" (type $s)) (with "f" (func $f))))
      (alias export $i "l" (type $il)) (alias export $j "l" (type $jl))
      (import "g" (func $g (param "a" $il) (param "b" $jl))) (export "g" (func $g))`;
    expect(await exported(text)).toEqual({ g: "func(a: list<u8>, b: list<string>)" });
  });

  test("through an instance of a component that comes out of an instance", async () => {
    const text = `(component $outer (type $t u16)
        (component $inner (import "f" (func $f (param "a" $t))) (export "f" (func $f))) (export "inner" (component $inner)))
      (instance $o (instantiate $outer)) (alias export $o "inner" (component $c)) (import "f" (func $f (param "a" u16)))
      (instance $i (instantiate $c (with "f" (func $f)))) (export "g" (func $i "f"))`;
    expect(await exported(text)).toEqual({ g: "func(a: u16)" });
  });

  test("with handles", async () => {
    const text = `(import "r" (type $r (sub resource))) (import "f" (func $f (param "a" (own $r)) (param "b" (borrow $r))))
      (export "g" (func $f))`;
    expect(await exported(text)).toEqual({ g: "func(a: resource, b: borrow<resource>)" });
  });
});

describe("interfaces", () => {
  test("list their functions, and nothing of their other exports", async () => {
    const text = `(import "f" (func $f)) (type $t u8)
      (instance $i (export "f" (func $f)) (export "t" (type $t)) (export "[static]r.s" (func $f))) (export "a:b/c@1.0.0" (instance $i))`;
    expect(await exported(text)).toEqual({ "a:b/c@1.0.0#f": "func()", "a:b/c@1.0.0#[static]r.s": "func()" });
  });

  test("have the error types of their functions, also by the names of others", async () => {
    const component = await decodeText(`(component
      (import "a:b/types" (instance $t (type $e' (enum "no" "never")) (export "e" (type (eq $e')))))
      (alias export $t "e" (type $e))
      (import "a:b/user" (instance (export "e" (type $own (eq $e)))
        (export "f" (func (result (result (error $own))))) (export "g" (func (result (result u8)))))))`);
    const [, user] = importedInterfaces(component);
    expect(user?.errors).toEqual(new Map([["f", { kind: "enum", labels: ["no", "never"] }]]));
  });

  test("that are imported list functions and resources of their own", async () => {
    const component = await decodeText(`(component
      (import "a:b/types" (instance $t (export "r" (type (sub resource)))))
      (alias export $t "r" (type $r))
      (import "a:b/user" (instance (export "s" (type (eq $r))) (export "own" (type (sub resource))) (export "f" (func))
        (export "[method]own.g" (func (result (result u8 (error string)))))))
      (import "alone" (func)) (import "t" (type (sub resource))))`);
    expect(importedInterfaces(component)).toEqual([
      { name: "a:b/types", functions: [], resources: ["r"], errors: new Map() },
      {
        name: "a:b/user",
        functions: ["f", "[method]own.g"],
        resources: ["own"],
        errors: new Map([["[method]own.g", { kind: "string" }]]),
      },
      { name: "alone", functions: [""], resources: [], errors: new Map() },
    ]);
  });

  test("that are imported within another are interfaces too", async () => {
    const component = await decodeText(`(component (import "a:b/outer" (instance (export "f" (func))
      (export "inner" (instance (export "g" (func (result (result (error u8))))) (export "r" (type (sub resource)))
        (export "last" (instance (export "h" (func async)))))))))`);
    expect(importedInterfaces(component)).toEqual([
      { name: "a:b/outer", functions: ["f"], resources: [], errors: new Map() },
      { name: "a:b/outer/inner", functions: ["g"], resources: ["r"], errors: new Map([["g", { kind: "u8" }]]) },
      {
        name: "a:b/outer/inner/last",
        functions: ["h"],
        resources: [],
        errors: new Map(),
        asyncFunctions: new Set(["h"]),
      },
    ]);
  });
});

describe("async", () => {
  test.each([
    ["an async function type", "(type (func async))"],
    ["an async function in an imported interface", '(import "a" (instance (export "f" (func async))))'],
    ["a stream", "(type (stream u8))"],
    ["a future", "(type (future))"],
    ["an async lower", '(import "f" (func $f)) (core func (canon lower (func $f) async))'],
    ["a built-in", "(core func (canon waitable-set.new))"],
    ["backpressure", "(core func (canon backpressure.inc))"],
    ["a nested component", "(component (component (type (func async))))"],
  ])("is seen in %s", async (_, text) => {
    expect(usesAsync(await decodeText(`(component ${text})`))).toBe(true);
  });

  test.each([
    ["synchronous functions", '(import "f" (func $f)) (core func (canon lower (func $f)))'],
    ["resources", "(type $r (resource (rep i32))) (core func (canon resource.drop $r))"],
  ])("is not seen in %s", async (_, text) => {
    expect(usesAsync(await decodeText(`(component ${text})`))).toBe(false);
  });
});
