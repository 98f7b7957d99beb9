import { describe, expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { ALL_ENGINES } from "../support/differential.js";
import { directoryOf, dlProgram } from "../support/dlopen.js";
import { cLibrary } from "../support/libraries.js";
import { comparable } from "../support/session.js";

const PROGRAM = `
#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT(name) __attribute__((export_name(name)))

typedef int (*callback)(int);
static callback callbacks[10];
static int count;

int shared = 100;
void enlist(callback one) { callbacks[count++] = one; }

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }
static int is_library(const struct dirent *entry) { return strstr(entry->d_name, ".so") != NULL; }

EXPORT("init") int init(void) {
  struct dirent **entries;
  int found = scandir("/plugins", &entries, is_library, by_name);
  for (int i = 0; i < found; i++) {
    char path[64];
    snprintf(path, sizeof path, "/plugins/%s", entries[i]->d_name);
    void *library = dlopen(path, RTLD_NOW);
    void (*setup)(void) = library == NULL ? NULL : dlsym(library, "setup");
    if (setup == NULL) printf("%s\\n", dlerror());
    else setup();
  }
  fflush(stdout);
  return count;
}

EXPORT("call") int call(int which, int value) { return which < count ? callbacks[which](value) : -1; }
EXPORT("get-shared") int get_shared(void) { return shared; }

/* Opens a plug-in (again) and calls what it defines under a name. */
EXPORT("call-in") int call_in(const char *path, size_t path_length, const char *name, size_t name_length, int value) {
  char *text = strndup(path, path_length), *symbol = strndup(name, name_length);
  void *library = dlopen(text, RTLD_NOW);
  callback found = library == NULL ? NULL : dlsym(library, symbol);
  if (found == NULL) printf("%s\\n", dlerror());
  fflush(stdout);
  return found == NULL ? -1 : found(value);
}`;

const WIT = `export init: func() -> s32; export call: func(which: s32, value: s32) -> s32; export get-shared: func() -> s32;
  export call-in: func(path: string, name: string, value: s32) -> s32;`;

const PLUGINS = {
  "counts.so": `
    extern void enlist(int (*)(int));
    extern int shared;
    static int calls;
    static int count(int value) { return value + ++calls; }
    void setup(void) { shared += 1; enlist(count); }`,
  "multiplies.so": `
    extern void enlist(int (*)(int));
    extern int shared;
    int factor = 3;
    int multiply(int value) { return value * factor; }
    int never_looked_up(int value) { return value + shared; }
    __attribute__((constructor)) static void start(void) { factor = 7; }
    void setup(void) { enlist(multiply); }`,
  "through-pointers.so": `
    extern void enlist(int (*)(int));
    static int add(int value) { return value + 1; }
    static int subtract(int value) { return value - 1; }
    static int (*const steps[])(int) = {add, subtract, add};
    static const char *const names[] = {"zero", "one", "two"};
    static int walk(int value) {
      for (unsigned i = 0; i < 3; i++) value = steps[i](value);
      return value * 10 + names[2][2] - 'n';
    }
    void setup(void) { enlist(walk); }`,
};

async function plugins(): Promise<Record<string, Uint8Array | string>> {
  const built = Object.entries(PLUGINS).map(async ([name, source]) => [name, (await cLibrary(name, source)).bytes]);
  return Object.fromEntries(await Promise.all(built));
}

const call = (which: number, value: number) => ({ export: "call", args: [which, value] });
const CALLS = [call(0, 1), call(0, 1), call(1, 5), call(2, 4), call(3, 0), { export: "get-shared" }];
const ANSWERS = [2, 3, 35, 51, -1, 101].map((ok) => ({ ok }));

describe.each(ALL_ENGINES)("plug-ins that a program finds in a directory, in $name", ({ available, session }) => {
  const variants = [{}, { gc: true }, { keepInitFunc: true }];
  test.runIf(available).each(variants)("are part of the output, with %j", async (variant) => {
    const component = await dlProgram(PROGRAM, WIT);
    const preopens = [{ host: directoryOf(await plugins()), guest: "/plugins" }];
    const options = { initFunc: "init", preopens, verify: true, ...variant };
    const { component: output, report } = await preinitialize(component, options);
    expect(report.dlopen).toMatchObject({ open: Object.keys(PLUGINS), failures: [] });
    expect(comparable((await session(output, { calls: CALLS })).outcomes)).toEqual(ANSWERS);
  });

  test.runIf(available)("can be opened and looked up afterwards, others cannot", async () => {
    const component = await dlProgram(PROGRAM, WIT);
    const preopens = [{ host: directoryOf(await plugins()), guest: "/plugins" }];
    const { component: output } = await preinitialize(component, { initFunc: "init", preopens });
    const callIn = (...args: [string, string, number]) => ({ export: "call-in", args });
    const { outcomes, stdout } = await session(output, {
      calls: [
        callIn("/plugins/multiplies.so", "multiply", 6),
        callIn("multiplies.so", "never_looked_up", 1),
        callIn("/plugins/multiplies.so", "absent", 1),
        callIn("/plugins/other.so", "multiply", 1),
      ],
    });
    expect(comparable(outcomes)).toEqual([42, 102, -1, -1].map((ok) => ({ ok })));
    expect(stdout.split("\n")).toEqual([
      "Symbol not found: absent",
      "Error loading shared library: not open when the component was pre-initialized: /plugins/other.so",
      "",
    ]);
  });
});

test("what is no library is told of, and the others are opened", async () => {
  const component = await dlProgram(PROGRAM, WIT);
  const { "counts.so": counts = "", "multiplies.so": multiplies = "" } = await plugins();
  const without = await cLibrary("without.so", "int unrelated(void) { return 1; }");
  const files = {
    "a-text.so": "This is a text.",
    "counts.so": counts,
    "multiplies.so": multiplies,
    "without.so": without.bytes,
  };
  const preopens = [{ host: directoryOf(files), guest: "/plugins" }];
  const { report } = await preinitialize(component, { initFunc: "init", preopens });
  const errors = [
    "Error loading shared library a-text.so: core module wanted, found text at offset 0x0",
    "Symbol not found: setup",
  ];
  expect(report.stdout).toBe(`${errors.join("\n")}\n`);
  expect(report.dlopen?.failures).toEqual([
    { call: "open", name: "/plugins/a-text.so", error: errors[0] },
    { call: "symbol", name: "setup", error: errors[1] },
  ]);
  expect(report.dlopen?.open).toEqual(["counts.so", "multiplies.so", "without.so"]);
});
