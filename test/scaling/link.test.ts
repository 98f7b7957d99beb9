import { describe, expect, test } from "vitest";
import { inspectLibrary, type Library, type LibraryInput, readLibrary } from "../../src/link/library.js";
import { link } from "../../src/link/link.js";
import { instantiationOrder, reachableOf } from "../../src/link/order.js";
import { Symbols } from "../../src/link/symbols.js";
import { watLibrary } from "../support/libraries.js";
import { wat } from "../support/wat.js";
import { expectLinear, growthOn } from "./growth.js";

const times = (n: number, item: (i: number) => string) => Array.from({ length: n }, (_, i) => item(i)).join("\n");

/** `n` libraries, of which each has the fields that `fields` gives and needs what `needs` says. */
async function librariesOf(
  n: number,
  needs: (i: number, n: number) => readonly number[],
  fields: (i: number, n: number) => string = () => "",
): Promise<LibraryInput[]> {
  return Promise.all(
    Array.from({ length: n }, async (_, i) => {
      const names = needs(i, n).map((other) => `"l${other}"`);
      const needed = names.length > 0 ? `(needed ${names.join(" ")})` : "";
      return { name: `l${i}`, bytes: await wat(`(module (@dylink.0 ${needed}) ${fields(i, n)})`), dlOpenable: i === 0 };
    }),
  );
}

const SHAPES: Readonly<Record<string, (i: number, n: number) => readonly number[]>> = {
  "that need none": () => [],
  "in a chain": (i, n) => (i + 1 < n ? [i + 1] : []),
  "in a ring": (i, n) => [(i + 1) % n],
  "in a ring the other way round": (i, n) => [(i + n - 1) % n],
  "around one": (i, n) => (i === 0 ? Array.from({ length: n - 1 }, (_, j) => j + 1) : [0]),
  "with two ways to each": (i, n) => [i + 1, i + 2].filter((other) => other < n),
};

function order(inputs: readonly LibraryInput[]): void {
  const libraries = inputs.map(readLibrary);
  const symbols = new Symbols(libraries);
  reachableOf(libraries, symbols);
  instantiationOrder(libraries, symbols);
}

describe("the order of libraries takes work that is linear in their number", () => {
  test.each(Object.entries(SHAPES))("%s", async (what, needs) => {
    expectLinear(what, await growthOn(130, (n) => librariesOf(n, needs), order));
  });

  test("in a circle of tags", async () => {
    const imported = (i: number) => `(import "env" "t${i}" (tag))`;
    const fields = (i: number, n: number) => `${i + 1 < n ? imported(i + 1) : ""} (tag (export "t${i}"))`;
    expectLinear("tags", await growthOn(130, (n) => librariesOf(n, (i, all) => [(i + 1) % all], fields), order));
  });
});

const WIT = "package p:q; world w { export init: func(); }";

/** A program of two libraries: what the first wants the second has. */
function program(first: (n: number) => string, second: (n: number) => string) {
  return async (n: number): Promise<LibraryInput[]> => [
    await watLibrary("main", `(module (@dylink.0) ${first(n)} (func (export "init")))`, { wit: WIT, world: "w" }),
    await watLibrary("second", `(module (@dylink.0) ${second(n)})`),
  ];
}

const SYMBOLS: Readonly<Record<string, (n: number) => Promise<LibraryInput[]>>> = {
  "functions that are called": program(
    (n) => times(n, (i) => `(import "env" "f${i}" (func))`),
    (n) => times(n, (i) => `(func (export "f${i}"))`),
  ),
  "functions whose addresses are taken": program(
    (n) => times(n, (i) => `(import "GOT.func" "f${i}" (global (mut i32)))`),
    (n) => `${times(n, (i) => `(import "GOT.func" "f${i}" (global (mut i32)))`)}
      (import "env" "__indirect_function_table" (table 0 funcref)) ${times(n, (i) => `(func (export "f${i}"))`)}`,
  ),
  data: program(
    (n) => times(n, (i) => `(import "GOT.mem" "d${i}" (global (mut i32)))`),
    (n) => times(n, (i) => `(global (export "d${i}") i32 (i32.const ${i}))`),
  ),
  "functions that nothing uses": program(
    () => "",
    (n) => times(n, (i) => `(func (export "f${i}"))`),
  ),
};

describe("linking takes work that is linear in", () => {
  test.each(Object.entries(SYMBOLS))("%s", async (what, make) => {
    expectLinear(what, await growthOn(130, make, (inputs) => link(inputs)));
  });

  test("exports of a world", async () => {
    const wit = (n: number) => `package p:q; world w { ${times(n, (i) => `export run${i}: func();`)} }`;
    const make = async (n: number) => [
      await watLibrary("main", `(module (@dylink.0) ${times(n, (i) => `(func (export "run${i}"))`)})`, {
        wit: wit(n),
        world: "w",
      }),
    ];
    expectLinear("exports", await growthOn(130, make, (inputs) => link(inputs)));
  });

  test("functions that nobody has", async () => {
    const make = program(
      (n) => times(n, (i) => `(import "env" "wanted${i}" (func))`),
      (n) => times(n, (i) => `(func (export "defined${i}"))`),
    );
    const fail = (inputs: LibraryInput[]) => expect(link(inputs)).rejects.toThrow(/no library defines wanted0/);
    expectLinear("functions", await growthOn(130, make, fail));
  });

  test("libraries that can be opened", async () => {
    const make = async (n: number) => {
      const others = await librariesOf(
        n,
        (i, all) => (i + 1 < all ? [i + 1] : []),
        (i) => `(func (export "f${i}"))`,
      );
      const main = await watLibrary("main", '(module (@dylink.0) (func (export "init")))', { wit: WIT, world: "w" });
      return [main, ...others.map((one) => ({ ...one, dlOpenable: true }))];
    };
    expectLinear("libraries", await growthOn(40, make, (inputs) => link(inputs)));
  });
});

describe("inspecting a library takes work that is linear in", () => {
  test.each<[string, (i: number) => string]>([
    ["imports", (i) => `(import "env" "f${i}" (func))`],
    ["exports", (i) => `(func (export "f${i}"))`],
    ["problems", (i) => `(import "env" "g${i}" (global i64))`],
  ])("%s", async (what, item) => {
    const make = async (n: number): Promise<Library | LibraryInput> => ({
      name: "l",
      bytes: await wat(`(module (@dylink.0) ${times(n, item)})`),
    });
    expectLinear(what, await growthOn(130, make, (input) => inspectLibrary(input as LibraryInput)));
  });
});
