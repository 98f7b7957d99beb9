import { describe, expect, test } from "vitest";
import { completeImports } from "../../src/host/imports.js";
import { Refusals } from "../../src/host/refusals.js";
import { type HostCall, traceImports } from "../../src/host/trace.js";
import { GuestExit } from "../../src/wasi/index.js";
import { thrown } from "../wasi/support.js";

class Row {
  constructor(readonly value: number) {}
  read(offset: number) {
    return this.value + offset;
  }
}

class Table {
  static merge(a: Table, b: Table) {
    return [a, b, new Table(9)];
  }
  readonly #size: number;
  constructor(size: number) {
    this.#size = size;
  }
  rows() {
    return { first: new Row(this.#size), missing: undefined };
  }
}

const STORE = {
  name: "local:host/store@1.2.0",
  functions: [
    "open-all",
    "fail",
    "[constructor]table",
    "[method]table.rows",
    "[static]table.merge",
    "[method]row.read",
  ],
  resources: ["table", "row"],
  errors: new Map(),
};
const ANSWER = { name: "answer", functions: [""], resources: [], errors: new Map() };

interface Store {
  openAll(...args: unknown[]): unknown;
  fail(): never;
  Table: typeof Table;
}

function trace(given: Record<string, Record<string, unknown>>, interfaces = [STORE, ANSWER]) {
  const calls: Omit<HostCall, "us">[] = [];
  const complete = completeImports(interfaces, { host: {}, given }, new Refusals(() => {}));
  const onCall = ({ us, ...call }: HostCall) => {
    expect(us).toBeGreaterThanOrEqual(0);
    calls.push(call);
  };
  const imports = traceImports(complete, interfaces, () => undefined, onCall);
  return { calls, store: imports["local:host/store"] as unknown as Store, imports };
}

describe("a call is told with its arguments and its result", () => {
  test("of a function of an interface, and of the world", () => {
    const { calls, store, imports } = trace({
      "local:host/store": { openAll: (a: number) => a + 1 },
      answer: { default: () => 42n },
    });
    expect(store.openAll(1)).toBe(2);
    expect((imports.answer as { default(): unknown }).default()).toBe(42n);
    expect(calls).toEqual([
      { import: "local:host/store#open-all", args: [1], result: 2 },
      { import: "answer", args: [], result: 42 },
    ]);
  });

  test("of constructors, methods and static functions, also of resources that are inside of a result", () => {
    const { calls, store } = trace({ "local:host/store": { Table, Row } });
    const table = new store.Table(5);
    expect(table.rows().first.read(2)).toBe(7);
    const [same, , made] = store.Table.merge(table, table);
    expect(same).toBe(table);
    made?.rows();
    const row = (id: number) => ({ first: { handle: "row", id }, missing: null });
    const first = { handle: "table", id: 1 };
    expect(calls).toEqual([
      { import: "local:host/store#[constructor]table", args: [5], result: first },
      { import: "local:host/store#[method]table.rows", args: [first], result: row(2) },
      { import: "local:host/store#[method]row.read", args: [{ handle: "row", id: 2 }, 2], result: 7 },
      {
        import: "local:host/store#[static]table.merge",
        args: [first, first],
        result: [first, first, { handle: "table", id: 3 }],
      },
      { import: "local:host/store#[method]table.rows", args: [{ handle: "table", id: 3 }], result: row(4) },
    ]);
  });
});

describe("what the glue sees", () => {
  test("are classes that its objects are instances of", () => {
    const { store } = trace({ "local:host/store": { Table, Row } });
    expect(new Table(1)).toBeInstanceOf(store.Table);
    expect(new store.Table(1)).toBeInstanceOf(Table);
    expect(store.Table.prototype).toBe(Table.prototype);
  });

  test("leaves the caller's objects as they were, for other runs use them too", () => {
    const given = { Table, Row, openAll: () => new Table(1) };
    const { store } = trace({ "local:host/store": given });
    (store.openAll() as Table).rows();
    expect(given.Table).toBe(Table);
    expect(Object.hasOwn(new Table(1), "rows")).toBe(false);
    const again = trace({ "local:host/store": given });
    (again.store.openAll() as Table).rows();
    expect(again.calls).toHaveLength(2);
  });
});

describe("an error", () => {
  class ComponentError extends Error {
    constructor(readonly payload: unknown) {
      super("component error");
    }
  }

  test.each<[string, unknown, unknown]>([
    ["case of a result", "no-entry", "no-entry"],
    ["with a payload", new ComponentError({ tag: "other", val: "x" }), { tag: "other", val: "x" }],
    ["that is a trap", new WebAssembly.RuntimeError("wasm trap: y"), "wasm trap: y"],
    ["that ends the guest", new GuestExit(3), { exit: 3 }],
  ])("%s", (_, error, shown) => {
    const fail = () => {
      throw error;
    };
    const { calls, store } = trace({ "local:host/store": { fail } });
    expect(thrown(() => store.fail())).toBe(error);
    expect(calls).toEqual([{ import: "local:host/store#fail", args: [], error: shown }]);
  });

  test("may carry a resource, whose calls are told then", () => {
    const { calls, store } = trace({
      "local:host/store": {
        Row,
        fail: () => {
          throw { tag: "at", val: new Row(1) };
        },
      },
    });
    (thrown(() => store.fail()) as { val: Row }).val.read(1);
    expect(calls.at(-1)).toMatchObject({ import: "local:host/store#[method]row.read", result: 2 });
  });

  test("of a stand-in is told too", () => {
    const { calls, store } = trace({});
    thrown(() => store.openAll());
    expect(calls).toMatchObject([{ error: expect.stringContaining("which is not granted") }]);
  });
});

test("a resource that the guest gets twice tells of each call once", () => {
  const row = new Row(1);
  const { calls, store } = trace({ "local:host/store": { Row, openAll: () => row } });
  store.openAll();
  (store.openAll() as Row).read(1);
  expect(calls.map(({ import: name }) => name)).toEqual([
    "local:host/store#open-all",
    "local:host/store#open-all",
    "local:host/store#[method]row.read",
  ]);
});

test("results may hold circles where their types have nothing", () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  const { calls, store } = trace({ "local:host/store": { openAll: () => circle } });
  expect(store.openAll()).toBe(circle);
  expect(calls).toHaveLength(1);
});
