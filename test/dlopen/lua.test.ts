import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { enginesWith } from "../support/differential.js";
import { directoryOf } from "../support/dlopen.js";
import { jcoSession } from "../support/jco.js";
import { INIT_SCRIPT, luaProgram, nativeModule, SCRIPTS } from "../support/lua.js";
import { comparable } from "../support/session.js";

let component: Uint8Array;

beforeAll(async () => {
  component = await luaProgram();
}, 300_000);

/** `require "native"` in the script opens `/lua/native.so`. */
test("Lua opens a module in C that a script requires while it initializes", async () => {
  const host = directoryOf({ "init.lua": await readFile(INIT_SCRIPT), "native.so": (await nativeModule()).bytes });
  const options = { initFunc: "init", preopens: [{ host, guest: "/lua" }], verify: true };
  const { component: output, report } = await preinitialize(component, options);
  expect(report.dlopen).toMatchObject({ open: ["native.so"], failures: [] });
  for (const { available, session } of enginesWith("exceptions")) {
    if (!available) continue;
    const calls = SCRIPTS.map(([script]) => ({ export: "eval", args: [script] }));
    expect(comparable((await session(output, { calls })).outcomes)).toEqual(
      SCRIPTS.map(([, answer]) => ({ ok: answer })),
    );
  }
});

describe("a module that is not there", () => {
  test("is an error of the script, with what dlerror says", async () => {
    const script = "package.cpath = '/lua/?.so' return select(2, pcall(require, 'native'))";
    const host = directoryOf({ "init.lua": `result = (function() ${script} end)()`, "native.so": "no library" });
    const { component: output } = await preinitialize(component, {
      initFunc: "init",
      preopens: [{ host, guest: "/lua" }],
    });
    const calls = [{ export: "eval", args: ["return result"] }];
    const { outcomes } = await jcoSession(output, { calls });
    expect((outcomes[0] as { ok: string }).ok).toContain("Error loading shared library native.so: core module wanted");
  });
});
