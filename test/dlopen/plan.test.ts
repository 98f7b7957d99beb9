import { beforeAll, expect, test } from "vitest";
import { instrument, type PreinitializeOptions, preinitialize, type Report } from "../../src/index.js";
import { directoryOf, scriptedProgram, textLibrary } from "../support/dlopen.js";
import { jcoSession } from "../support/jco.js";
import { cLibrary } from "../support/libraries.js";
import { refusal } from "../support/refusal.js";
import { wat } from "../support/wat.js";

const A =
  "extern int b(int); extern int host_double(int); int (*twice)(int) = host_double; int a(int n) { return b(n) + twice(n); }";
const B = "int b(int n) { return n + 1; }";
const INIT = 'run("open /lib/b.so 258\\nopen /lib/a.so 2\\ncall 1 a 5")';

const OF_A = ["loads", 1, "libraries", 0, "bindings"] as const;
const UNBOUND = "it does not say once what each import of a.so is bound to";

const NO_ENTRIES = "it does not say whose table entries there are";

let component: Uint8Array;
let libraries: Readonly<Record<string, Uint8Array>>;

beforeAll(async () => {
  component = await scriptedProgram();
  const [a, b] = await Promise.all([cLibrary("a.so", A), cLibrary("b.so", B)]);
  libraries = { "a.so": a.bytes, "b.so": b.bytes };
});

function optionsFor(files = libraries): PreinitializeOptions & { initFunc: string } {
  return { initFunc: INIT, keepInitFunc: true, preopens: [{ host: directoryOf(files), guest: "/lib" }] };
}

const planOf = (report: Report) => report.dlopen?.plan as NonNullable<Report["dlopen"]>["plan"];

test("a plan says where libraries are and what they are bound to", async () => {
  const { report } = await preinitialize(component, optionsFor());
  const { version, loads } = planOf(report);
  expect([version, loads.map(({ opened, order }) => [opened, order])]).toEqual([
    1,
    [
      ["/lib/b.so", [0]],
      ["/lib/a.so", [1]],
    ],
  ]);
  const [b, a] = loads.flatMap((load) => load.libraries);
  expect(a).toMatchObject({ name: "a.so", path: "/lib/a.so", relocates: true, needed: [], uses: [0] });
  expect(a?.bindings).toContainEqual({
    module: "env",
    name: "b",
    kind: "func",
    target: { to: "export", owner: { library: 0 }, name: "b" },
  });
  expect(Object.keys({ ...b?.slots })).toEqual(["b"]);
  expect(JSON.parse(JSON.stringify(planOf(report)))).toEqual(planOf(report));
});

test("a plan is done again: the output is the same", async () => {
  const options = optionsFor();
  const first = await preinitialize(component, options);
  const plan = JSON.parse(JSON.stringify(planOf(first.report)));
  const second = await preinitialize(component, { ...options, dlopen: { plan } });
  expect(Buffer.compare(second.component, first.component)).toBe(0);
  expect(planOf(second.report)).toEqual(planOf(first.report));
});

test("a plan decides: what it says otherwise is done otherwise", async () => {
  const options = optionsFor();
  const plan = planOf((await preinitialize(component, options)).report);
  // a.so calls b, and now it is told that b is host_double.
  const changed = JSON.parse(JSON.stringify(plan)) as typeof plan;
  const binding = changed.loads[1]?.libraries[0]?.bindings.find(({ name }) => name === "b") as { target: object };
  binding.target = { to: "export", owner: changed.loads[1]?.entries[0]?.owner, name: "host_double" };
  const answer = async (used: typeof plan) => {
    const { component: output } = await preinitialize(component, { ...options, dlopen: { plan: used } });
    const { outcomes } = await jcoSession(output, { calls: [{ export: "run", args: ["call 1 a 5"] }] });
    return outcomes;
  };
  expect(await answer(plan)).toEqual([{ ok: "16\n" }]);
  expect(await answer(changed)).toEqual([{ ok: "20\n" }]);
});

test("a plan that does not fit is refused", async () => {
  const plan = planOf((await preinitialize(component, optionsFor())).report);
  const refused = async (options: PreinitializeOptions & { initFunc: string }, bytes = component) =>
    (await refusal(bytes, { ...options, dlopen: { plan } }, "plan-mismatch")).message;
  const other = (await cLibrary("b.so", `${B} int more;`)).bytes;
  expect(await refused(optionsFor({ ...libraries, "b.so": other }))).toBe(
    "the linking plan does not fit: the library b.so has changed: let another one be made",
  );
  expect(await refused({ ...optionsFor(), initFunc: INIT.replace("/lib/b.so", "/lib/a.so") })).toBe(
    "the linking plan does not fit: the program opens /lib/a.so where it has /lib/b.so: let another one be made",
  );
  expect(
    await refused({
      ...optionsFor(),
      initFunc: INIT.replace("open", "data default host_value\\nload /lib/a.so x\\nopen"),
    }),
  ).toMatch(/^the linking plan does not fit: the program opens x where it has \/lib\/b\.so/);
  const changed = instrument(component).encode();
  expect(await refused(optionsFor(), changed)).toBe(
    "the linking plan is for another component: let another one be made",
  );
});

test("a plan has what failed, too, and goes on after it", async () => {
  const files = {
    ...libraries,
    "unbound.so": await wat(textLibrary("", '(import "env" "nobodys" (func))')),
    "traps.so": await wat(textLibrary("(mem-info (memory 64 0))", '(func (export "_initialize") unreachable)')),
  };
  const opened = ["/lib/none.so", "/lib/unbound.so", "/lib/traps.so", "/lib/b.so"];
  const initFunc = `run(${JSON.stringify(opened.map((path) => `open ${path} 2`).join("\n"))})`;
  const options = { ...optionsFor(files), initFunc };
  const first = await preinitialize(component, options);
  const plan = JSON.parse(JSON.stringify(planOf(first.report))) as Plan;
  expect(plan.loads.map((load) => [load.opened, load.failed])).toEqual([
    ["/lib/unbound.so", "to be bound"],
    ["/lib/traps.so", "to start"],
    ["/lib/b.so", undefined],
  ]);
  const second = await preinitialize(component, { ...options, dlopen: { plan } });
  expect(Buffer.compare(second.component, first.component)).toBe(0);
  expect(second.report.dlopen).toEqual(first.report.dlopen);
});

/** Whatever a damaged file says is told of, and nothing of it is done. */
test.each<[string, readonly (string | number)[], unknown, string]>([
  ["no load", ["loads", 0], null, "the program opens /lib/b.so where it has nothing more"],
  ["no libraries", ["loads", 0, "libraries"], 7, "/lib/b.so needs b.so where it has nothing"],
  ["a library more", ["loads", 0, "libraries", 1], { name: "c.so" }, "/lib/b.so does not need c.so any more"],
  ["no order", ["loads", 1, "order"], [0, 0], "libraries are opened in another order"],
  ["no order to start in", ["loads", 1, "started"], null, "libraries are opened in another order"],
  ["another place", ["loads", 0, "libraries", 0, "slots", "b"], 1, "b.so comes to another place"],
  ["an export more", ["loads", 0, "libraries", 0, "slots", "more"], 1, "b.so comes to another place"],
  ["an import without a binding", [...OF_A, 0], {}, UNBOUND],
  ["an import that is bound to what nothing is", [...OF_A, 0, "target"], { to: "import", instance: -1 }, UNBOUND],
  ["an import that is bound to nobody", [...OF_A, 0, "target"], { to: "export", owner: "b.so", name: "b" }, UNBOUND],
  ["an entry of nobody", ["loads", 1, "entries", 0, "owner"], {}, NO_ENTRIES],
  ["no list of entries", ["loads", 1, "entries"], "b", NO_ENTRIES],
  ["an entry of what is not there", ["loads", 1, "entries", 0, "name"], "b", "b has another table index"],
  ["a load more", ["loads", 2], { opened: "/lib/c.so" }, "the program does not open /lib/c.so"],
])("a plan that has %s", async (_, path, value, message) => {
  const options = optionsFor();
  const plan = structuredClone(planOf((await preinitialize(component, options)).report));
  put(plan, path, value);
  const error = await refusal(component, { ...options, dlopen: { plan } }, "plan-mismatch");
  expect(error.message).toBe(`the linking plan does not fit: ${message}: let another one be made`);
});

test("a plan that binds an import twice", async () => {
  const options = optionsFor();
  const plan = structuredClone(planOf((await preinitialize(component, options)).report));
  const bindings = plan.loads[1]?.libraries[0]?.bindings as unknown[];
  bindings.push(bindings[0]);
  const { message } = await refusal(component, { ...options, dlopen: { plan } }, "plan-mismatch");
  expect(message).toBe(`the linking plan does not fit: ${UNBOUND}: let another one be made`);
});

const OWNER = { library: 0 };

/** It is no error of the library, which the program would go on after. */
test.each<[string, string, object]>([
  ["a function of nobody", "b", { to: "export", owner: { library: 7 }, name: "b" }],
  ["a function of itself", "b", { to: "export", owner: { library: 1 }, name: "b" }],
  ["a function that is not there", "b", { to: "export", owner: OWNER, name: "constructor" }],
  ["a function of another type", "b", { to: "nothing" }],
  ["the stack pointer", "b", { to: "get stack pointer" }],
  ["what the program does not import", "b", { to: "import", instance: 0 }],
  ["the entry of what is there", "b", { to: "slot", slot: 0 }],
  ["another place for its data", "__memory_base", { to: "address", value: 8 }],
  ["another place for its entries", "__table_base", { to: "address", value: 8 }],
  ["another stack pointer", "__stack_pointer", { to: "address", value: 8 }],
  ["a place that the table has not", "host_double", { to: "address", value: 1e6 }],
])("a plan that binds an import to %s", async (_, name, target) => {
  const files = {
    ...libraries,
    "a.so": (await cLibrary("a.so", `${A} int *of(int *n) { int m[9]; b((int)m); return m; }`)).bytes,
  };
  const options = optionsFor(files);
  const plan = structuredClone(planOf((await preinitialize(component, options)).report));
  const { bindings = [] } = plan.loads[1]?.libraries[0] ?? {};
  put(bindings, [bindings.findIndex((binding) => binding.name === name), "target"], target);
  const error = await refusal(component, { ...options, dlopen: { plan } }, "plan-mismatch");
  expect(error.message).toContain(`: ${name} of a.so is bound to what is not there, or of another type: `);
});

type Plan = ReturnType<typeof planOf>;

function put(object: object, [key = "", ...rest]: readonly (string | number)[], value: unknown): void {
  if (rest.length > 0) put(Reflect.get(object, key), rest, value);
  else Reflect.set(object, key, value);
}
