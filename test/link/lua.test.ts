import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { enginesWith } from "../support/differential.js";
import { linked, preview1Adapter } from "../support/libraries.js";
import { INIT_SCRIPT, luaLibraries, SCRIPTS } from "../support/lua.js";
import { comparable } from "../support/session.js";

let component: Uint8Array;
const host = mkdtempSync(join(tmpdir(), "component-init-lua-"));
const preopens = [{ host, guest: "/lua" }];

beforeAll(async () => {
  const libraries = await luaLibraries();
  copyFileSync(INIT_SCRIPT, join(host, "init.lua"));
  // `require` looks for a file before it opens the library of that name.
  for (const { name, bytes } of libraries) if (name === "native.so") writeFileSync(join(host, name), bytes);
  component = await linked(libraries, { adapters: { wasi_snapshot_preview1: await preview1Adapter() } });
}, 300_000);

afterAll(() => rmSync(host, { recursive: true }));

const calls = SCRIPTS.map(([script]) => ({ export: "eval", args: [script] }));
const answers = SCRIPTS.map(([, answer]) => ({ ok: answer }));

describe.each(enginesWith("exceptions"))("Lua as a library, in $name", ({ available, session }) => {
  test.runIf(available)("requires a module in C", async () => {
    const { outcomes } = await session(component, { wasi: { preopens }, calls: [{ export: "init" }, ...calls] });
    expect(comparable(outcomes)).toEqual([{ ok: null }, ...answers]);
  });

  test.runIf(available)("goes on with the module that init required, and throws errors", async () => {
    const { component: output } = await preinitialize(component, { initFunc: "init", preopens, verify: true });
    const { outcomes } = await session(output, { calls });
    expect(comparable(outcomes)).toEqual(answers);
  });
});
