import { describe, expect, test } from "vitest";
import { type HandlePolicy, type HeldHandle, type PreinitializeOptions, preinitialize } from "../../src/index.js";
import { nest } from "../support/compose.js";
import { enginesWith } from "../support/differential.js";
import { fixturePreopen, loadFixture } from "../support/fixtures.js";
import { refusal } from "../support/refusal.js";
import { comparable } from "../support/session.js";
import { wat } from "../support/wat.js";

const OPEN_AT = "wasi:filesystem/types#[method]descriptor.open-at";
const FILE: HeldHandle = {
  of: "host",
  type: "descriptor",
  detail: "/data/name.txt",
  createdBy: OPEN_AT,
  fd: 4,
  owner: "out.wasm",
};
const DIRECTORY: HeldHandle = { ...FILE, detail: "/data" };
const IN_DATA = { preopens: [fixturePreopen("c-libc", "/data")] };

const run = async (fixture: string, options: PreinitializeOptions) =>
  preinitialize(await loadFixture(fixture), options);

async function heldBy(component: Uint8Array, initFunc: string, options: PreinitializeOptions = {}) {
  const { report } = await preinitialize(component, { initFunc, handles: "allow", ...options });
  expect(report.warnings).toEqual([]);
  return report.handles;
}

describe("what a preview 1 program leaves open", () => {
  test.each<[string, readonly HeldHandle[]]>([
    // The adapter reads through a stream of its own, which is no second file.
    ["open-file", [FILE]],
    ["open-directory", [DIRECTORY]],
    // What had the number before is closed by that.
    ["open-moved", [{ ...FILE, fd: 5 }]],
    ["open-two", [FILE, { ...DIRECTORY, fd: 5 }]],
  ])("%s", async (initFunc, held) => {
    const component = await loadFixture("c-libc");
    expect(await heldBy(component, initFunc, IN_DATA)).toEqual(held);
    expect(await heldBy(nest(component), initFunc, IN_DATA), "nested").toEqual(held);
    const { details } = await refusal(component, { initFunc, ...IN_DATA }, "live-handles");
    const files = held.map(
      ({ detail, fd }) => `  descriptor made by ${OPEN_AT}, held by out.wasm as file descriptor ${fd}: ${detail}`,
    );
    expect(details.slice(0, held.length + 1)).toEqual([...files, "wasm stack:"]);
    expect(details.join("\n")).toContain(initFunc.replace("-", "_"));
  });

  test("is nothing where all is closed, by fclose, closedir, close and dup2", async () => {
    const { report } = await run("c-libc", { initFunc: "reuse", ...IN_DATA });
    expect(report.handles).toEqual([]);
    expect(report.warnings).toEqual([]);
  });
});

describe("the option", () => {
  const options = { initFunc: "open-two", ...IN_DATA };
  const what = `initialization ended with 2 resources held, the first a descriptor (/data/name.txt) made by ${OPEN_AT}`;

  test.each<HandlePolicy | undefined>([undefined, "error"])("%s refuses", async (handles) => {
    const error = await refusal(
      await loadFixture("c-libc"),
      { ...options, ...(handles && { handles }) },
      "live-handles",
    );
    expect(error.message).toBe(
      `${what}: close it before initialization ends, or take the snapshot all the same with --handles warn`,
    );
  });

  test("warn warns", async () => {
    const { report } = await run("c-libc", { ...options, handles: "warn" });
    expect(report.handles).toEqual([FILE, { ...DIRECTORY, fd: 5 }]);
    expect(report.warnings).toEqual([`${what}: in the output a use of one fails, or reaches what got the same number`]);
  });

  test("warn says nothing of a component that holds nothing", async () => {
    const { report } = await run("c-libc", { initFunc: "look", handles: "warn", ...IN_DATA });
    expect(report).toMatchObject({ handles: [], warnings: [] });
  });
});

describe.each(enginesWith("directories"))("a later use, in $name", ({ available, session }) => {
  test.runIf(available)("of a file gives what was buffered, and then fails", async () => {
    const { component } = await run("c-libc", { initFunc: "open-file", handles: "allow", ...IN_DATA });
    const calls = [{ export: "still-open" }, { export: "still-open" }, { export: "read", args: ["/data/name.txt"] }];
    const { outcomes } = await session(component, { calls, wasi: IN_DATA });
    expect(outcomes).toEqual([{ ok: "ata one" }, { ok: "Bad file descriptor" }, { ok: "data one" }]);
  });

  test.runIf(available)("of a file reaches what got its number", async () => {
    const { component } = await run("c-libc", { initFunc: "open-file", handles: "allow", ...IN_DATA });
    const calls = [{ export: "open-another" }, { export: "still-open" }, { export: "still-open" }];
    const { outcomes } = await session(component, { calls, wasi: IN_DATA });
    expect(outcomes.slice(1)).toEqual([{ ok: "ata one" }, { ok: "data one" }]);
  });

  test.runIf(available)("of the component's own resource traps", async () => {
    const { component } = await run("resource-held", { initFunc: "hold", handles: "allow" });
    const { outcomes } = await session(component, { calls: [{ export: "held" }] });
    expect(comparable(outcomes)).toEqual([{ trap: true }]);
  });

  test.runIf(available)("of other resources works", async () => {
    const { component } = await run("composition-resource", { initFunc: "hold", handles: "allow" });
    const { outcomes } = await session(component, { calls: [{ export: "use", args: [1] }, { export: "made" }] });
    expect(outcomes).toEqual([{ ok: null }, { ok: 3 }]);
  });
});

describe("resources that are not the host's", () => {
  test("the component's own", async () => {
    const component = await loadFixture("resource-held");
    expect(await heldBy(component, "hold")).toEqual([{ of: "component", createdBy: "new", owner: "m" }]);
    const { details } = await refusal(component, { initFunc: "hold" }, "live-handles");
    expect(details[0]).toBe("  resource of the component made by new, held by m");
  });

  test("one component's that another holds: the call that made it is known", async () => {
    const component = await loadFixture("composition-resource");
    expect(await heldBy(component, "hold")).toEqual([{ of: "component", createdBy: "new", owner: "m" }]);
  });

  test("those of imports", async () => {
    class Thing {}
    const imports = { "local:x/res": { Thing } };
    const component = await wat(`(component
      (import "local:x/res" (instance $res
        (export "thing" (type $thing (sub resource)))
        (export "[constructor]thing" (func (result (own $thing))))))
      (alias export $res "thing" (type $thing))
      (core func $new (canon lower (func $res "[constructor]thing")))
      (core func $drop (canon resource.drop $thing))
      (core module $m (import "local:x/res" "new" (func $new (result i32))) (import "" "drop" (func $drop (param i32)))
        (func (export "init") (drop (call $new)) (call $drop (call $new)) (drop (call $new))))
      (core instance $i (instantiate $m
        (with "local:x/res" (instance (export "new" (func $new)))) (with "" (instance (export "drop" (func $drop))))))
      (func (export "init") (canon lift (core func $i "init"))))`);
    const thing = { of: "import", type: "Thing", createdBy: "local:x/res#new", owner: "m" };
    expect(await heldBy(component, "init", { imports })).toEqual([thing, thing]);
    const error = await refusal(component, { initFunc: "init", imports }, "live-handles");
    expect(error.message).toContain("2 resources held, the first a Thing made by local:x/res#new");
  });

  test("the component's own after one of an import, made through a number as wit-component's modules do", async () => {
    class Thing {}
    const component = await wat(`(component
      (import "local:x/res" (instance $res
        (export "thing" (type $thing (sub resource)))
        (export "[constructor]thing" (func (result (own $thing))))))
      (alias export $res "thing" (type $thing))
      (type $own (resource (rep i32)))
      (core func $new (canon lower (func $res "[constructor]thing")))
      (core func $drop (canon resource.drop $thing))
      (core func $own (canon resource.new $own))
      (core module $m
        (import "" "new" (func $new (result i32))) (import "" "drop" (func $drop (param i32)))
        (import "" "0" (func $own (param i32) (result i32)))
        (func (export "init") (call $drop (call $new)) (drop (call $own (i32.const 1)))))
      (core instance $i (instantiate $m (with "" (instance
        (export "new" (func $new)) (export "drop" (func $drop)) (export "0" (func $own))))))
      (func (export "init") (canon lift (core func $i "init"))))`);
    const held = await heldBy(component, "init", { imports: { "local:x/res": { Thing } } });
    expect(held).toEqual([{ of: "component", owner: "m" }]);
  });

  const passed = (body: string) => `(component
    (import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type (sub resource)))))
    (alias export $poll "pollable" (type $pollable))
    (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
      (alias outer 1 $pollable (type $p')) (export "pollable" (type $p (eq $p')))
      (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
    (component $taker
      (import "pollable" (type $p (sub resource)))
      (core func $drop (canon resource.drop $p))
      (core module $m (import "" "drop" (func $drop (param i32))) (func (export "take") (param i32) ${body}))
      (core instance $i (instantiate $m (with "" (instance (export "drop" (func $drop))))))
      (func (export "take") (param "p" (own $p)) (canon lift (core func $i "take"))))
    (instance $taker (instantiate $taker (with "pollable" (type $pollable))))
    (component $giver
      (import "pollable" (type $p (sub resource)))
      (import "new" (func $new (param "when" u64) (result (own $p))))
      (import "take" (func $take (param "p" (own $p))))
      (core func $new (canon lower (func $new)))
      (core func $take (canon lower (func $take)))
      (core module $m (import "" "new" (func $new (param i64) (result i32))) (import "" "take" (func $take (param i32)))
        (func (export "init") (call $take (call $new (i64.const 1)))))
      (core instance $i (instantiate $m
        (with "" (instance (export "new" (func $new)) (export "take" (func $take))))))
      (func (export "init") (canon lift (core func $i "init"))))
    (instance $giver (instantiate $giver (with "pollable" (type $pollable))
      (with "new" (func $clock "subscribe-duration")) (with "take" (func $taker "take"))))
    (export "init" (func $giver "init")))`;

  test("the host's that one component gave another count once", async () => {
    expect(await heldBy(await wat(passed("")), "init")).toMatchObject([{ of: "host", type: "pollable" }]);
    expect(await heldBy(await wat(passed("(call $drop (local.get 0))")), "init")).toEqual([]);
  });
});
