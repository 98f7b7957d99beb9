import { expect, test } from "vitest";
import { type Library, readLibrary } from "../../src/link/library.js";
import { dependenciesOf, instantiationOrder } from "../../src/link/order.js";
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
  const libraries = await librariesOf(lines);
  const order = instantiationOrder(libraries, dependenciesOf(libraries, new Symbols(libraries)));
  return order.map(({ name }) => name).join(" ");
}

test("what is needed comes first, otherwise the order is the one given", async () => {
  expect(await orderOf("a", "b", "c")).toBe("a b c");
  expect(await orderOf("a: b", "b: c", "c")).toBe("c b a");
  expect(await orderOf("a: c", "b", "c")).toBe("b c a");
});

test("what goes round in a circle comes in the order given, after what all of it needs", async () => {
  expect(await orderOf("a: b", "b: a c", "c")).toBe("c a b");
  expect(await orderOf("a: b", "b: c", "c: b", "d: a")).toBe("b c a d");
  expect(await orderOf("a: a")).toBe("a");
});

test("two circles, one needing the other", async () => {
  expect(await orderOf("a: b", "b: a c", "c: d", "d: c")).toBe("c d a b");
});

test("a long chain", async () => {
  const lines = Array.from({ length: 300 }, (_, i) => (i === 299 ? `l${i}` : `l${i}: l${i + 1}`));
  expect(await orderOf(...lines)).toBe(lines.map((_, i) => `l${299 - i}`).join(" "));
});
