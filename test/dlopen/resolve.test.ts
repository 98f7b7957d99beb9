import { describe, expect, test } from "vitest";
import { DlError } from "../../src/dlopen/interface.js";
import { type Definer, findData, findFunction, findPointee, findTag, scopeOf } from "../../src/dlopen/resolve.js";
import type { FuncType } from "../../src/module/types.js";

const type: FuncType = { kind: "func", params: [], results: [] };
let libraries = 0;

function definer(name: string, functions: Record<string, string>, data: Record<string, number> = {}): Definer {
  const defined = Object.entries(functions).map(
    ([symbol, signature], index) => [symbol, { name: symbol, index, type, signature }] as const,
  );
  const tags = new Map([["tag", `[${name}] -> []`]]);
  return {
    owner: { library: libraries++ },
    name,
    functions: new Map(defined),
    data: new Map(Object.entries(data)),
    tags,
  };
}

const wanted = (name: string, signature: string) => ({ name, signature, type, isWeak: false });
const PROGRAM = definer("program", { f: "[] -> []", shared: "[] -> []" }, { x: 1 });
const GLOBAL = definer("global", { g: "[] -> []", shared: "[i32] -> []" }, { x: 2, y: 3 });
const OPENED = definer("opened", { f: "[i32] -> []", own: "[] -> []" }, { y: 4, z: 5 });
const SCOPE = scopeOf([PROGRAM, GLOBAL], [OPENED, GLOBAL]);

test("what is global comes before what is opened, each once", () => {
  expect(SCOPE.map(({ name }) => name)).toEqual(["program", "global", "opened"]);
});

describe("the first definition in the scope is everyone's", () => {
  test.each([
    ["f", "program"],
    ["g", "global"],
    ["own", "opened"],
    ["none", undefined],
  ])("function %s is that of %s", (name, owner) => {
    expect(findPointee(SCOPE, name)?.definer.name).toBe(owner);
    expect(findFunction(SCOPE, wanted(name, "[] -> []"), "user.so")?.definer.name).toBe(owner);
  });

  test.each([
    ["x", 1],
    ["y", 3],
    ["z", 5],
    ["none", undefined],
  ])("data %s is at %s", (name, address) => {
    expect(findData(SCOPE, name)?.address).toBe(address);
  });
});

test("of another type it is an error, although a later one would do", () => {
  const find = () => findFunction(SCOPE, wanted("shared", "[i32] -> []"), "user.so");
  expect(find).toThrow(DlError);
  expect(find).toThrow("Error relocating user.so: it calls shared as [i32] -> [], and program defines it as [] -> []");
});

test("tags are told apart by their types", () => {
  expect(findTag(SCOPE, wanted("tag", "[global] -> []"))?.name).toBe("global");
  expect(findTag(SCOPE, wanted("tag", "[other] -> []"))).toBeUndefined();
});
