import { describe, expect, test } from "vitest";
import type { ComponentInitError } from "../../src/errors.js";
import { completeImports, importKey, type Provided, unversioned } from "../../src/host/imports.js";
import { Refusals } from "../../src/host/refusals.js";
import { refusal } from "../support/refusal.js";
import { wat } from "../support/wat.js";
import { thrown } from "../wasi/support.js";

const STORE = {
  name: "local:host/store@1.2.0",
  functions: ["open-all", "[constructor]table", "[method]table.get-row", "[static]table.merge-two"],
  resources: ["table"],
  errors: new Map(),
};

interface Table {
  getRow(): unknown;
}
type TableClass = (new () => Table) & { mergeTwo(): unknown };

function complete(interfaces: Parameters<typeof completeImports>[0], given: Provided = {}, host: Provided = {}) {
  const interruptions: Error[] = [];
  const refusals = new Refusals((error) => interruptions.push(error));
  return { imports: completeImports(interfaces, { host, given }, refusals), interruptions, refusals };
}

/** The refusal that a call ends with, which must be the one that the host was told of. */
function refused(interruptions: Error[], call: () => unknown): string {
  interruptions.length = 0;
  expect(call).toThrow(/^initialization called the import /);
  expect(interruptions).toHaveLength(1);
  expect(interruptions[0]).toMatchObject({ code: "not-granted" });
  return (interruptions[0] as ComponentInitError).message;
}

describe("what no one provides refuses to be used, by its full name", () => {
  const { imports, interruptions } = complete([
    STORE,
    { name: "answer", functions: [""], resources: [], errors: new Map() },
  ]);
  const store = imports["local:host/store"] as { openAll(): unknown; Table: TableClass };

  test("a function of an interface", () => {
    expect(refused(interruptions, () => store.openAll())).toContain("local:host/store@1.2.0#open-all,");
  });

  test("a function of the world", () => {
    const answer = imports.answer as { default(): unknown };
    expect(refused(interruptions, () => answer.default())).toContain("the import answer,");
  });

  test("a constructor", () => {
    expect(refused(interruptions, () => new store.Table())).toContain("local:host/store@1.2.0#[constructor]table,");
  });

  test("a method", () => {
    const table = Object.create(store.Table.prototype) as Table;
    expect(refused(interruptions, () => table.getRow())).toContain("local:host/store@1.2.0#[method]table.get-row,");
  });

  test("a static function", () => {
    expect(refused(interruptions, () => store.Table.mergeTwo())).toContain(
      "local:host/store@1.2.0#[static]table.merge-two,",
    );
  });

  test("nothing before it is used", () => {
    interruptions.length = 0;
    complete([STORE]);
    expect(interruptions).toEqual([]);
  });
});

test("a function of WASI that can say so denies the call instead, and the guest goes on", () => {
  const errors = new Map([["connect", { kind: "enum", labels: ["unknown", "access-denied"] } as const]]);
  const sockets = { name: "wasi:sockets/x@0.2.0", functions: ["connect", "look"], resources: [], errors };
  const { imports, interruptions, refusals } = complete([sockets]);
  const members = imports["wasi:sockets/x"] as { connect(): unknown; look(): unknown };
  expect(thrown(() => members.connect())).toBe("access-denied");
  expect(interruptions).toEqual([]);
  expect(refusals.list()).toEqual([{ import: "wasi:sockets/x@0.2.0#connect", count: 1 }]);
  expect(refused(interruptions, () => members.look())).toMatch(/not granted: give it with --allow-network$/);
});

describe("what is given and lacks something says what", () => {
  const item = { name: "answer", functions: [""], resources: [], errors: new Map() };
  class Table {}
  const { imports, interruptions } = complete([STORE, item], { "local:host/store": { Table }, answer: {} });
  const store = imports["local:host/store"] as { openAll(): unknown; Table: TableClass };

  test.each<[string, () => unknown, string]>([
    ["a function", () => store.openAll(), "local:host/store@1.2.0 has no function openAll"],
    ["a method", () => new store.Table().getRow(), "has no method getRow in its class Table"],
    ["a static function", () => store.Table.mergeTwo(), "has no static function mergeTwo in its class Table"],
    ["a function of the world", () => (imports.answer as { default(): unknown }).default(), "has no default export"],
  ])("%s", (_, call, message) => {
    expect(refused(interruptions, call)).toContain(message);
  });

  test("a class", () => {
    const { imports, interruptions } = complete([STORE], { "local:host/store": {} });
    const { Table } = imports["local:host/store"] as { Table: TableClass };
    expect(refused(interruptions, () => new Table())).toContain("has no class Table");
  });
});

describe("what is provided is used", () => {
  test("next to what is not", () => {
    class Table {
      getRow() {
        return "row";
      }
    }
    const { imports, interruptions } = complete([STORE], { "local:host/store": { Table } });
    const store = imports["local:host/store"] as { openAll(): unknown; Table: TableClass };
    expect(store.Table).toBe(Table);
    expect(new store.Table().getRow()).toBe("row");
    expect(refused(interruptions, () => store.Table.mergeTwo())).toContain("[static]table.merge-two");
    expect(refused(interruptions, () => store.openAll())).toContain("open-all");
  });

  test("in the place of what the host has", () => {
    const { imports, interruptions } = complete(
      [STORE],
      { "local:host/store": {} },
      { "local:host/store": { openAll() {} } },
    );
    expect(refused(interruptions, () => (imports["local:host/store"] as { openAll(): unknown }).openAll())).toContain(
      "has no function openAll",
    );
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

test("versions in the names of what is given make no difference", () => {
  const given = { note: () => undefined };
  expect(unversioned({ "a:b/c@1.0.0": given, answer: given })).toEqual({ "a:b/c": given, answer: given });
});

test.each([
  ["wasi:http/types@0.2.10", "wasi:http/types"],
  ["a:b/c@1.0.0-rc.1", "a:b/c"],
  ["wasi:clocks/monotonic-clock@0.3", "wasi:clocks/monotonic-clock@0.3"],
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
