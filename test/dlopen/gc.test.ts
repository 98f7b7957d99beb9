import { describe, expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { ALL_ENGINES } from "../support/differential.js";
import { directoryOf, scriptedLibrary, scriptedProgram } from "../support/dlopen.js";
import { cLibrary, linked, preview1Adapter, systemLibrary } from "../support/libraries.js";

const ADDS =
  "int ready; int add(int n) { return n + ready; } __attribute__((constructor)) static void start(void) { ready = 2; }";

const PROGRAMS = {
  "of one core module": scriptedProgram,
  "of libraries": async () =>
    linked([await scriptedLibrary(), await systemLibrary("libc.so")], {
      dlopen: "init",
      adapters: { wasi_snapshot_preview1: await preview1Adapter() },
    }),
};

describe.each(Object.entries(PROGRAMS))("a program %s, without what nothing reaches", (_, program) => {
  test("has what it opened", async () => {
    const component = await program();
    const preopens = [{ host: directoryOf({ "adds.so": (await cLibrary("adds.so", ADDS)).bytes }), guest: "/lib" }];
    const initFunc = 'run("open /lib/adds.so 2")';
    const options = { initFunc, keepInitFunc: true, preopens, gc: true, verify: true };
    const { component: output } = await preinitialize(component, options);
    for (const { available, session } of ALL_ENGINES) {
      if (!available) continue;
      const { outcomes } = await session(output, { calls: [{ export: "run", args: ["call 0 add 40"] }] });
      expect(outcomes).toEqual([{ ok: "42\n" }]);
    }
  });
});
