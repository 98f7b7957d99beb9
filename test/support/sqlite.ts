import { readFile } from "node:fs/promises";
import type { LibraryInput } from "../../src/link/library.js";
import { cLibrary } from "./libraries.js";

export const SQLITE_WORLD = {
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

/** The application: its source, and SQLite's header. */
export async function sqliteApplication(): Promise<{ readonly source: string; readonly header: string }> {
  const source = await readFile(new URL("sqlite/application.c", import.meta.url), "utf8");
  return { source, header: await amalgamation("sqlite3.h") };
}

export async function sqliteLibrary(): Promise<LibraryInput> {
  const files = { "sqlite3.c": await amalgamation("sqlite3.c"), "sqlite3.h": await amalgamation("sqlite3.h") };
  return cLibrary("libsqlite3.so", files, { flags: SQLITE_FLAGS });
}

/** What is asked of the database that init has built, in this order, and the answers. */
export const QUERIES = [
  ["SELECT name FROM city ORDER BY people", "Trondheim\nBergen\nOslo\n"],
  [
    "SELECT name, count(*), twice(min(year)) FROM visit JOIN city ON city.id = visit.city GROUP BY name ORDER BY name",
    "Bergen|1000|3982\nOslo|1000|3980\nTrondheim|1000|3984\n",
  ],
  ["INSERT INTO city (name) VALUES ('Bodø'); SELECT max(id), total(people) FROM city", "4|1190000.0\n"],
  ["SELECT missing", "error: no such column: missing"],
  ["PRAGMA integrity_check", "ok\n"],
] as const;
