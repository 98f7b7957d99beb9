import { truncateSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { directoryOf, dlProgram, scriptedProgram } from "../support/dlopen.js";

test("a file that is larger than a library can be is not read", async () => {
  const host = directoryOf({ "a.so": "" });
  truncateSync(join(host, "a.so"), 2 ** 36);
  const options = { initFunc: 'run("open /lib/a.so 2")', preopens: [{ host, guest: "/lib" }] };
  const { report } = await preinitialize(await scriptedProgram(), options);
  const error = "Error loading shared library a.so: its 68719476736 bytes are too many";
  expect(report.dlopen?.failures).toEqual([{ call: "open", name: "/lib/a.so", error }]);
});

test("a name of a library is no longer than a path, for plans repeat it", async () => {
  const source = `
    #include <dlfcn.h>
    #include <string.h>
    static char name[5000];
    __attribute__((export_name("init"))) int init(void) {
      memset(name, 'x', sizeof name - 1);
      return dlopen(name, RTLD_NOW) == 0;
    }`;
  const { report } = await preinitialize(await dlProgram(source, "export init: func() -> s32;"), { initFunc: "init" });
  expect(report.dlopen?.failures[0]?.error).toMatch(/more characters\): File name too long$/);
});

const ASKING = `
#include <dlfcn.h>
#include <string.h>
static char name[100000];
__attribute__((export_name("init"))) void init(void) {
  memset(name, 'x', sizeof name - 1);
  for (int i = 0; i < 1500; i++) dlsym(RTLD_DEFAULT, name);
}`;

test("what a guest asks for in vain is kept within bounds", async () => {
  const { report } = await preinitialize(await dlProgram(ASKING, "export init: func();"), { initFunc: "init" });
  const failures = report.dlopen?.failures ?? [];
  expect(failures).toHaveLength(1000);
  expect(report.dlopen?.failuresOmitted).toBe(500);
  expect(Math.max(...failures.flatMap(({ name, error }) => [name.length, error.length]))).toBeLessThan(1040);
});
