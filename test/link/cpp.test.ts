import { beforeAll, describe, expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { cppLibrary, cppWorld } from "../support/cpp.js";
import { enginesWith } from "../support/differential.js";
import { linked, preview1Adapter, systemLibrary } from "../support/libraries.js";
import { comparable } from "../support/session.js";

let component: Uint8Array;

beforeAll(async () => {
  component = await linked(
    [
      await cppLibrary("application.so", "application.cc", cppWorld()),
      await cppLibrary("libthrower.so", "thrower.cc"),
      await cppLibrary("libcxxrt.so", "runtime.cc"),
      await systemLibrary("libc.so"),
    ],
    { adapters: { wasi_snapshot_preview1: await preview1Adapter() } },
  );
});

const run = (how: number) => ({ export: "run", args: [how] });

describe.each(enginesWith("exceptions"))("C++ over several libraries, in $name", ({ available, session }) => {
  test.runIf(available)("throws in one and catches in another", async () => {
    const calls = [run(0), run(1), run(2), run(3), { export: "destroyed" }, { export: "constructed" }];
    const { outcomes } = await session(component, { calls });
    // The application's constructors ran before the library's, as they are given in this order.
    expect(comparable(outcomes)).toEqual([0, 5, 600, 47, 2, 11].map((ok) => ({ ok })));
  });

  test.runIf(available)("goes on when it is pre-initialized", async () => {
    const { component: output } = await preinitialize(component, { initFunc: "init", verify: true });
    const calls = [{ export: "kept" }, { export: "destroyed" }, run(2), { export: "constructed" }];
    const { outcomes } = await session(output, { calls });
    expect(comparable(outcomes)).toEqual([647, 2, 602, 11].map((ok) => ({ ok })));
  });
});
