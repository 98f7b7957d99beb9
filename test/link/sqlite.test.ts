import { beforeAll, describe, expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { ALL_ENGINES } from "../support/differential.js";
import { cLibrary, linked, preview1Adapter, systemLibrary } from "../support/libraries.js";
import { comparable } from "../support/session.js";
import { QUERIES, SQLITE_WORLD, sqliteApplication, sqliteLibrary } from "../support/sqlite.js";

let component: Uint8Array;

beforeAll(async () => {
  const { source, header } = await sqliteApplication();
  component = await linked(
    [
      await cLibrary("application.so", { "application.c": source, "sqlite3.h": header }, SQLITE_WORLD),
      await sqliteLibrary(),
      await systemLibrary("libc.so"),
    ],
    { adapters: { wasi_snapshot_preview1: await preview1Adapter() } },
  );
}, 900_000);

const calls = QUERIES.map(([sql]) => ({ export: "query", args: [sql] }));
const answers = QUERIES.map(([, answer]) => ({ ok: answer }));

describe.each(ALL_ENGINES)("SQLite as a library, in $name", ({ available, session }) => {
  test.runIf(available)("answers after init", async () => {
    const { outcomes } = await session(component, { calls: [{ export: "init" }, ...calls] });
    expect(comparable(outcomes).slice(1)).toEqual(answers);
  });

  test.runIf(available)("answers from the database that init has built", async () => {
    const { component: output } = await preinitialize(component, { initFunc: "init", verify: true });
    const { outcomes } = await session(output, { calls });
    expect(comparable(outcomes)).toEqual(answers);
  });
});
