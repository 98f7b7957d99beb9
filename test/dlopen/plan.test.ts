import { beforeAll, expect, test } from "vitest";
import { instrument, type PreinitializeOptions, preinitialize, type Report } from "../../src/index.js";
import { directoryOf, scriptedProgram } from "../support/dlopen.js";
import { jcoSession } from "../support/jco.js";
import { cLibrary } from "../support/libraries.js";
import { refusal } from "../support/refusal.js";

const A =
  "extern int b(int); extern int host_double(int); int (*twice)(int) = host_double; int a(int n) { return b(n) + twice(n); }";
const B = "int b(int n) { return n + 1; }";
const INIT = 'run("open /lib/b.so 258\\nopen /lib/a.so 2\\ncall 1 a 5")';

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
