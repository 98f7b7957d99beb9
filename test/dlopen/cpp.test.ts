import { beforeAll, describe, expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { cppLibrary, cppWorld } from "../support/cpp.js";
import { enginesWith } from "../support/differential.js";
import { directoryOf } from "../support/dlopen.js";
import { linked, preview1Adapter, systemLibrary } from "../support/libraries.js";
import { comparable } from "../support/session.js";

let component: Uint8Array;

beforeAll(async () => {
  component = await linked(
    [
      await cppLibrary("application.so", "opener.cc", cppWorld("export caught: func(how: s32) -> s32;")),
      await cppLibrary("libcxxrt.so", "runtime.cc"),
      await systemLibrary("libc.so"),
    ],
    { adapters: { wasi_snapshot_preview1: await preview1Adapter() }, dlopen: "init" },
  );
});

async function output(): Promise<Uint8Array> {
  const opened = [await cppLibrary("libthrower.so", "thrower.cc"), await cppLibrary("libcatcher.so", "catcher.cc")];
  const host = directoryOf(Object.fromEntries(opened.map(({ name, bytes }) => [name, bytes])));
  const options = { initFunc: "init", preopens: [{ host, guest: "/lib" }], verify: true };
  const { component: result, report } = await preinitialize(component, options);
  expect(report.dlopen).toMatchObject({ open: ["libthrower.so", "libcatcher.so"], failures: [] });
  return result;
}

describe.each(enginesWith("exceptions"))("C++ libraries that are opened, in $name", ({ available, session }) => {
  test.runIf(available)("throw to the program, and catch what it throws", async () => {
    const run = (how: number) => ({ export: "run", args: [how] });
    const caught = (how: number) => ({ export: "caught", args: [how] });
    const asked = [{ export: "kept" }, { export: "destroyed" }, run(0), run(1), run(2), run(3), caught(1), caught(8)];
    const { outcomes } = await session(await output(), { calls: [...asked, { export: "constructed" }] });
    expect(comparable(outcomes)).toEqual([647, 2, 0, 5, 602, 47, 2003, 1008, 11].map((ok) => ({ ok })));
  });
});
