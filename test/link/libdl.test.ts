import { beforeAll, describe, expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import type { LibraryInput } from "../../src/link/library.js";
import { ALL_ENGINES } from "../support/differential.js";
import { cLibrary, linked, preview1Adapter, systemLibrary, watLibrary } from "../support/libraries.js";
import { comparable } from "../support/session.js";

const PROGRAM = `
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of libshadow.so, which defines this as well. */
extern int use_shadow(void);
int shadowed(void) { return 1; }

static char answer[200];

#define EXPORT(name) __attribute__((export_name(name)))

static const char *last_error(void) {
  const char *error = dlerror();
  return error == NULL ? "no error" : error;
}

/* For WIT: a pointer and a length. */
static const void *result(const char *text) {
  static const void *area[2];
  snprintf(answer, sizeof answer, "%s", text);
  area[0] = answer;
  area[1] = (void *)strlen(answer);
  return area;
}

/* What bindings have, for strings. */
void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) { return realloc(old, size); }

static int (*kept)(int);

EXPORT("init") void init(void) {
  void *handle = dlopen("libplugin.so", RTLD_NOW);
  if (handle != NULL && use_shadow() == 0) kept = (int (*)(int))dlsym(handle, "work");
}

EXPORT("kept") int call_kept(int value) { return kept == NULL ? -1 : kept(value); }

EXPORT("call") int call(char *file, size_t length, int value) {
  char name[100];
  snprintf(name, sizeof name, "%.*s", (int)length, file);
  void *handle = dlopen(name, RTLD_LAZY);
  if (handle == NULL) return -1;
  int (*work)(int) = (int (*)(int))dlsym(handle, "work");
  int *data = dlsym(handle, "plugin_data");
  if (work == NULL || data == NULL) return -2;
  *data += 1;
  int sum = work(value) + *data;
  return dlclose(handle) == 0 ? sum : -3;
}

static void *handle(const char *file, int mode) { return dlopen(file, mode); }

EXPORT("ask") const void *ask(int question) {
  dlerror();
  switch (question) {
    case 0: return result(dlopen("libnone.so", RTLD_NOW) == NULL ? last_error() : "opened");
    case 1: return result(dlsym(handle("libplugin.so", RTLD_NOW), "nothing") == NULL ? last_error() : "found");
    case 2: return result(dlopen("libplugin.so", 0) == NULL ? last_error() : "opened");
    case 3: return result(dlclose((void *)4) != 0 ? last_error() : "closed");
    case 4: last_error(); return result(last_error());
    case 5: return result(handle("libplugin.so", RTLD_NOW) == handle("libplugin.so", RTLD_LAZY) ? "same" : "other");
    /* Not visible to all before it is opened for all. */
    case 6: return result(dlsym(RTLD_DEFAULT, "work") == NULL ? last_error() : "found");
    case 7:
      handle("libplugin.so", RTLD_NOW | RTLD_GLOBAL);
      return result(dlsym(RTLD_DEFAULT, "work") == NULL ? last_error() : "found");
    case 8: return result(dlsym(RTLD_DEFAULT, "strlen") == (void *)strlen ? "the same strlen" : "another strlen");
    case 9: return result(dlsym(handle(NULL, RTLD_NOW), "shadowed") == (void *)shadowed ? "ours" : "another");
    case 10: {
      int (*next)(void) = (int (*)(void))dlsym(RTLD_NEXT, "shadowed");
      return result(next != NULL && next() == 2 ? "the next one" : "not the next one");
    }
    case 11: return result(dlopen("libother.so", RTLD_NOW | RTLD_NOLOAD) == NULL ? last_error() : "opened");
    case 12: {
      void *other = handle("libother.so", RTLD_NOW);
      dlclose(other);
      return result(dlsym(other, "other") == NULL ? last_error() : "found");
    }
    case 13: return result(handle("libc.so", RTLD_NOW | RTLD_NOLOAD) != NULL ? "loaded" : last_error());
    /* In libneeded.so, which libneeder.so needs. */
    case 14: return result(dlsym(handle("libneeder.so", RTLD_NOW), "of_needed") == NULL ? last_error() : "found");
    case 15: return result(dlsym(RTLD_DEFAULT, "of_needed") == NULL ? last_error() : "found");
    case 16:
      handle("libneeder.so", RTLD_NOW | RTLD_GLOBAL);
      return result(dlsym(RTLD_DEFAULT, "of_needed") == NULL ? last_error() : "found");
    default: return result("?");
  }
}`;

const WORLD = {
  wit: `package test:dl; world w {
    export init: func(); export kept: func(v: s32) -> s32;
    export call: func(file: string, v: s32) -> s32; export ask: func(question: s32) -> string;
  }`,
  world: "w",
};

const PLUGIN = `
int plugin_data = 10;
extern int shadowed(void);
int work(int value) { return value * 2 + shadowed(); }`;

/** Defines what the program does, too. */
const OTHER = "int shadowed(void) { return 2; } int other(void) { return 3; }";

let component: Uint8Array;
let libraries: LibraryInput[];

beforeAll(async () => {
  const openable = async (name: string, source: string) => ({ ...(await cLibrary(name, source)), dlOpenable: true });
  const openableInWat = async (name: string, dylink: string, fields: string) => ({
    ...(await watLibrary(name, `(module (@dylink.0 ${dylink}) ${fields})`)),
    dlOpenable: true,
  });
  libraries = [
    await cLibrary("program.so", PROGRAM, WORLD),
    await cLibrary("libshadow.so", "int shadowed(void) { return 2; } int use_shadow(void) { return 0; }"),
    await systemLibrary("libc.so"),
    await openable("libplugin.so", PLUGIN),
    await openable("/plugins/libdeep.so", PLUGIN),
    await openable("libother.so", OTHER),
    await openableInWat("libneeder.so", '(needed "libneeded.so")', ""),
    await openableInWat("libneeded.so", "", '(func (export "of_needed"))'),
  ];
  component = await linked(libraries, { adapters: { wasi_snapshot_preview1: await preview1Adapter() } });
});

const ask = (question: number) => ({ export: "ask", args: [question] });
const call = (file: string) => ({ export: "call", args: [file, 5] });

const CALLS = [
  // 5 * 2 + 1, and plugin_data, which each call counts up.
  [call("libplugin.so"), 22],
  [call("libplugin.so"), 23],
  // Another library with data of its own.
  [call("/plugins/libdeep.so"), 22],
  [call("libdeep.so"), 23],
  [call("./libdeep.so"), -1],
  [call("/somewhere/libplugin.so"), 24],
  [call("libnone.so"), -1],
  [ask(0), "Error loading shared library: not among those that were linked: libnone.so"],
  [ask(1), "Symbol not found: nothing"],
  [ask(2), "Invalid mode for dlopen"],
  [ask(3), "Invalid library handle"],
  [ask(4), "no error"],
  [ask(5), "same"],
  [ask(6), "Symbol not found: work"],
  [ask(7), "found"],
  [ask(8), "the same strlen"],
  [ask(9), "ours"],
  [ask(10), "the next one"],
  [ask(11), "Library is not already loaded: libother.so"],
  [ask(12), "Invalid library handle"],
  [ask(13), "loaded"],
  [ask(14), "found"],
  [ask(15), "Symbol not found: of_needed"],
  [ask(16), "found"],
] as const;

describe.each(ALL_ENGINES)("a program that opens libraries, in $name", ({ available, session }) => {
  test.runIf(available)("as it is linked", async () => {
    const { outcomes } = await session(component, { calls: CALLS.map(([one]) => one) });
    expect(comparable(outcomes)).toEqual(CALLS.map(([, value]) => ({ ok: value })));
  });

  test.runIf(available)("pre-initialized, with what it has opened", async () => {
    const { component: output, report } = await preinitialize(component, { initFunc: "init", verify: true });
    expect(report.warnings).toEqual([]);
    const calls = [{ export: "kept", args: [5] }, ...CALLS.slice(0, 4).map(([one]) => one)];
    const { outcomes } = await session(output, { calls });
    expect(comparable(outcomes)).toEqual([11, 22, 23, 22, 23].map((value) => ({ ok: value })));
  });
});
