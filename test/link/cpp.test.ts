import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { ENGINES } from "../support/differential.js";
import { cLibrary, linked, preview1Adapter, systemLibrary } from "../support/libraries.js";
import { comparable } from "../support/session.js";

const FLAGS = ["-nostdlib++", "-fwasm-exceptions", "-mllvm", "-wasm-use-legacy-eh=false", "-fexceptions"];
const WORLD = {
  wit: `package test:cpp; world w {
    export init: func(); export run: func(how: s32) -> s32; export kept: func() -> s32;
    export destroyed: func() -> s32; export constructed: func() -> s32;
  }`,
  world: "w",
};

const source = (name: string) => readFile(new URL(`cpp/${name}`, import.meta.url), "utf8");
let component: Uint8Array;

beforeAll(async () => {
  const header = { "error.h": await source("error.h") };
  const library = async (name: string, file: string, world = {}) =>
    cLibrary(name, { [file]: await source(file), ...header }, { flags: FLAGS, ...world });
  component = await linked(
    [
      await library("application.so", "application.cc", WORLD),
      await library("libthrower.so", "thrower.cc"),
      await library("libcxxrt.so", "runtime.cc"),
      await systemLibrary("libc.so"),
    ],
    { adapters: { wasi_snapshot_preview1: await preview1Adapter() } },
  );
});

const run = (how: number) => ({ export: "run", args: [how] });

describe.each(ENGINES)("C++ over several libraries, in $name", ({ available, session }) => {
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
