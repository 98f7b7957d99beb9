import { expect, test } from "vitest";
import { type Library, readLibrary } from "../../src/link/library.js";
import { instantiationOrder } from "../../src/link/order.js";
import { Symbols } from "../../src/link/symbols.js";
import { wat } from "../support/wat.js";

/** `a: b c` is a library that needs two others. */
async function librariesOf(lines: readonly string[]): Promise<Library[]> {
  return Promise.all(
    lines.map(async (line) => {
      const [name = "", ...needed] = line.split(/:? /);
      const text = `(module (@dylink.0 (needed ${needed.map((one) => `"${one}"`).join(" ")})))`;
      return readLibrary({ name, bytes: await wat(needed.length === 0 ? "(module (@dylink.0))" : text) });
    }),
  );
}

async function orderOf(...lines: string[]): Promise<string> {
  return namesInOrder(await librariesOf(lines));
}

/** By name, what the libraries import and define. */
async function orderOfModules(modules: Readonly<Record<string, string>>): Promise<string> {
  const libraries = Object.entries(modules).map(async ([name, fields]) =>
    readLibrary({ name, bytes: await wat(`(module (@dylink.0) ${fields})`) }),
  );
  return namesInOrder(await Promise.all(libraries));
}

function namesInOrder(libraries: readonly Library[]): string {
  const symbols = new Symbols(libraries);
  const order = instantiationOrder(libraries, symbols);
  return order.map(({ name }) => name).join(" ");
}

test("what is needed comes first, otherwise the order is the one given", async () => {
  expect(await orderOf("a", "b", "c")).toBe("a b c");
  expect(await orderOf("a: b", "b: c", "c")).toBe("c b a");
  expect(await orderOf("a: c", "b", "c")).toBe("c a b");
});

test("what goes round in a circle comes in the order given, after what all of it needs", async () => {
  expect(await orderOf("a: b", "b: a c", "c")).toBe("c a b");
  expect(await orderOf("a: b", "b: c", "c: b", "d: a")).toBe("b c a d");
  expect(await orderOf("a: a")).toBe("a");
});

test("functions that are called come in the order of their names, addresses do not count", async () => {
  const callee = (name: string) => `(import "env" "${name}" (func))`;
  const libraries = { b: '(func (export "f"))', c: '(func (export "g")) (global (export "d") i32 (i32.const 0))' };
  expect(await orderOfModules({ a: callee("g") + callee("f"), ...libraries })).toBe("b c a");
  expect(await orderOfModules({ a: '(import "GOT.mem" "d" (global (mut i32)))', ...libraries })).toBe("a b c");
});

test("two circles, one needing the other", async () => {
  expect(await orderOf("a: b", "b: a c", "c: d", "d: c")).toBe("c d a b");
});

test("in a circle, who defines a tag comes before who imports it", async () => {
  const thrower = '(import "env" "oops" (tag)) (func (export "f"))';
  const definer = '(import "env" "f" (func)) (tag (export "oops"))';
  expect(await orderOfModules({ a: thrower, b: definer })).toBe("b a");
  expect(await orderOfModules({ b: definer, a: thrower })).toBe("b a");
});

test("what a library imports and passes on under the same name is not its own", async () => {
  const passing =
    '(import "env" "f" (func $f)) (import "env" "oops" (tag $t)) (export "f" (func $f)) (export "oops" (tag $t))';
  expect(await orderOfModules({ a: passing, b: '(func (export "f")) (tag (export "oops"))' })).toBe("b a");
});

test("in a circle, tags that depend on each other in a row", async () => {
  const text = (call: string, imported: string, defined: string) =>
    `(import "env" "${call}" (func)) ${imported && `(import "env" "${imported}" (tag))`} (func (export "f-${defined}"))
      (tag (export "${defined}"))`;
  const a = text("f-y", "z", "x");
  const b = text("f-z", "x", "y");
  const c = text("f-x", "", "z");
  expect(await orderOfModules({ a, b, c })).toBe("c a b");
  expect(await orderOfModules({ b, a, c })).toBe("c a b");
});

test("a long chain", async () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => (i === 19_999 ? `l${i}` : `l${i}: l${i + 1}`));
  const order = namesInOrder(await librariesOf(lines));
  expect(order.startsWith("l19999 l19998 ")).toBe(true);
  expect(order.endsWith(" l1 l0")).toBe(true);
});
