import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { ENGINES } from "../support/differential.js";
import { cLibrary, linked, preview1Adapter, systemLibrary } from "../support/libraries.js";
import { comparable } from "../support/session.js";

const WORLD = {
  wit: "package test:sqlite; world w { export init: func(); export query: func(sql: string) -> string; }",
  world: "w",
};

/** Without files and threads; not optimized, which takes the compiler half the time. */
const SQLITE_FLAGS = [
  "-O0",
  "-DSQLITE_OS_OTHER=1",
  "-DSQLITE_THREADSAFE=0",
  "-DSQLITE_OMIT_LOAD_EXTENSION",
  "-DSQLITE_OMIT_WAL",
  "-DSQLITE_TEMP_STORE=3",
];

const amalgamation = (name: string) =>
  readFile(new URL(`../../node_modules/cordova-sqlite-storage-dependencies/${name}`, import.meta.url), "utf8");

let component: Uint8Array;

beforeAll(async () => {
  const [source, header] = await Promise.all([amalgamation("sqlite3.c"), amalgamation("sqlite3.h")]);
  const application = await readFile(new URL("sqlite/application.c", import.meta.url), "utf8");
  component = await linked(
    [
      await cLibrary("application.so", { "application.c": application, "sqlite3.h": header }, WORLD),
      await cLibrary("libsqlite3.so", { "sqlite3.c": source, "sqlite3.h": header }, { flags: SQLITE_FLAGS }),
      await systemLibrary("libc.so"),
    ],
    { adapters: { wasi_snapshot_preview1: await preview1Adapter() } },
  );
}, 900_000);

const QUERIES = [
  ["SELECT name FROM city ORDER BY people", "Trondheim\nBergen\nOslo\n"],
  [
    "SELECT name, count(*), twice(min(year)) FROM visit JOIN city ON city.id = visit.city GROUP BY name ORDER BY name",
    "Bergen|1000|3982\nOslo|1000|3980\nTrondheim|1000|3984\n",
  ],
  ["INSERT INTO city (name) VALUES ('Bodø'); SELECT max(id), total(people) FROM city", "4|1190000.0\n"],
  ["SELECT missing", "error: no such column: missing"],
  ["PRAGMA integrity_check", "ok\n"],
] as const;

const calls = QUERIES.map(([sql]) => ({ export: "query", args: [sql] }));
const answers = QUERIES.map(([, answer]) => ({ ok: answer }));

describe.each(ENGINES)("SQLite as a library, in $name", ({ available, session }) => {
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
