import { expect, test } from "vitest";
import { initialize, instrument, preinitialize, prepare, rewrite, takeSnapshot } from "../../src/index.js";
import { directoryOf, dlProgram } from "../support/dlopen.js";
import { jcoSession } from "../support/jco.js";
import { cLibrary } from "../support/libraries.js";

const PROGRAM = `
#include <dlfcn.h>
static int (*add)(int);
__attribute__((export_name("start"))) void start(void) { add = dlsym(dlopen("/lib/a.so", RTLD_NOW), "add"); }
__attribute__((export_name("call"))) int call(int n) { return add(n); }`;
const LIBRARY = "int add(int n) { return n + 1; } void start(void) {}";

test.each([false, true])("the phases alone give what preinitialize gives, with keep: %s", async (keep) => {
  const component = await dlProgram(PROGRAM, "export call: func(n: s32) -> s32;");
  const preopens = [{ host: directoryOf({ "a.so": (await cLibrary("a.so", LIBRARY)).bytes }), guest: "/lib" }];
  const initialized = await initialize(await prepare(instrument(component)), "core:start", { preopens });
  const options = { removeInitFunc: "core:start", keepDlopen: keep };
  const phased = await rewrite(component, takeSnapshot(initialized), options);
  const whole = await preinitialize(component, { initFunc: "core:start", preopens, dlopen: { keep } });
  expect(Buffer.compare(phased, whole.component)).toBe(0);
  if (keep) return;
  const { outcomes } = await jcoSession(phased, { calls: [{ export: "call", args: [41] }] });
  expect(outcomes).toEqual([{ ok: 42 }]);
});
