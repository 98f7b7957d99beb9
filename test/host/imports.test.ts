import { describe, expect, test } from "vitest";
import type { ComponentInitError } from "../../src/errors.js";
import { completeImports, importKey } from "../../src/host/imports.js";
import { refusal } from "../support/refusal.js";
import { wat } from "../support/wat.js";

const STORE = {
  name: "local:host/store@1.2.0",
  functions: ["open-all", "[constructor]table", "[method]table.get-row", "[static]table.merge-two"],
  resources: ["table"],
};

interface Table {
  getRow(): unknown;
}
type TableClass = (new () => Table) & { mergeTwo(): unknown };

function complete(
  interfaces: Parameters<typeof completeImports>[0],
  provided: Parameters<typeof completeImports>[1] = {},
) {
  const refusals: ComponentInitError[] = [];
  return { imports: completeImports(interfaces, provided, (error) => refusals.push(error)), refusals };
}

/** The refusal that a call ends with, which must be the one that the host was told of. */
function refused(refusals: ComponentInitError[], call: () => unknown): string {
  refusals.length = 0;
  expect(call).toThrow(/which the host does not provide while initializing$/);
  expect(refusals).toHaveLength(1);
  expect(refusals[0]).toMatchObject({ code: "not-granted" });
  return (refusals[0] as ComponentInitError).message;
}

describe("what no one provides refuses to be used, by its full name", () => {
  const { imports, refusals } = complete([STORE, { name: "answer", functions: [""], resources: [] }]);
  const store = imports["local:host/store"] as { openAll(): unknown; Table: TableClass };

  test("a function of an interface", () => {
    expect(refused(refusals, () => store.openAll())).toContain("local:host/store@1.2.0#open-all,");
  });

  test("a function of the world", () => {
    const answer = imports.answer as { default(): unknown };
    expect(refused(refusals, () => answer.default())).toContain("the import answer,");
  });

  test("a constructor", () => {
    expect(refused(refusals, () => new store.Table())).toContain("local:host/store@1.2.0#[constructor]table,");
  });

  test("a method", () => {
    const table = Object.create(store.Table.prototype) as Table;
    expect(refused(refusals, () => table.getRow())).toContain("local:host/store@1.2.0#[method]table.get-row,");
  });

  test("a static function", () => {
    expect(refused(refusals, () => store.Table.mergeTwo())).toContain(
      "local:host/store@1.2.0#[static]table.merge-two,",
    );
  });

  test("nothing before it is used", () => {
    refusals.length = 0;
    complete([STORE]);
    expect(refusals).toEqual([]);
  });
});

describe("what is provided is used", () => {
  test("next to what is not", () => {
    class Table {
      getRow() {
        return "row";
      }
    }
    const { imports, refusals } = complete([STORE], { "local:host/store": { Table } });
    const store = imports["local:host/store"] as { openAll(): unknown; Table: TableClass };
    expect(store.Table).toBe(Table);
    expect(new store.Table().getRow()).toBe("row");
    expect(refused(refusals, () => store.Table.mergeTwo())).toContain("[static]table.merge-two");
    expect(refused(refusals, () => store.openAll())).toContain("open-all");
  });

  test("without changes to the object that was given", () => {
    const provided = { "local:host/store": {} };
    complete([STORE], provided);
    expect(provided).toEqual({ "local:host/store": {} });
  });

  test("for every version of the interface", () => {
    const openAll = () => "all";
    const { imports } = complete([STORE, { ...STORE, name: "local:host/store@2.0.0" }], {
      "local:host/store": { openAll },
    });
    expect(imports["local:host/store"]?.openAll).toBe(openAll);
    expect(Object.keys(imports)).toEqual(["local:host/store"]);
  });
});

test.each([
  ["wasi:http/types@0.2.10", "wasi:http/types"],
  ["a:b/c@1.0.0-rc.1", "a:b/c"],
  ["answer", "answer"],
])("the key of %s is %s", (name, key) => {
  expect(importKey(name)).toBe(key);
});

describe("a guest that uses what was not granted", () => {
  /** Its init uses a resource of the host: makes one, calls a method, a static function. */
  const guest = (use: string) => `(component
    (import "local:host/store@1.2.0" (instance $store
      (export "table" (type $table (sub resource)))
      (export "[constructor]table" (func (result (own $table))))
      (export "[method]table.get-row" (func (param "self" (borrow $table))))
      (export "[static]table.merge" (func))))
    (core func $new (canon lower (func $store "[constructor]table")))
    (core func $merge (canon lower (func $store "[static]table.merge")))
    (core module $m
      (import "h" "new" (func $new (result i32)))
      (import "h" "merge" (func $merge))
      (func (export "init") ${use}))
    (core instance $h (export "new" (func $new)) (export "merge" (func $merge)))
    (core instance $i (instantiate $m (with "h" (instance $h))))
    (func (export "init") (canon lift (core func $i "init"))))`;

  test.each([
    ["(drop (call $new))", "local:host/store@1.2.0#[constructor]table"],
    ["(call $merge)", "local:host/store@1.2.0#[static]table.merge"],
    ["(try_table (catch_all 0) (call $merge))", "local:host/store@1.2.0#[static]table.merge"],
  ])("by %s is refused, even if it catches the exception", async (use, name) => {
    const error = await refusal(await wat(guest(use)), { initFunc: "init" }, "not-granted");
    expect(error.message).toContain(`the import ${name},`);
  });
});
