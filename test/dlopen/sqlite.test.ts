import { beforeAll, describe, expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { compileC, componentize } from "../support/clang.js";
import { ALL_ENGINES } from "../support/differential.js";
import { directoryOf, exportsFor, LIBDL_FILES, PROGRAM_FLAGS } from "../support/dlopen.js";
import { cLibrary, linked, preview1Adapter, systemLibrary } from "../support/libraries.js";
import { comparable } from "../support/session.js";
import { QUERIES, SQLITE_WORLD, sqliteApplication, sqliteLibrary } from "../support/sqlite.js";

/** SQLite's header, by which its functions are looked up in a library that is opened: the application stays as it is. */
const THROUGH_DLSYM = `
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include "upstream.h"

static void *sqlite_symbol(const char *name) {
  static void *library;
  if (library == NULL) library = dlopen("/lib/libsqlite3.so", RTLD_NOW);
  void *symbol = library == NULL ? NULL : dlsym(library, name);
  if (symbol == NULL) { fprintf(stderr, "%s\\n", dlerror()); abort(); }
  return symbol;
}`;

let library: Uint8Array;
let programs: Readonly<Record<string, Uint8Array>>;

beforeAll(async () => {
  library = (await sqliteLibrary()).bytes;
  const { source, header } = await sqliteApplication();
  const used = [...new Set(source.match(/\bsqlite3_(?!os_)\w+(?=\()/g))];
  const defines = used.map((name) => `#define ${name} ((typeof(${name}) *)sqlite_symbol("${name}"))`);
  const files = {
    "application.c": source,
    "sqlite3.h": [THROUGH_DLSYM, ...defines, ""].join("\n"),
    "upstream.h": header,
  };
  const core = await compileC({ ...files, ...LIBDL_FILES }, [...PROGRAM_FLAGS, ...exportsFor(library)]);
  programs = {
    "a program of one core module": await componentize(core, SQLITE_WORLD.wit, SQLITE_WORLD.world),
    "a program of libraries": await linked(
      [await cLibrary("application.so", files, SQLITE_WORLD), await systemLibrary("libc.so")],
      { adapters: { wasi_snapshot_preview1: await preview1Adapter() }, dlopen: "init" },
    ),
  };
}, 900_000);

const calls = QUERIES.map(([sql]) => ({ export: "query", args: [sql] }));
const answers = QUERIES.map(([, answer]) => ({ ok: answer }));

describe.each(["a program of one core module", "a program of libraries"])("SQLite, opened by %s", (kind) => {
  test("answers from the database that init has built", async () => {
    const preopens = [{ host: directoryOf({ "libsqlite3.so": library }), guest: "/lib" }];
    const options = { initFunc: "init", preopens, verify: true };
    const { component: output, report } = await preinitialize(programs[kind] as Uint8Array, options);
    expect(report.dlopen).toMatchObject({ open: ["libsqlite3.so"], failures: [] });
    for (const { available, session } of ALL_ENGINES) {
      if (!available) continue;
      expect(comparable((await session(output, { calls })).outcomes)).toEqual(answers);
    }
  });
});
