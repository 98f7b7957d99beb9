import { beforeAll, describe, expect, test } from "vitest";
import { decodeComponent } from "../../src/component/decode.js";
import { importedInterfaces } from "../../src/component/resolve.js";
import { preinitialize } from "../../src/index.js";
import { nest } from "../support/compose.js";
import { ALL_ENGINES } from "../support/differential.js";
import { DL_CALLS, DL_TYPE, dlCaller } from "../support/dl-caller.js";
import { directoryOf, scriptedProgram } from "../support/dlopen.js";
import { cLibrary } from "../support/libraries.js";
import type { Call, Outcome } from "../support/session.js";
import { wat } from "../support/wat.js";

const DL = "component-init:dlopen/dl@0.1.0";

let program: Uint8Array;
let library: Uint8Array;

beforeAll(async () => {
  program = await scriptedProgram();
  library = (await cLibrary("a.so", "int counter; int count(int n) { return n + counter++; }")).bytes;
});

const namesOf = (component: Uint8Array) => importedInterfaces(decodeComponent(component)).map(({ name }) => name);

function run(name: string, ...lines: readonly string[]): { readonly call: Call; readonly text: string } {
  const script = lines.join("\n");
  return { call: { export: name, args: [script] }, text: `${name}(${JSON.stringify(script)})` };
}

async function initialized(component: Uint8Array, initFunc: string, keep = false) {
  const preopens = [{ host: directoryOf({ "a.so": library }), guest: "/lib" }];
  const options = { initFunc, keepInitFunc: true, preopens, verify: true, dlopen: { keep } };
  return preinitialize(component, options);
}

async function expectEverywhere(component: Uint8Array, calls: readonly Call[], expected: readonly Outcome[]) {
  for (const { name, available, session } of ALL_ENGINES) {
    if (available)
      expect({ name, ...(await session(component, { calls })) }).toMatchObject({ name, outcomes: expected });
  }
}

describe("a program inside of another component", () => {
  const init = run("run", "open /lib/a.so 2", "call 0 count 5").text;
  const after = run("run", "call 0 count 5", "open a.so 2", "open b.so 2").call;
  const answer = { ok: "6\n0\nError loading shared library: not open when the component was pre-initialized: b.so\n" };

  test.each([1, 2])("at depth %d", async (depth) => {
    const composed = depth === 1 ? nest(program) : nest(nest(program));
    const { component, report } = await initialized(composed, init);
    expect(report.dlopen).toMatchObject({ open: ["a.so"], failures: [] });
    expect(namesOf(component)).not.toContain(DL);
    await expectEverywhere(component, [after], [answer]);
  });

  test("goes on asking its host, where that is kept", async () => {
    const { component } = await initialized(nest(program), init, true);
    expect(namesOf(component)).toContain(DL);
    const { report } = await initialized(component, run("run", "call 0 count 5", "open /lib/none.so 2").text, true);
    expect(report.dlopen?.failures).toEqual([
      {
        call: "open",
        name: "/lib/none.so",
        error: "Error loading shared library /lib/none.so: No such file or directory",
      },
    ]);
  });

  test("next to another program", async () => {
    const composed = nest(program, ["", "other-"]);
    const { component, report } = await initialized(composed, run("run", "open /lib/a.so 2").text);
    const error = "several programs of the component open libraries, and only one can";
    expect(report.dlopen).toMatchObject({ open: [], failures: [{ name: "/lib/a.so", error }] });
    const closed = "Error loading shared library: not open when the component was pre-initialized: /lib/a.so\n";
    const calls = [run("run", "open /lib/a.so 2").call, run("other-run", "open /lib/a.so 2").call];
    await expectEverywhere(component, calls, [{ ok: closed }, { ok: closed }]);
  });
});

describe("an import of another version", () => {
  test("is the interface's, where it may be", async () => {
    const component = await wat(dlCaller().replaceAll("dl@0.1.0", "dl@0.1.7"));
    const output = (await initialized(component, `${DL_CALLS}.symbol(0, "realloc")`)).component;
    await expectEverywhere(output, [{ export: [DL_CALLS, "symbol"], args: [0, "realloc"] }], [{ ok: 1 }]);
  });

  test.each(["@0.2.0", "@1.0.0", "@0.10.0", ""])("is nobody's: dl%s", async (version) => {
    const component = await wat(dlCaller().replaceAll("dl@0.1.0", `dl${version}`));
    await expect(initialized(component, `${DL_CALLS}.symbol(0, "realloc")`)).rejects.toThrow(
      `the component imports component-init:dlopen/dl${version}, and only version 0.1 of it is known`,
    );
  });
});

describe("what else a component may do with the interface", () => {
  const IMPORT = `${DL_TYPE} (import "${DL}" (instance $dl (type $dl)))`;

  test("a function of its own has its flags", async () => {
    const component = await wat(`(component ${IMPORT}
      (alias export $dl "open-flags" (type $flags))
      (core module $m (func (export "f") (param i32) (result i32) (local.get 0)) (func (export "init")))
      (core instance $m (instantiate $m))
      (func $f (param "flags" $flags) (result u32) (canon lift (core func $m "f")))
      (func $init (canon lift (core func $m "init")))
      (export "f" (func $f)) (export "init" (func $init)))`);
    const { component: output } = await initialized(component, "init");
    const calls = [{ export: "f", args: [{ global: true, noDelete: true }] }];
    await expectEverywhere(output, calls, [{ ok: 6 }]);
  });

  const passing = () =>
    wat(`(component ${IMPORT}
      (core module $m (func (export "init")))
      (core instance $m (instantiate $m))
      (func $init (canon lift (core func $m "init")))
      (export "init" (func $init))
      (export "test:other/dl" (instance $dl)))`);

  test("it hands it on, which is refused unless the host stays", async () => {
    const component = await passing();
    await expect(initialized(component, "init")).rejects.toThrow(
      `the component passes functions of ${DL} on: only core modules that it calls them from can go on without their host`,
    );
    const { component: output } = await initialized(component, "init", true);
    expect(namesOf(output)).toEqual([DL]);
  });

  test.each([
    [
      "of other types",
      '(export "open" (func (param "name" string) (result u32)))',
      `the component imports open of ${DL} as func(name: string) -> u32, which it has as func(name: string, flags: flags`,
    ],
    ["that it has not", '(export "load" (func))', `the component imports load of ${DL} as func(), which it has not`],
  ])("it imports functions %s", async (_, functions, message) => {
    const component = await wat(`(component (import "${DL}" (instance ${functions}))
      (core module $m (func (export "init")))
      (core instance $m (instantiate $m))
      (func (export "init") (canon lift (core func $m "init"))))`);
    await expect(initialized(component, "init")).rejects.toThrow(message);
  });
});
